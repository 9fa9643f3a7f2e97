"""Upkeep that window and command line offer: emptying the cache of words. Imports nothing heavy."""

from __future__ import annotations

from engine.ocr.cache import WordCache


def clear_cache() -> int:
    """Remove the words of pages kept on disk; how many bytes that freed."""
    return WordCache().clear()
