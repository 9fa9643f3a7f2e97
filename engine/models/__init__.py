"""Models on this machine: the catalogue of published ones, what is installed, and how one gets here."""

from __future__ import annotations

from engine.models.installed import find
from engine.models.types import ModelFolder

__all__ = ["ModelFolder", "find"]
