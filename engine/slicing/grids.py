"""What all policies of the LLaVA-UHD family share: which grids compete, how a view is fitted, where slices lie.

The scheme is `slice_image_minicpm` of thunlp/LLaVA-UHD (branch LLaVA-UHD-v1, commit dd7f6cc); its descendants change
only the base size, the cap, the rounding and who wins a tie. Arithmetic is IEEE double in the order of that code,
because grids are decided by exact comparison: ln(2/3) and -ln(3/2) differ in the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.plan import Grid

UNSLICED = Grid(0, 0)

_BORDER_STEPS_PER_PX = 2**32


def snap_down(length: float, step: int) -> int:
    """The largest multiple of `step` that is not above `length`, but at least `step`."""
    return max(math.floor(length / step) * step, step)


def snap_nearest(length: float, step: int) -> int:
    """The multiple of `step` nearest to `length` (a tie goes to the even one), but at least `step`."""
    return max(round(length / step) * step, step)


def check_page(page: Size) -> None:
    """Raises PlanRefusedError where a side of `page` is 0 or negative."""
    if page.width <= 0 or page.height <= 0:
        raise PlanRefusedError(
            f"A page of {page} px has nothing to slice: both sides must be at least 1 px.",
            "Check the size; the width comes first.",
        )


def candidate_grids(page: Size, base: int, cap: int) -> list[Grid]:
    """The grids that compete for `page`, counts ascending and columns ascending; none where it stays unsliced.

    The wanted count is the page's area in squares of `base` px, at most `cap`; its two neighbours compete too, but
    neither 1 nor anything above `cap`.
    """
    wanted = min(math.ceil(page.area / (base * base)), cap)
    if wanted <= 1:
        return []
    return [
        Grid(cols, count // cols)
        for count in (wanted - 1, wanted, wanted + 1)
        if 1 < count <= cap
        for cols in range(1, count + 1)
        if count % cols == 0
    ]


def aspect_error(page: Size, grid: Grid) -> float:
    """How far the slices of `grid` are from square slots of the page's aspect: |ln(W/H) - ln(cols/rows)|."""
    return abs(math.log(page.width / page.height) - math.log(grid.cols / grid.rows))


def fit(width: float, height: float, base: int, snap: Callable[[float], int], *, force: bool) -> Size:
    """The size a view of `width` x `height` px is resized to: area about `base` squared, aspect kept, then snapped.

    A smaller view keeps its size before snapping unless `force`. The width follows from the truncated height.
    """
    if force or width * height > base * base:
        aspect = width / height
        height = int(base / math.sqrt(aspect))
        width = int(height * aspect)
    return Size(snap(width), snap(height))


def slice_rects(page: Size, grid: Grid) -> list[PixelRect]:
    """The slices of `grid` on `page` in page pixels, row-major, without gap or overlap.

    The page is resized as a whole and cut into equal slices, so each covers an equal share of the page.
    """
    xs = [_border(page.width, col, grid.cols) for col in range(grid.cols + 1)]
    ys = [_border(page.height, row, grid.rows) for row in range(grid.rows + 1)]
    return [
        PixelRect(xs[col], ys[row], xs[col + 1] - xs[col], ys[row + 1] - ys[row])
        for row in range(grid.rows)
        for col in range(grid.cols)
    ]


def page_rect(page: Size) -> PixelRect:
    """The whole page in page pixels."""
    return PixelRect(0.0, 0.0, float(page.width), float(page.height))


def on_binary_grid(numerator: int, denominator: int) -> float:
    """`numerator` / `denominator` to 2^-32: there x + width is exactly the next slice's x, however many there are."""
    return round(numerator * _BORDER_STEPS_PER_PX / denominator) / _BORDER_STEPS_PER_PX


def _border(length: int, index: int, parts: int) -> float:
    return on_binary_grid(length * index, parts)
