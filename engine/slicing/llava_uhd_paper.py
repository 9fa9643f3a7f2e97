"""Slicing of LLaVA-UHD as its paper describes it: six slices wanted at most, 64 tokens a view.

The paper's search is the first public code's (`llava_uhd/train/llava-uhd/slice_logic.py`, thunlp/LLaVA-UHD 7a3a1b6),
which the release replaced: the neighbour above the limit competes too, so there may be seven slices, and one slice
competes with two on small pages. Separators and order are the release's (see `llava_uhd`).
"""

from __future__ import annotations

import math

from engine.geometry import Size
from engine.slicing.grids import UNSLICED, aspect_error, check_page, page_rect, slice_rects
from engine.slicing.layout import Layout, Picture
from engine.slicing.llava_uhd import BASE_PX, PATCH_PX, separators
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy

TOKENS_PER_VIEW = 64
MOST_WANTED = 6
MOST_PATCHES = (BASE_PX // PATCH_PX) ** 2


@register_policy(
    "llava-uhd-paper",
    title="LLaVA-UHD, paper",
    citation="Xu et al., LLaVA-UHD (arXiv 2403.11703v1), section 3.1; thunlp/LLaVA-UHD 7a3a1b6",
    status=PolicyStatus.EXACT_FROM_PAPER,
    default_cap=MOST_WANTED + 1,
    takes_cap=False,
    runs_on=RunsOn.UHD,
)
def plan(policy: str, page: Size, _cap: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grid = min(_candidates(page), key=lambda each: aspect_error(page, each))
    if grid == Grid(1, 1):
        grid = UNSLICED
    layout = Layout()
    if grid != UNSLICED:
        size = _adapted(Size(page.width // grid.cols, page.height // grid.rows))
        for index, (rect, separator) in enumerate(zip(slice_rects(page, grid), separators(grid), strict=True)):
            layout.add(Picture(rect, size, *divmod(index, grid.cols)), TOKENS_PER_VIEW)
            layout.skip(len(separator))
    layout.add(Picture(page_rect(page), _adapted(page)), TOKENS_PER_VIEW)
    return layout.plan(policy, page, grid)


def _candidates(page: Size) -> list[Grid]:
    wanted = min(math.ceil(page.area / (BASE_PX * BASE_PX)), MOST_WANTED)
    counts = [wanted, wanted + 1] if wanted <= 2 else [wanted - 1, wanted, wanted + 1]
    return [Grid(cols, count // cols) for count in counts for cols in range(1, count + 1) if count % cols == 0]


def _adapted(source: Size) -> Size:
    """The largest whole number of patches, at most 576, of the source's aspect (`adapt_size`)."""
    scale = math.sqrt(MOST_PATCHES * (PATCH_PX / source.height) * (PATCH_PX / source.width))
    sides = (max(min(math.floor(scale * side / PATCH_PX), MOST_PATCHES), 1) for side in (source.width, source.height))
    width, height = sides
    return Size(width * PATCH_PX, height * PATCH_PX)
