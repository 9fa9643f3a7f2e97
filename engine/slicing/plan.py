"""The slice plan: what a policy makes of a page size. Plain data; no policy lives here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.geometry import PixelRect, Size


class ViewKind(StrEnum):
    OVERVIEW = "overview"
    SLICE = "slice"


@dataclass(frozen=True, slots=True)
class View:
    """What the vision encoder gets: the overview, or the slice at (row, col), 0-based.

    `rect` is its source in page pixels, `size` the pixels it is resized to, `tokens` its visual tokens and `span`
    the half-open range [start, end) of their positions in the image's part of the model's sequence.
    """

    kind: ViewKind
    row: int | None
    col: int | None
    rect: PixelRect
    size: Size
    tokens: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns and rows of slices; (0, 0) when the page is not sliced."""

    cols: int
    rows: int


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """Views in sequence order, with totals. `tokens` counts visual tokens including the overview's, `sequence`
    all positions the page takes in the model's sequence, separators included."""

    policy: str
    page: Size
    grid: Grid
    views: tuple[View, ...]
    tokens: int
    sequence: int

    @property
    def overview(self) -> View:
        return next(view for view in self.views if view.kind is ViewKind.OVERVIEW)

    @property
    def slices(self) -> tuple[View, ...]:
        """The slices, row-major; empty when the page is not sliced."""
        return tuple(view for view in self.views if view.kind is ViewKind.SLICE)
