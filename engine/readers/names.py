"""Readers by name: `embedded`, `cascade`, `cascade:MODEL`, `tessera-nano`, or a model by hub id or folder.

Light on purpose: window and command line name readers before any is loaded.
"""

from __future__ import annotations

from difflib import get_close_matches

from engine.errors import FileMissingError, ModelMissingError, UsageError
from engine.models.installed import find, installed
from engine.models.shipped import NANO
from engine.models.types import ModelFolder

EMBEDDED_NAME = "embedded"
CASCADE_NAME = "cascade"


def is_cascade(reader: str) -> bool:
    return reader == CASCADE_NAME or reader.startswith(f"{CASCADE_NAME}:")


def model_behind(reader: str) -> ModelFolder | None:
    """The model that a reader runs; None for the embedded one. A cascade without a model named runs the first that
    is installed.

    Raises ModelMissingError, which offers the download, UsageError for a name with a typo, FileMissingError for a
    folder that there is not, and CheckpointError for an installed model that lost files.
    """
    if reader == EMBEDDED_NAME:
        return None
    if not is_cascade(reader):
        return _found(reader)
    named = reader.partition(":")[2]
    if named:
        return _found(named)
    usable = _usable()
    if not usable:
        raise ModelMissingError(
            "A cascade needs a model, and none is installed.",
            "See `tessera models list`, or ask the embedded reader with --reader embedded.",
        )
    return usable[0]


def default_reader() -> str:
    """The cascade once a model is installed, else the embedded reader."""
    return CASCADE_NAME if _usable() else EMBEDDED_NAME


def _found(name: str) -> ModelFolder:
    """As `find`; a single word that is no folder is taken for a reader's name with a typo."""
    try:
        return find(name)
    except FileMissingError as error:
        meant = get_close_matches(name, (EMBEDDED_NAME, CASCADE_NAME, NANO), n=1)
        if not name.isidentifier() and not meant:
            raise
        known = f"Readers are {EMBEDDED_NAME}, {CASCADE_NAME}, {NANO}, or a model."
        hint = f"Did you mean {meant[0]}?" if meant else known
        raise UsageError(f"There is no reader named “{name}”.", hint) from error


def _usable() -> list[ModelFolder]:
    return [model for model in installed() if not model.problem]
