"""Where int8 weights of models are kept, so that a model is quantized once. Imports nothing heavy."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from engine.models.installed import folder_bytes
from engine.paths import cache_dir


def int8_folder(model: str, revision: str) -> Path:
    """The folder of one model's int8 weights; it need not exist."""
    named = hashlib.sha256(f"{model}\0{revision}".encode("utf-8", "surrogateescape")).hexdigest()
    return _all() / named[:32]


def size() -> int:
    """Bytes of all int8 weights kept."""
    return folder_bytes(_all())


def clear() -> int:
    """Remove them; how many bytes that freed."""
    freed = size()
    shutil.rmtree(_all(), ignore_errors=True)
    return freed - size()


def _all() -> Path:
    return cache_dir() / "int8"
