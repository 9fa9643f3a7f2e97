"""Slicing of InternLM-XComposer2-4KHD: a stretched overview, then tiles of 336 px as one raster with row ends.

Sources: arXiv 2404.06512, section 3.2; InternLM/InternLM-XComposer, `ixc_utils.py` (`HD_transform`) and `build_mlp.py`.
2 x 2 patches merge into a token, so a tile has 12 x 12, and every row of tokens ends with a learned newline.

The code lets the number of tiles along the long side grow until the cap is passed. The description, the largest grid
within the cap that keeps the aspect, may also be read as growing along the short side; that fills the cap better and
is kept as a policy of its own, because published token counts follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from engine.geometry import Size
from engine.slicing.grids import check_page
from engine.slicing.layout import Layout, whole
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import check_drawn, drawn_tiles, stretched

BASE_PX = 336
TOKENS_PER_SIDE = 12

DrawRule = Callable[[Size, int], Size]
"""(page, cap of tiles) -> the size in px that the page is drawn at, in the middle of as few tiles as hold it."""


def along_long_side(page: Size, cap: int) -> Size:
    """The most tiles along the long side with which those of the short side, rounded up, keep within `cap`; the short
    side is cut to whole pixels. In the floating point of the code."""
    aspect = max(page.width, page.height) / min(page.width, page.height)
    count = 1
    while (count + 1) * math.ceil((count + 1) / aspect) <= cap:
        count += 1
    return _turned(page, count * BASE_PX, int(count * BASE_PX / aspect))


def along_short_side(page: Size, cap: int) -> Size:
    """The most tiles along the short side with which those of the long side, rounded up, keep within `cap`; where
    even one is too many, the long side fills `cap` tiles."""
    long, short = max(page.width, page.height), min(page.width, page.height)
    count = 1
    while (count + 1) * -(-(count + 1) * long // short) <= cap:
        count += 1
    if -(-count * long // short) * count > cap:
        return _turned(page, cap * BASE_PX, cap * BASE_PX * short // long)
    return _turned(page, count * BASE_PX * long // short, count * BASE_PX)


def _turned(page: Size, long: int, short: int) -> Size:
    return Size(long, short) if page.width >= page.height else Size(short, long)


def _plan(policy: str, page: Size, cap: int, *, rule: DrawRule) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px, or gets no pixel in the canvas."""
    check_page(page)
    drawn = rule(page, cap)
    check_drawn(page, drawn)
    grid = Grid(-(-drawn.width // BASE_PX), -(-drawn.height // BASE_PX))
    layout = Layout()
    layout.add_raster([stretched(page, BASE_PX)], TOKENS_PER_SIDE, whole(TOKENS_PER_SIDE, Grid(1, 1)), row_end=1)
    layout.skip()  # between overview and tiles
    tiles = drawn_tiles(page, grid, BASE_PX, drawn)
    layout.add_raster(tiles, TOKENS_PER_SIDE, whole(TOKENS_PER_SIDE, grid), row_end=1)
    return layout.plan(policy, page, grid)


_CITATION = "Dong et al., InternLM-XComposer2-4KHD (arXiv 2404.06512)"
register_policy(
    "xcomposer2-4khd",
    title="InternLM-XComposer2-4KHD",
    citation=f"{_CITATION}; InternLM/InternLM-XComposer",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=55,
)(partial(_plan, rule=along_long_side))
register_policy(
    "xcomposer2-4khd-short-side",
    title="InternLM-XComposer2-4KHD, by the short side (reconstructed)",
    citation=f"{_CITATION}, read as in the module",
    status=PolicyStatus.RECONSTRUCTED,
    default_cap=55,
)(partial(_plan, rule=along_short_side))
