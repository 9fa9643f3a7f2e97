"""One list of words from two sources: what the text layer says and what OCR saw on the same page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from statistics import median

from rapidfuzz import fuzz

from engine.documents.types import Word
from engine.geometry import PageRect

COVERED_SHARE = 0.5
"""An OCR word with this share of its area under text-layer words says what they say already."""
SAME_TEXT = 80.0
"""Similarity (0–100) at which two readings of one place count as the same."""
MIN_COMPARED = 12
SURE = 0.85

_SIGNS = re.compile(r"[\W_]+")


def uncovered(found: Sequence[Word], layer: Sequence[Word]) -> list[Word]:
    """The words of `found` (OCR) that no word of `layer` lies under."""
    shelves = _Shelves(layer)
    return [word for word in found if _cover(word, shelves.near(word.box)) < COVERED_SHARE]


def agreement(found: Sequence[Word], layer: Sequence[Word]) -> float | None:
    """Share (0–1) of clearly read OCR words over text-layer words that the layer spells alike; None for too few."""
    shelves = _Shelves(layer)
    compared = same = 0
    for word in found:
        text = _letters(word.text)
        if word.confidence < SURE or len(text) < 3:
            continue
        under = [other for other in shelves.near(word.box) if _shares_place(word.box, other.box)]
        if not under:
            continue
        compared += 1
        said = _letters("".join(other.text for other in sorted(under, key=lambda other: other.box.x0)))
        same += fuzz.partial_ratio(text, said) >= SAME_TEXT
    return same / compared if compared >= MIN_COMPARED else None


def inside(words: Sequence[Word], boxes: Sequence[PageRect]) -> list[Word]:
    """The words whose centre lies in one of `boxes`."""
    return [word for word in words if any(box.contains(word.box.center) for box in boxes)]


class _Shelves:
    """Words by height on the page, so that a word is compared with its neighbours and not with all."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._step = 2 * median(word.box.height for word in words) if words else 1.0
        self._shelves: dict[int, list[int]] = {}
        self._words = words
        for i, word in enumerate(words):
            for shelf in self._spanned(word.box):
                self._shelves.setdefault(shelf, []).append(i)

    def near(self, box: PageRect) -> list[Word]:
        """Words that overlap `box`, in their given order."""
        numbers = {i for shelf in self._spanned(box) for i in self._shelves.get(shelf, ())}
        return [
            self._words[i] for i in sorted(numbers) if self._words[i].box.x1 > box.x0 and self._words[i].box.x0 < box.x1
        ]

    def _spanned(self, box: PageRect) -> range:
        return range(int(box.y0 // self._step), int(box.y1 // self._step) + 1)


def _cover(word: Word, layer: Iterable[Word]) -> float:
    """Share of a word's area under text-layer words (which hardly overlap each other)."""
    share = 0.0
    for other in layer:
        part = word.box.overlap_share(other.box)
        # Layer boxes may be lower than the print; a layer word wholly inside the OCR word covers it too.
        if part > 0.3 and other.box.overlap_share(word.box) > 0.8:
            return 1.0
        share += part
    return share


def _shares_place(one: PageRect, other: PageRect) -> bool:
    shared = one.intersection(other)
    return shared is not None and shared.area > 0.4 * min(one.area, other.area)


def _letters(text: str) -> str:
    return _SIGNS.sub("", text).casefold()
