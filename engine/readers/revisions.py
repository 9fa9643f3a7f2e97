"""The revision of each reader: rules and weights together, so that answers of older ones are told apart.

Light on purpose: window and command line name the reader of a run before any reader is loaded.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache

from engine.models.types import ModelFolder
from engine.readers.names import is_cascade, model_behind
from engine.resources import resource_path

EMBEDDED_RULES = "7"
"""Raised when the embedded reader's rules change."""

EMBEDDED_WEIGHTS = "embedded_ranker.json"


def reader_revision(reader: str) -> str:
    """The revision of a reader by name; a cascade's is that of both its readers.

    Raises what `model_behind` does for a model that cannot be had.
    """
    model = model_behind(reader)
    if model is None:
        return embedded_revision()
    if is_cascade(reader):
        return f"{embedded_revision()},{model_revision(model)}"
    return model_revision(model)


@cache
def embedded_revision() -> str:
    """Rules and weights of the embedded reader."""
    weights = json.loads(resource_path("models", EMBEDDED_WEIGHTS).read_text(encoding="utf-8"))
    return f"{EMBEDDED_RULES}+{weights['revision']}"


def model_revision(model: ModelFolder) -> str:
    """The commit of a model of the hub. A folder of the user's own has none: its files' names, sizes and times of
    change stand for it, hashed, and its configuration's bytes, so that a model trained on is told from the one before.
    """
    if model.revision is not None:
        return model.revision
    digest = hashlib.sha256()
    for path in sorted(path for path in model.path.iterdir() if path.is_file()):
        stat = path.stat()
        digest.update(f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        if path.suffix == ".json":
            digest.update(path.read_bytes())
    return f"folder-{digest.hexdigest()[:16]}"
