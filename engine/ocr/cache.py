"""The words of pages, kept: in memory for this process, on disk for the next ones.

Owns the files under the user's cache folder. An entry is one JSON file named after everything that decides its
content; it is readable by the user alone, written whole or not at all, and never worth failing a reading for: a full
disk, a read-only folder or a damaged entry costs time, not answers.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from engine.documents.types import PageRef, PageWords
from engine.paths import cache_dir
from engine.service.codec import CodecError, from_json, to_json

logger = logging.getLogger(__name__)

FORMAT = 2
"""Raise when the meaning of cached words changes (splitting, lines, boxes), so that old entries are not used."""
MAX_SIZE_BYTES = 2_000_000_000
TRIM_TO_SHARE = 0.9
"""A full cache is trimmed to this share, so that not every further entry has to look at all files."""
MEMORY_PAGES = 256
SUFFIX = ".json"
PART_SUFFIX = ".part"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """All that the words of a page depend on. `version` names the OCR package and models."""

    sha256: str
    index: int
    orientation: int
    native: str
    version: str

    @classmethod
    def of(cls, page: PageRef, version: str) -> CacheKey:
        return cls(page.document.sha256, page.index, page.orientation, str(page.native), version)

    @property
    def file_name(self) -> str:
        parts = (self.sha256, self.index, self.orientation, self.native, self.version, FORMAT)
        return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest() + SUFFIX


class WordCache:
    """Least recently used pages leave first: from memory beyond `MEMORY_PAGES`, from disk beyond `max_bytes`."""

    def __init__(self, folder: Path | None = None, max_bytes: int = MAX_SIZE_BYTES) -> None:
        self.folder = folder if folder is not None else cache_dir() / "words"
        self._max_bytes = max_bytes
        self._memory: OrderedDict[CacheKey, PageWords] = OrderedDict()
        self._disk_bytes: int | None = None

    def get(self, key: CacheKey, page: PageRef, *, on_disk: bool) -> PageWords | None:
        """The words kept under `key`, told of `page`'s document (the same content may lie under another path)."""
        words = self._memory.get(key)
        if words is not None:
            self._memory.move_to_end(key)
        elif on_disk:
            words = self._read(key)
            if words is not None:
                self._remember(key, words)
        if words is None:
            return None
        return replace(words, page=replace(words.page, document=page.document, label=page.label))

    def put(self, key: CacheKey, words: PageWords, *, on_disk: bool) -> None:
        """Keep `words`; never fails."""
        self._remember(key, words)
        if on_disk:
            self._write(key, words)

    def size(self) -> int:
        """Bytes on disk."""
        return sum(size for _, size, _ in self._entries())

    def clear(self) -> int:
        """Forget everything; returns the bytes freed on disk."""
        self._memory.clear()
        self._disk_bytes = None
        return sum(_delete(path, size) for _, size, path in self._entries(everything=True))

    def _remember(self, key: CacheKey, words: PageWords) -> None:
        self._memory[key] = words
        self._memory.move_to_end(key)
        while len(self._memory) > MEMORY_PAGES:
            self._memory.popitem(last=False)

    def _read(self, key: CacheKey) -> PageWords | None:
        path = self.folder / key.file_name
        try:
            data = path.read_bytes()
            words = from_json(PageWords, data)
        except FileNotFoundError:
            return None
        except (OSError, CodecError) as error:
            logger.warning("dropping an unreadable cache entry: %s", error)
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return words if isinstance(words, PageWords) else None

    def _write(self, key: CacheKey, words: PageWords) -> None:
        data = to_json(words).encode()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._write_file(self.folder / key.file_name, data)
        except OSError as error:
            logger.warning("the words of a page were not cached: %s", error)
            return
        if self._disk_bytes is None:
            self._disk_bytes = self.size()
        else:
            self._disk_bytes += len(data)
        if self._disk_bytes > self._max_bytes:
            self._trim()

    def _write_file(self, path: Path, data: bytes) -> None:
        # mkstemp makes the file 0600 and in the same folder, so that the rename is atomic.
        handle, part = tempfile.mkstemp(suffix=PART_SUFFIX, dir=self.folder)
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

    def _trim(self) -> None:
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if total <= TRIM_TO_SHARE * self._max_bytes:
                break
            total -= _delete(path, size)
        self._disk_bytes = total

    def _entries(self, *, everything: bool = False) -> list[tuple[float, int, Path]]:
        """Modification time, bytes and path of each entry; with `everything`, also of files left half written."""
        suffixes = {SUFFIX, PART_SUFFIX} if everything else {SUFFIX}
        entries = []
        try:
            for path in self.folder.iterdir():
                with suppress(FileNotFoundError):
                    if path.suffix in suffixes:
                        status = path.stat()
                        entries.append((status.st_mtime, status.st_size, path))
        except OSError:
            return entries
        return entries


def _delete(path: Path, size: int) -> int:
    try:
        path.unlink()
    except OSError as error:
        logger.warning("a cache entry was not deleted: %s", error)
        return 0
    return size
