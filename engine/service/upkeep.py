"""Upkeep that window and command line offer: emptying what is kept of pages. Imports nothing heavy."""

from __future__ import annotations

from engine.ocr.cache import WordCache
from engine.readers.sliced.view_files import view_files


def clear_cache() -> int:
    """Remove the words and the views of pages kept on disk; how many bytes that freed."""
    return WordCache().clear() + view_files().clear()


def cache_size() -> int:
    """Bytes of words and views on disk."""
    return WordCache().size() + view_files().size()
