"""Folders of files that can be made again: written whole or not at all, for this user alone, oldest use leaves first.

Never worth failing for: a full disk, a read-only folder or a vanished file costs time, not answers.
"""

from __future__ import annotations

import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

TRIM_TO_SHARE = 0.9
"""A full folder is trimmed to this share, so that not every further file has to look at all of them."""
PART_SUFFIX = ".part"


class KeptFiles:
    """The files of `folder` that end in `suffix`; beyond `max_bytes` the least recently used ones leave."""

    def __init__(self, folder: Path, suffix: str, max_bytes: int) -> None:
        self.folder = folder
        self._suffix = suffix
        self._max_bytes = max_bytes
        self._bytes: int | None = None

    def read(self, name: str) -> bytes | None:
        """The bytes kept as `name`, which counts as a use; None where there are none."""
        path = self._path(name)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.drop(name, str(error))
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def drop(self, name: str, why: str) -> None:
        """Forget an entry that cannot be used, and say so in the log."""
        logger.warning("dropping an unreadable entry of %s: %s", self.folder.name, why)
        with suppress(OSError):
            self._path(name).unlink()

    def write(self, name: str, data: bytes) -> None:
        """Keep `data` as `name`; never fails."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            _write_whole(self._path(name), data)
        except OSError as error:
            logger.warning("an entry of %s was not kept: %s", self.folder.name, error)
            return
        if self._bytes is None:
            self._bytes = self.size()
        else:
            self._bytes += len(data)
        if self._bytes > self._max_bytes:
            self._trim()

    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for _, size, _ in self._entries())

    def clear(self) -> int:
        """Delete everything, files left half written too; returns the bytes freed."""
        self._bytes = None
        return sum(_delete(path, size) for _, size, path in self._entries(everything=True))

    def _path(self, name: str) -> Path:
        return self.folder / (name + self._suffix)

    def _trim(self) -> None:
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= TRIM_TO_SHARE * self._max_bytes:
                break
            total -= _delete(path, size)
        self._bytes = total

    def _entries(self, *, everything: bool = False) -> list[tuple[float, int, Path]]:
        """Modification time, bytes and path of each entry; with `everything`, also of files left half written."""
        suffixes = {self._suffix, PART_SUFFIX} if everything else {self._suffix}
        entries = []
        with suppress(OSError):
            for path in self.folder.iterdir():
                with suppress(FileNotFoundError):
                    if path.suffix in suffixes:
                        status = path.stat()
                        entries.append((status.st_mtime, status.st_size, path))
        return entries


def _write_whole(path: Path, data: bytes) -> None:
    # mkstemp makes the file 0600 and in the same folder, so that the rename is atomic.
    handle, part = tempfile.mkstemp(suffix=PART_SUFFIX, dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
    except OSError:
        with suppress(OSError):
            Path(part).unlink()
        raise


def _delete(path: Path, size: int) -> int:
    try:
        path.unlink()
    except OSError as error:
        logger.warning("a cache entry was not deleted: %s", error)
        return 0
    return size
