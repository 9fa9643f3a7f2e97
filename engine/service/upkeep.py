"""Upkeep that window and command line offer: emptying what is kept and can be made again. Imports nothing heavy."""

from __future__ import annotations

from engine.ocr.cache import WordCache
from engine.readers.sliced import int8_files
from engine.readers.sliced.view_files import view_files


def clear_cache() -> int:
    """Remove words and views of pages and int8 weights kept on disk; how many bytes that freed."""
    return WordCache().clear() + view_files().clear() + int8_files.clear()


def cache_size() -> int:
    """Bytes of words, views and int8 weights on disk."""
    return WordCache().size() + view_files().size() + int8_files.size()
