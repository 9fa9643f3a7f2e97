"""A whole model: room on the disk first, then its files smallest first, then a check, then the move into place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.errors import OutputError
from engine.models.checks import check, check_config
from engine.models.fetch import PART_SUFFIX, Hooks, Patience, fetch
from engine.models.installed import find, is_installed, models_dir, partial_folders, publish, verified_files
from engine.models.locks import model_lock
from engine.models.types import HubFile, HubListing, InstalledFile, Manifest, ModelFolder
from engine.paths import make_private

SPARE_BYTES = 100_000_000
"""Room that a download leaves on the disk."""
CONFIG = "config.json"

OnProgress = Callable[[int, int, str], None]
"""Bytes that are there, bytes of the whole model, and the file it is about."""


def with_bytes_here(listing: HubListing) -> HubListing:
    """`listing`, knowing what an earlier pull of the same commit left."""
    if is_installed(listing.id, listing.revision):
        return replace(listing, here_bytes=listing.size_bytes)
    return replace(listing, here_bytes=_here_bytes(listing))


def pull(
    listing: HubListing, on_progress: OnProgress, cancelled: Callable[[], bool], patience: Patience | None = None
) -> ModelFolder:
    """Fetch, verify and install what `listing` says; one that is installed already is left as it is.

    Raises DownloadError, OutputError, CheckpointError, RunBusyError, CancelledError.
    """
    with model_lock(listing.id, partial_folders(listing.id).parent):
        if is_installed(listing.id, listing.revision):
            return find(listing.id)
        folder = _made(_partial(listing))
        _check_room(folder, listing)
        _take_over(folder, listing)
        files = []
        before = 0
        for file in _configuration_first(listing.files):
            hooks = Hooks(_counting(on_progress, before, listing.size_bytes, file.name), cancelled)
            hooks.check()
            hooks.on_bytes(0)
            sha256 = fetch(listing.id, listing.revision, file, folder, hooks, patience)
            files.append(InstalledFile(file.name, file.size_bytes, sha256))
            before += file.size_bytes
            if file.name == CONFIG:
                check_config(folder)
        check(folder)
        return publish(folder, Manifest(listing.id, listing.revision, listing.licence, tuple(files)))


def _partial(listing: HubListing) -> Path:
    return partial_folders(listing.id) / listing.revision


def _configuration_first(files: tuple[HubFile, ...]) -> list[HubFile]:
    """The configuration says whether Tessera reads such a model at all, so it comes before gigabytes of weights."""
    return sorted(files, key=lambda file: file.name != CONFIG)


def _counting(on_progress: OnProgress, before: int, total: int, name: str) -> Callable[[int], None]:
    return lambda done: on_progress(before + done, total, name)


def _check_room(folder: Path, listing: HubListing) -> None:
    """Raises OutputError, with both figures, when what is still to come does not fit on the disk."""
    missing = listing.size_bytes - _here_bytes(listing)
    free = shutil.disk_usage(folder).free
    if missing + SPARE_BYTES > free:
        raise OutputError(
            f"{listing.id} needs {(missing + SPARE_BYTES) / 1e9:.2f} GB on the disk of {models_dir()}, "
            f"and {free / 1e9:.2f} GB are free.",
            "Free some space, or set TESSERA_DATA_DIR to a folder on another disk. Nothing was fetched.",
        )


def _here_bytes(listing: HubListing) -> int:
    """What an earlier pull of the commit left, and what the installed commit has in common with it."""
    kept = verified_files(listing.id)
    folder = _partial(listing)
    return sum(file.size_bytes if file.sha256 in kept else _bytes_of(folder, file) for file in listing.files)


def _take_over(folder: Path, listing: HubListing) -> None:
    """Link what the installed commit has in common with this one: a new commit seldom has new weights.

    The link is verified like everything else. Where links cannot be made the file is fetched.
    """
    kept = verified_files(listing.id)
    for file in listing.files:
        target = folder / file.name
        if file.sha256 in kept and not target.exists():
            with suppress(OSError):
                os.link(kept[file.sha256], target)


def _bytes_of(folder: Path, file: HubFile) -> int:
    """How much of `file` is there, under its name or as a part."""
    for name in (file.name, file.name + PART_SUFFIX):
        try:
            return min((folder / name).stat().st_size, file.size_bytes)
        except OSError:
            continue
    return 0


def _made(folder: Path) -> Path:
    try:
        return make_private(folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror or error}.") from error
