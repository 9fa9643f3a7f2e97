"""One list of words from two sources: what the text layer says and what OCR saw on the same page."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
    return [word for word in found if _cover(word, layer) < COVERED_SHARE]


def agreement(found: Sequence[Word], layer: Sequence[Word]) -> float | None:
    """Share (0–1) of clearly read OCR words over text-layer words that the layer spells alike; None for too few."""
    compared = same = 0
    for word in found:
        text = _SIGNS.sub("", word.text).casefold()
        if word.confidence < SURE or len(text) < 3:
            continue
        under = sorted((other for other in layer if _shares_place(word.box, other.box)), key=lambda other: other.box.x0)
        if not under:
            continue
        compared += 1
        said = _SIGNS.sub("", "".join(other.text for other in under)).casefold()
        same += fuzz.partial_ratio(text, said) >= SAME_TEXT
    return same / compared if compared >= MIN_COMPARED else None


def inside(words: Sequence[Word], boxes: Sequence[PageRect]) -> list[Word]:
    """The words whose centre lies in one of `boxes`."""
    return [word for word in words if any(box.contains(word.box.center) for box in boxes)]


def _cover(word: Word, layer: Sequence[Word]) -> float:
    """Share of a word's area under text-layer words (which hardly overlap each other), or the other way round."""
    share = 0.0
    for other in layer:
        part = word.box.overlap_share(other.box)
        if part > 0:
            share += part
            # Layer boxes are often lower than the print; a layer word wholly inside the OCR word counts too.
            if other.box.overlap_share(word.box) > 0.8 and part > 0.3:
                return 1.0
    return share


def _shares_place(one: PageRect, other: PageRect) -> bool:
    shared = one.intersection(other)
    return shared is not None and shared.area > 0.4 * min(one.area, other.area)
