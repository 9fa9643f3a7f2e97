"""Slicing of LLaVA-1.5 and LLaVA-NeXT: one padded or cropped square, and tiles of the best of five canvases.

Sources: haotian-liu/LLaVA c121f04, `llava/mm_utils.py` (`expand2square`, `select_best_resolution`) and
`llava/model/llava_arch.py` (`unpad_image`); transformers 5.23, `models/clip/image_processing_pil_clip.py` and
`models/llava_next`. The two projects read the same list of
canvases as (width, height) and as (height, width), so pages on which two canvases tie are turned a quarter.
"""

from __future__ import annotations

from functools import partial

from engine.geometry import PixelRect, Size
from engine.slicing.grids import UNSLICED, check_page, page_rect
from engine.slicing.layout import Layout, Picture, Window, whole
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy
from engine.slicing.tiles import fullest_grid, padded_tiles, square, stretched

BASE_PX = 336
TOKENS_PER_SIDE = 24

_NEXT_CITATION = "Liu et al., LLaVA-NeXT (January 2024, after arXiv 2310.03744)"
_CANVASES = ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))
"""In tiles, in the order in which the released configurations list them."""


@register_policy(
    "llava-1.5",
    title="LLaVA-1.5, padded square",
    citation="Liu et al., LLaVA-1.5 (arXiv 2310.03744); haotian-liu/LLaVA c121f04",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=1,
    takes_cap=False,
    runs_on=RunsOn.OWN_MODEL,
)
def plan_padded(policy: str, page: Size, _cap: int) -> SlicePlan:
    """The page in the middle of a square. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    layout = Layout()
    layout.add(padded_square(page, BASE_PX), TOKENS_PER_SIDE**2)
    return layout.plan(policy, page, UNSLICED)


@register_policy(
    "llava-1.5-crop",
    title="LLaVA-1.5, center crop",
    citation="Liu et al., LLaVA-1.5 (arXiv 2310.03744); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=1,
    takes_cap=False,
    runs_on=RunsOn.OWN_MODEL,
)
def plan_cropped(policy: str, page: Size, _cap: int) -> SlicePlan:
    """The middle of the page alone, as checkpoints in transformers' layout see it: its short side is resized to the
    view's, its long side cut off on both ends. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    short, long = sorted((page.width, page.height))
    resized = int(BASE_PX * long / short)
    start, length = (resized - BASE_PX) // 2 * long / resized, BASE_PX * long / resized
    upright = page.width <= page.height
    rect = PixelRect(0.0, start, float(short), length) if upright else PixelRect(start, 0.0, length, float(short))
    layout = Layout()
    layout.add(Picture(rect, square(BASE_PX)), TOKENS_PER_SIDE**2)
    return layout.plan(policy, page, UNSLICED)


def padded_square(page: Size, side: int) -> Picture:
    """The page padded to a square first, its offset rounded down, then resized to `side` px (`expand2square`)."""
    long = max(page.width, page.height)
    left, top = (long - page.width) // 2, (long - page.height) // 2
    # Multiplied first, so that the long side becomes `side` and not a little more.
    drawn = PixelRect(*(each * side / long for each in (left, top, page.width, page.height)))
    return Picture(page_rect(page), square(side), drawn=None if page.width == page.height else drawn)


def _plan_anyres(policy: str, page: Size, _cap: int, *, width_first: bool, digits: int | None) -> SlicePlan:
    """Overview, then the tiles as one raster without its padding. `digits` rounds before truncating, as transformers
    does. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    grids = [Grid(*pair) if width_first else Grid(*pair[::-1]) for pair in _CANVASES]
    grid = fullest_grid(page, grids, BASE_PX)
    layout = Layout()
    layout.add(stretched(page, BASE_PX), TOKENS_PER_SIDE**2)
    window = _unpadded(page, whole(TOKENS_PER_SIDE, grid), digits)
    layout.add_raster(padded_tiles(page, grid, BASE_PX), TOKENS_PER_SIDE, window, row_end=1)
    return layout.plan(policy, page, grid)


def _unpadded(page: Size, raster: Window, digits: int | None) -> Window:
    """The part of the raster that shows the page, as `unpad_image` computes it."""
    if page.width / page.height > raster.width / raster.height:
        kept = _truncated(page.height * (raster.width / page.width), digits)
        margin = (raster.height - kept) // 2
        return Window(0, margin, raster.width, raster.height - 2 * margin)
    kept = _truncated(page.width * (raster.height / page.height), digits)
    margin = (raster.width - kept) // 2
    return Window(margin, 0, raster.width - 2 * margin, raster.height)


def _truncated(length: float, digits: int | None) -> int:
    return int(length if digits is None else round(length, digits))


register_policy(
    "llava-next",
    title="LLaVA-NeXT",
    citation=f"{_NEXT_CITATION}; transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=4,
    takes_cap=False,
    runs_on=RunsOn.OWN_MODEL,
)(partial(_plan_anyres, width_first=False, digits=7))
register_policy(
    "llava-next-haotian",
    title="LLaVA-NeXT, first release",
    citation=f"{_NEXT_CITATION}; haotian-liu/LLaVA c121f04",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=4,
    takes_cap=False,
)(partial(_plan_anyres, width_first=True, digits=None))
