"""Tiles of one square size, as most methods after LLaVA-NeXT cut them: which canvas, and what each tile shows.

A page is either stretched over the canvas or drawn in its middle with its aspect kept and the rest padded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.grids import on_binary_grid, page_rect, slice_rects
from engine.slicing.layout import Picture
from engine.slicing.plan import Grid


def square(side: int) -> Size:
    return Size(side, side)


def stretched(page: Size, side: int) -> Picture:
    """The overview of `side` px that takes the whole page whatever its aspect."""
    return Picture(page_rect(page), square(side))


def centered(page: Size, side: int, drawn: Size) -> Picture:
    """The overview of `side` px that shows the page as `drawn` px in its middle, rounded to the upper left."""
    offset_x, offset_y = (side - drawn.width) // 2, (side - drawn.height) // 2
    return Picture(page_rect(page), square(side), drawn=_within(offset_x, offset_y, drawn, side))


def stretched_tiles(page: Size, grid: Grid, side: int) -> list[Picture]:
    """The tiles of a page that is stretched over the canvas, row-major."""
    rects = slice_rects(page, grid)
    return [Picture(rect, square(side), *divmod(index, grid.cols)) for index, rect in enumerate(rects)]


def padded_tiles(page: Size, grid: Grid, side: int) -> list[Picture]:
    """The tiles of a page that is drawn as large as the canvas allows (`resize_and_pad_image` of haotian-liu/LLaVA)."""
    return drawn_tiles(page, grid, side, inscribed(page, Size(grid.cols * side, grid.rows * side)))


def drawn_tiles(page: Size, grid: Grid, side: int, drawn: Size) -> list[Picture]:
    """The tiles of a page that is drawn as `drawn` px in the middle of the canvas, row-major. Their rectangles meet
    without gap or overlap; one that lies in the padding alone has no area."""
    left, top = (grid.cols * side - drawn.width) // 2, (grid.rows * side - drawn.height) // 2
    xs = [_page_border(page.width, drawn.width, col * side - left) for col in range(grid.cols + 1)]
    ys = [_page_border(page.height, drawn.height, row * side - top) for row in range(grid.rows + 1)]
    return [
        Picture(
            PixelRect(xs[col], ys[row], xs[col + 1] - xs[col], ys[row + 1] - ys[row]),
            square(side),
            row,
            col,
            _within(left - col * side, top - row * side, drawn, side),
        )
        for row in range(grid.rows)
        for col in range(grid.cols)
    ]


def inscribed(page: Size, canvas: Size) -> Size:
    """The largest size of the page's aspect within `canvas`, the free side rounded up."""
    across, down = canvas.width / page.width, canvas.height / page.height
    if across < down:
        return Size(canvas.width, min(math.ceil(page.height * across), canvas.height))
    return Size(min(math.ceil(page.width * down), canvas.width), canvas.height)


def fullest_grid(page: Size, grids: Iterable[Grid], side: int) -> Grid:
    """The grid whose canvas shows most of the page's pixels; of equals the one with the least waste, then the first.

    Source: `select_best_resolution` of haotian-liu/LLaVA c121f04; transformers 5.23 carries the same.
    """

    def key(grid: Grid) -> tuple[int, int]:
        width, height = grid.cols * side, grid.rows * side
        scale = min(width / page.width, height / page.height)
        effective = min(int(page.width * scale) * int(page.height * scale), page.area)
        return -effective, width * height - effective

    return min(grids, key=key)


def nearest_grid(page: Size, grids: Iterable[Grid], side: int) -> Grid:
    """The grid of the nearest aspect W/H; of equals the last whose canvas is less than twice the page's area.

    Source: `get_optimal_tiled_canvas` of transformers 5.23, `models/got_ocr2/image_processing_pil_got_ocr2.py`.
    """
    aspect, best, smallest = page.width / page.height, Grid(1, 1), math.inf
    for grid in grids:
        error = abs(aspect - grid.cols / grid.rows)
        if error < smallest:
            smallest, best = error, grid
        elif error == smallest and page.area > 0.5 * side * side * grid.cols * grid.rows:
            best = grid
    return best


@cache
def grids_between(fewest: int, most: int, longest_side: int) -> tuple[Grid, ...]:
    """All grids of `fewest` to `most` slices with neither side above `longest_side`, counts ascending, then columns."""
    side = min(most, longest_side)
    grids = [
        Grid(cols, rows) for cols in range(1, side + 1) for rows in range(1, side + 1) if fewest <= cols * rows <= most
    ]
    return tuple(sorted(grids, key=lambda grid: grid.cols * grid.rows))


def check_drawn(page: Size, drawn: Size) -> None:
    """Raises PlanRefusedError where resizing leaves the page no pixel on one side."""
    if drawn.width < 1 or drawn.height < 1:
        raise PlanRefusedError(
            f"A page of {page} px is too narrow for this policy: resized to {drawn} px, its short side has no pixel "
            "left."
        )


def _within(left: int, top: int, drawn: Size, side: int) -> PixelRect | None:
    """What a tile shows of a picture of `drawn` px whose corner lies at (left, top) in it; None where that is all."""
    x0, y0 = min(max(left, 0), side), min(max(top, 0), side)
    x1 = max(min(left + drawn.width, side), x0)
    y1 = max(min(top + drawn.height, side), y0)
    if (x0, y0, x1, y1) == (0, 0, side, side):
        return None
    return PixelRect(float(x0), float(y0), float(x1 - x0), float(y1 - y0))


def _page_border(page: int, drawn: int, at: int) -> float:
    """Where on a side of `page` px a border lies that is `at` px from where the page begins, drawn over `drawn` px."""
    return on_binary_grid(min(max(at, 0), drawn) * page, drawn)
