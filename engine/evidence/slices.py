"""Which words lie in which slice of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.documents.types import PageRef, Word
from engine.geometry import PageRect
from engine.slicing.plan import SlicePlan

MIN_SHARE = 0.25
"""A word belongs to every slice that holds at least this share of its area."""


@dataclass(frozen=True, slots=True)
class SliceWords:
    """A slice (or the overview of an unsliced page, row and col None): its place in page units and its words."""

    row: int | None
    col: int | None
    box: PageRect
    words: frozenset[int]


def words_by_slice(plan: SlicePlan, page: PageRef, words: Sequence[Word]) -> tuple[SliceWords, ...]:
    """The words of every slice, row-major, by their index in `words`; an unsliced page is one entry."""
    views = plan.slices or (plan.overview,)
    found = []
    for view in views:
        box = page.to_units(view.rect)
        held = frozenset(number for number, word in enumerate(words) if _holds(box, word.box))
        found.append(SliceWords(view.row, view.col, box, held))
    return tuple(found)


def _holds(box: PageRect, word: PageRect) -> bool:
    apart = word.x0 >= box.x1 or word.x1 <= box.x0 or word.y0 >= box.y1 or word.y1 <= box.y0
    return not apart and word.overlap_share(box) >= MIN_SHARE
