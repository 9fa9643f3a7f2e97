"""The words of pages, kept: in memory for this process, on disk for the next ones.

An entry is one JSON file named after everything that decides its content.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from engine.documents.types import PageRef, PageWords
from engine.kept_files import KeptFiles
from engine.paths import cache_dir
from engine.service.codec import CodecError, from_json, to_json

FORMAT = 2
"""Raise when the meaning of cached words changes (splitting, lines, boxes), so that old entries are not used."""
MAX_SIZE_BYTES = 2_000_000_000
MEMORY_PAGES = 256
SUFFIX = ".json"


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
    def name(self) -> str:
        parts = (self.sha256, self.index, self.orientation, self.native, self.version, FORMAT)
        return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


class WordCache:
    """Least recently used pages leave first: from memory beyond `MEMORY_PAGES`, from disk beyond `max_bytes`."""

    def __init__(self, folder: Path | None = None, max_bytes: int = MAX_SIZE_BYTES) -> None:
        self.folder = folder if folder is not None else cache_dir() / "words"
        self._files = KeptFiles(self.folder, SUFFIX, max_bytes)
        self._memory: OrderedDict[CacheKey, PageWords] = OrderedDict()

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
            self._files.write(key.name, to_json(words).encode())

    def size(self) -> int:
        """Bytes on disk."""
        return self._files.size()

    def clear(self) -> int:
        """Forget everything; returns the bytes freed on disk."""
        self._memory.clear()
        return self._files.clear()

    def _remember(self, key: CacheKey, words: PageWords) -> None:
        self._memory[key] = words
        self._memory.move_to_end(key)
        while len(self._memory) > MEMORY_PAGES:
            self._memory.popitem(last=False)

    def _read(self, key: CacheKey) -> PageWords | None:
        data = self._files.read(key.name)
        if data is None:
            return None
        try:
            words = from_json(PageWords, data)
        except CodecError as error:
            self._files.drop(key.name, str(error))
            return None
        return words if isinstance(words, PageWords) else None
