"""Where views stand in the model's sequence: one after another, or all slices as one raster of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.geometry import PixelRect, Size
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind


@dataclass(frozen=True, slots=True)
class Picture:
    """A view that has no place in the sequence yet; `row` and `col` are None for the overview. See `View`."""

    rect: PixelRect
    size: Size
    row: int | None = None
    col: int | None = None
    drawn: PixelRect | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a raster that is kept, in tokens."""

    left: int
    top: int
    width: int
    height: int


class Layout:
    """Puts views into the sequence from its start on."""

    def __init__(self) -> None:
        self._views: list[View] = []
        self._position = 0

    def skip(self, positions: int = 1) -> None:
        """Leave room for separators and other tokens that are not visual."""
        self._position += positions

    def add(self, picture: Picture, tokens: int, inserted: int = 0) -> None:
        """The next view. `inserted` positions, such as row ends, stand among its tokens."""
        start, self._position = self._position, self._position + tokens + inserted
        self._views.append(_view(picture, tokens, (start, self._position)))

    def add_raster(self, pictures: Sequence[Picture], side: int, window: Window, row_end: int) -> None:
        """Slices of `side` x `side` tokens each, row-major, laid out as one raster of which `window` is kept;
        `row_end` positions follow each row of the raster. A slice outside the window has no token."""
        start, stride = self._position, window.width + row_end
        self._position += window.height * stride
        for picture in pictures:
            x0, x1 = _clip((picture.col or 0) * side, side, window.left, window.width)
            y0, y1 = _clip((picture.row or 0) * side, side, window.top, window.height)
            tokens = (x1 - x0) * (y1 - y0)
            span = (start + y0 * stride + x0, start + (y1 - 1) * stride + x1)
            self._views.append(_view(picture, tokens, span if tokens else (self._position, self._position)))

    def plan(self, policy: str, page: Size, grid: Grid) -> SlicePlan:
        """The plan of what was added."""
        return SlicePlan(policy, page, grid, tuple(self._views), sum(v.tokens for v in self._views), self._position)


def whole(side: int, grid: Grid) -> Window:
    """The window that keeps all of a raster of slices of `side` x `side` tokens."""
    return Window(0, 0, grid.cols * side, grid.rows * side)


def _view(picture: Picture, tokens: int, span: tuple[int, int]) -> View:
    kind = ViewKind.OVERVIEW if picture.row is None else ViewKind.SLICE
    return View(kind, picture.row, picture.col, picture.rect, picture.size, tokens, span, picture.drawn)


def _clip(start: int, length: int, first: int, kept: int) -> tuple[int, int]:
    """Where [start, start + length) begins and ends within `kept` tokens that begin at `first`."""
    begin = min(max(start - first, 0), kept)
    return begin, min(max(start + length - first, begin), kept)
