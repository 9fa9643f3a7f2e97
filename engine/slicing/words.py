"""The words of a page as boxes, indexed once so that any policy's seams and scales can be held against them at once."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.geometry import PixelRect

SLACK = 0.1
"""The share of a word's height that a seam may reach into its box on either side without cutting it: boxes are a
little larger than the ink in them."""


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where words begin (less their slack) in ascending order, where each of those ends, which word it is, and the
    longest extent among them."""

    begins: tuple[float, ...]
    ends: tuple[float, ...]
    words: tuple[int, ...]
    longest: float

    def crossed_by(self, seam: float) -> Iterable[int]:
        """The words that `seam` runs through."""
        first, last = bisect_left(self.begins, seam - self.longest), bisect_left(self.begins, seam)
        return (self.words[at] for at in range(first, last) if self.ends[at] > seam)


@dataclass(frozen=True, slots=True)
class PageWordBoxes:
    """Words in page pixels: where the middle of each lies and how high it is, (x, y, height), and `heights` alone in
    ascending order. Made by `index_words`."""

    middles: tuple[tuple[float, float, float], ...]
    heights: tuple[float, ...]
    across: _Axis
    down: _Axis

    def cut_by(self, xs: Sequence[float], ys: Sequence[float]) -> int:
        """How many words the vertical seams at `xs` or the horizontal ones at `ys` run through."""
        cut: set[int] = set()
        for x in xs:
            cut.update(self.across.crossed_by(x))
        for y in ys:
            cut.update(self.down.crossed_by(y))
        return len(cut)


def index_words(boxes: Iterable[PixelRect]) -> PageWordBoxes:
    """The index of a page's words; boxes without area are left out."""
    kept = tuple(box for box in boxes if box.width > 0 and box.height > 0)
    return PageWordBoxes(
        tuple((box.x + box.width / 2, box.y + box.height / 2, box.height) for box in kept),
        tuple(sorted(box.height for box in kept)),
        _axis([(box.x + SLACK * box.height, box.right - SLACK * box.height) for box in kept]),
        _axis([(box.y + SLACK * box.height, box.bottom - SLACK * box.height) for box in kept]),
    )


def _axis(extents: Sequence[tuple[float, float]]) -> _Axis:
    ordered = sorted((begin, end, word) for word, (begin, end) in enumerate(extents))
    return _Axis(
        tuple(begin for begin, _, _ in ordered),
        tuple(end for _, end, _ in ordered),
        tuple(word for _, _, word in ordered),
        max((end - begin for begin, end, _ in ordered), default=0.0),
    )
