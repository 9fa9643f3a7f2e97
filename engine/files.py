"""Files written complete or not at all: those a user asked for, and Tessera's own. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from engine.paths import make_private

PRIVATE_MODE = 0o600
_USER_MODE = 0o666
"""The rest is left to the umask."""


def write_private(path: Path, text: str, *, backup: bool = False) -> None:
    """Replace `path`, one of Tessera's own files, by a complete new one, readable by this user alone. Raises OSError.

    The folder is made where it is missing. With `backup` the file that was there stays as `<name>.bak`.
    """
    make_private(path.parent)
    with _replacing(path, path.with_name(f"{path.name}.{os.getpid()}.new"), PRIVATE_MODE, backup=backup) as file:
        file.write(text)


@contextlib.contextmanager
def replaced(path: Path) -> Iterator[TextIO]:
    """A new file (UTF-8, line ends as written) that takes the place of `path` if the block ends well. Raises OSError.

    A reader of `path` sees the old file or the whole new one; a link is followed; the folder has to exist.
    """
    target = Path(os.path.realpath(path))
    with _replacing(target, _part_of(target), _USER_MODE) as file:
        yield file
    _sync_folder(target.parent)


def check_replaceable(path: Path) -> None:
    """Raises OSError if `replaced` could not begin now."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(None, "it is a folder")
    probe = _part_of(target)
    _open_new(probe, _USER_MODE).close()
    probe.unlink()


def _part_of(target: Path) -> Path:
    # Always the same name, so that killed runs leave one stray file at most and the next one replaces it.
    return target.with_name(f".{target.name}.part")


def _open_new(path: Path, mode: int) -> TextIO:
    path.unlink(missing_ok=True)
    # Exclusive, so that nothing planted under the name is followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")


@contextlib.contextmanager
def _replacing(target: Path, part: Path, mode: int, *, backup: bool = False) -> Iterator[TextIO]:
    try:
        with _open_new(part, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if backup and target.exists():
            target.replace(target.with_name(f"{target.name}.bak"))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself durable where the system can; Windows does so on its own."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
