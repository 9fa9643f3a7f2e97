"""The revision of each reader: rules and weights together, so that answers of older ones are told apart.

Light on purpose: window and command line name the reader of a run before any reader is loaded.
"""

from __future__ import annotations

import json
from functools import cache

from engine.errors import UsageError
from engine.resources import resource_path

EMBEDDED_RULES = "2"
"""Raised when the embedded reader's rules change."""

EMBEDDED_WEIGHTS = "embedded_ranker.json"


@cache
def reader_revision(reader: str) -> str:
    """The revision of a reader by name. Raises UsageError for an unknown one."""
    if reader != "embedded":
        raise UsageError(f"There is no reader named '{reader}'.", "The reader in this version is 'embedded'.")
    weights = json.loads(resource_path("models", EMBEDDED_WEIGHTS).read_text(encoding="utf-8"))
    return f"{EMBEDDED_RULES}+{weights['revision']}"
