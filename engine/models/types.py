"""Models as plain data: what the hub offers, and what lies on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import UsageError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a model on the hub. `sha256` is known of files in large-file storage, `git_sha1` (the git blob's
    name) of the others; one of them is always there."""

    name: str
    size_bytes: int
    sha256: str | None
    git_sha1: str | None


@dataclass(frozen=True, slots=True)
class HubListing:
    """What a pull of `id` would fetch: only the files that reading needs, at one commit.

    `licence` and `parameters` are what the hub says, None where it says nothing. `here_bytes` of an earlier pull of
    the same commit are on this machine already.
    """

    id: str
    revision: str
    licence: str | None
    gated: bool
    parameters: int | None
    files: tuple[HubFile, ...]
    here_bytes: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file of an installed model, as it was verified."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was installed: written beside the files once all of them were verified."""

    id: str
    revision: str
    licence: str | None
    files: tuple[InstalledFile, ...]


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on this machine. `name` is what `--reader` takes: the hub id, or the path of a folder of the user's own
    (`imported`, whose revision nobody knows). `problem` says in one line why it cannot be used, if it cannot."""

    name: str
    path: Path
    revision: str | None
    licence: str | None
    size_bytes: int
    imported: bool
    problem: str = ""


def is_hub_id(name: str) -> bool:
    """Whether `name` has the form owner/model."""
    return _HUB_ID.fullmatch(name) is not None


def checked_hub_id(name: str) -> str:
    """`name` if it has the form owner/model. Raises UsageError."""
    if not is_hub_id(name):
        raise UsageError(f"“{name}” is no hub id.", "A hub id is owner/model; `tessera models list` shows some.")
    return name
