"""The slice plan: what a policy makes of a page size. Plain data; no policy lives here."""

from __future__ import annotations

import math
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
    the half-open range [start, end) of their positions in the image's part of the model's sequence. Where all
    slices are laid out as one raster, that range also holds row ends and tokens of the slices beside it.

    `drawn` is the part of the view that shows `rect`, in pixels of the view, where the rest of it is padding; None
    where nothing is padded.
    """

    kind: ViewKind
    row: int | None
    col: int | None
    rect: PixelRect
    size: Size
    tokens: int
    span: tuple[int, int]
    drawn: PixelRect | None = None

    @property
    def padding(self) -> float:
        """The share (0–1) of the view's pixels that shows nothing of the page."""
        return 0.0 if self.drawn is None else 1.0 - self.drawn.area / self.size.area

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the view per page pixel, horizontally and vertically; (0, 0) where it shows nothing."""
        if self.rect.area == 0:
            return 0.0, 0.0
        width, height = (self.drawn.width, self.drawn.height) if self.drawn else (self.size.width, self.size.height)
        return width / self.rect.width, height / self.rect.height


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

    @property
    def padding(self) -> float:
        """The share (0–1) of all pixels given to the vision encoder that shows nothing of the page."""
        padded = [view for view in self.views if view.drawn is not None]
        if not padded:
            return 0.0
        return math.fsum(view.padding * view.size.area for view in padded) / sum(view.size.area for view in self.views)
