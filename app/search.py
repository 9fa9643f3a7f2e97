"""Search over the words that were read, from the text layer or by OCR alike. Owns no widget."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from engine.documents.types import PageRef, PageWords, Word
from engine.geometry import PageRect, bounding_rect

MAX_HITS = 5000
"""Past this a search says nothing."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where the words searched for stand: one box per line they stand on, in page units of `page`."""

    page: PageRef
    boxes: tuple[PageRect, ...]


class PageIndex:
    """The words of one page, folded once so that every key stroke only searches."""

    __slots__ = ("_ends", "_starts", "_text", "words")

    def __init__(self, words: PageWords) -> None:
        self.words = words
        self._starts: list[int] = []
        self._ends: list[int] = []
        texts: list[str] = []
        position = 0
        for word in words.words:
            text = fold(word.text)
            texts.append(text)
            self._starts.append(position)
            self._ends.append(position + len(text))
            position += len(text) + 1
        self._text = " ".join(texts)

    def find(self, wanted: str) -> list[Hit]:
        """Where `wanted` stands, case and accents apart; it may run over several words."""
        needle = " ".join(fold(wanted).split())
        hits: list[Hit] = []
        at = self._text.find(needle) if needle else -1
        while at >= 0 and len(hits) < MAX_HITS:
            end = at + len(needle)
            # Words neither overlap nor swap places in the text, so both lists are sorted.
            first, last = bisect_right(self._ends, at), bisect_left(self._starts, end)
            hits.append(Hit(self.words.page, _line_boxes(self.words.words[first:last])))
            at = self._text.find(needle, end)
        return hits


def fold(text: str) -> str:
    """`text` without case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in decomposed if not unicodedata.combining(mark)).casefold()


def _line_boxes(words: tuple[Word, ...]) -> tuple[PageRect, ...]:
    lines: dict[tuple[int, int], list[PageRect]] = {}
    for word in words:
        lines.setdefault((word.block, word.line), []).append(word.box)
    return tuple(box for boxes in lines.values() if (box := bounding_rect(boxes)) is not None)
