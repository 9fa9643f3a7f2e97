"""Slicing in the style of HiRes-LLaVA, reconstructed: neither its formula nor its code is public.

What the paper states (arXiv 2407.08706): no list of canvases, columns and rows by rounding the page up to the base
size, a quarter as many slices quadrupled where 16 allow it, padding, an overview, one separator after the overview,
one between slices and one at the end of a row. What is ours: for a page that needs more than 16 slices, the largest
scale at which 16 are enough; and 144 tokens a view, which a pooling kernel of 2 would give.
"""

from __future__ import annotations

from engine.geometry import Size
from engine.slicing.grids import UNSLICED, check_page
from engine.slicing.layout import Layout
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import centered, inscribed, padded_tiles, square

BASE_PX = 336
TOKENS_PER_VIEW = 144


@register_policy(
    "hires-llava",
    title="HiRes-style (reconstructed)",
    citation="after Huang et al., HiRes-LLaVA (arXiv 2407.08706); no code is public",
    status=PolicyStatus.RECONSTRUCTED,
    default_cap=16,
)
def plan(policy: str, page: Size, cap: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = _grid(page, cap)
    layout = Layout()
    layout.add(centered(page, BASE_PX, inscribed(page, square(BASE_PX))), TOKENS_PER_VIEW)
    if grid == Grid(1, 1):
        return layout.plan(policy, page, UNSLICED)
    layout.skip()  # between the overview and the slices
    for picture in padded_tiles(page, grid, BASE_PX):
        layout.add(picture, TOKENS_PER_VIEW)
        layout.skip()  # between two slices, or at the end of a row
    return layout.plan(policy, page, grid)


def _grid(page: Size, cap: int) -> Grid:
    needed = Grid(-(-page.width // BASE_PX), -(-page.height // BASE_PX))
    count = needed.cols * needed.rows
    if 4 * count <= cap:
        return Grid(2 * needed.cols, 2 * needed.rows)
    return needed if count <= cap else _largest_within(page, cap)


def _largest_within(page: Size, cap: int) -> Grid:
    """The grid of the page at the largest scale that needs at most `cap` slices.

    The counts rise only where a side fills whole slices, so those scales are all that need looking at: `n` columns
    are full at scale n * base / width, and the rows needed then follow in whole numbers.
    """
    width, height = page.width, page.height
    full = [(n * height, Grid(n, -(-n * height // width))) for n in range(1, cap + 1)]
    full += [(n * width, Grid(-(-n * width // height), n)) for n in range(1, cap + 1)]
    # Scales times width * height / base, so that they compare in whole numbers.
    return max(
        ((scale, -grid.cols * grid.rows, grid) for scale, grid in full if grid.cols * grid.rows <= cap),
        key=lambda each: each[:2],
    )[2]
