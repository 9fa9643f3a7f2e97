"""Slicing of SliME: a stretched overview of 576 tokens, then two to seven padded tiles of 144 as one raster.

Source: yfzhang114/SliME 5c89ec9, `llava/mm_utils.py` (`select_best_resolution_uhd`, which replaces the list of canvases
that its configuration names) and `llava/model/llava_arch.py`. Tokens are counted before the text-guided selector,
which drops about 6 % of the tiles' at the released threshold.
"""

from __future__ import annotations

import math

from engine.geometry import Size
from engine.slicing.grids import check_page
from engine.slicing.layout import Layout, whole
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import fullest_grid, padded_tiles, stretched

BASE_PX = 336
OVERVIEW_TOKENS = 576
TILE_TOKENS_PER_SIDE = 12
FEWEST_WANTED, MOST_WANTED = 2, 6


@register_policy(
    "slime",
    title="SliME",
    citation="Zhang et al., Beyond LLaVA-HD / SliME (arXiv 2406.08487); yfzhang114/SliME 5c89ec9",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=MOST_WANTED + 1,
    takes_cap=False,
)
def plan(policy: str, page: Size, _cap: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = fullest_grid(page, _candidates(page), BASE_PX)
    layout = Layout()
    layout.add(stretched(page, BASE_PX), OVERVIEW_TOKENS)
    layout.skip()  # the separator
    tiles = padded_tiles(page, grid, BASE_PX)
    layout.add_raster(tiles, TILE_TOKENS_PER_SIDE, whole(TILE_TOKENS_PER_SIDE, grid), row_end=0)
    return layout.plan(policy, page, grid)


def _candidates(page: Size) -> list[Grid]:
    wanted = min(max(math.ceil(page.area / (BASE_PX * BASE_PX)), FEWEST_WANTED), MOST_WANTED)
    counts = range(max(wanted - 1, FEWEST_WANTED), wanted + 2)
    return [Grid(cols, count // cols) for count in counts for cols in range(1, count + 1) if count % cols == 0]
