"""Slicing of LLaVA-UHD v1 and v2 as released: base 336 px, patch 14 px, 144 tokens a view, overview last.

Sources: thunlp/LLaVA-UHD, `llava/slice_process.py` and `llava/model/llava_arch.py`, branches LLaVA-UHD-v1 (commit
dd7f6cc) and LLaVA-UHD-v2 (commit ec06a5b). The released code differs from the papers (cap 6, 64 tokens a view).
"""

from __future__ import annotations

from functools import partial

from engine.errors import PlanRefusedError
from engine.geometry import Size
from engine.slicing.grids import (
    UNSLICED,
    aspect_error,
    candidate_grids,
    check_page,
    fit,
    page_rect,
    slice_rects,
    snap_down,
)
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy

BASE_PX = 336
PATCH_PX = 14
TOKENS_PER_VIEW = 144
EVAL_LONG_SIDE_PX = 1024
TEXTVQA_LONG_SIDE_PX = 1536
PRE_RESIZED_PX = {
    "llava-uhd-v1-eval": EVAL_LONG_SIDE_PX,
    "llava-uhd-v2-eval": EVAL_LONG_SIDE_PX,
    "llava-uhd-v2-eval-1536": TEXTVQA_LONG_SIDE_PX,
}
"""The policies that resize the page before they slice it, and the long side they give it."""

_V1_CITATION = "Xu et al., LLaVA-UHD, ECCV 2024 (arXiv 2403.11703); thunlp/LLaVA-UHD dd7f6cc"
_V2_CITATION = "Zhang et al., LLaVA-UHD v2 (arXiv 2412.13871); thunlp/LLaVA-UHD ec06a5b"


@register_policy(
    "llava-uhd-v1",
    title="LLaVA-UHD",
    citation=_V1_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=7,
    runs_on=RunsOn.UHD,
)
@register_policy(
    "llava-uhd-v2",
    title="LLaVA-UHD v2",
    citation=_V2_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    runs_on=RunsOn.UHD,
)
def plan_native(policy: str, page: Size, cap: int) -> SlicePlan:
    """The plan of the page at its own size. Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    return _plan(policy, page, page, cap)


def _plan_pre_resized(policy: str, page: Size, cap: int, *, long_side: int) -> SlicePlan:
    """The plan of the evaluation scripts, which first resize the page (see `pre_resized`).

    Rectangles are in pixels of `page` itself. Raises PlanRefusedError where a side is or becomes 0 px.
    """
    return _plan(policy, page, pre_resized(page, long_side), cap)


def pre_resized(page: Size, long_side: int = EVAL_LONG_SIDE_PX) -> Size:
    """`page` with its long side made `long_side` px, up or down (`resize_image_keep_ratio`).

    Raises PlanRefusedError where the short side is or becomes 0 px.
    """
    check_page(page)
    scale = long_side / max(page.width, page.height)
    if page.width > page.height:
        resized = Size(long_side, int(scale * page.height))
    else:
        resized = Size(int(scale * page.width), long_side)
    if resized.width == 0 or resized.height == 0:
        raise PlanRefusedError(
            f"A page of {page} px is too narrow for this policy: with its long side resized to "
            f"{long_side} px, the short one has no pixel left."
        )
    return resized


def separators(grid: Grid) -> str:
    """What follows each slice in the sequence, row-major: "," inside a row, a newline after its last slice."""
    return ("," * (grid.cols - 1) + "\n") * grid.rows


def _plan(policy: str, page: Size, sliced: Size, cap: int) -> SlicePlan:
    """The plan of `sliced`, the pixels the slicing code sees, drawn on `page`."""
    grid = min(candidate_grids(sliced, BASE_PX, cap), key=partial(aspect_error, sliced), default=UNSLICED)
    views: list[View] = []
    start = 0
    if grid != UNSLICED:
        size = _slice_size(sliced, grid)
        for index, (rect, separator) in enumerate(zip(slice_rects(page, grid), separators(grid), strict=True)):
            row, col = divmod(index, grid.cols)
            end = start + TOKENS_PER_VIEW
            views.append(View(ViewKind.SLICE, row, col, rect, size, TOKENS_PER_VIEW, (start, end)))
            start = end + len(separator)
    size = fit(sliced.width, sliced.height, BASE_PX, _snap, force=grid == UNSLICED)
    end = start + TOKENS_PER_VIEW
    views.append(View(ViewKind.OVERVIEW, None, None, page_rect(page), size, TOKENS_PER_VIEW, (start, end)))
    return SlicePlan(policy, page, grid, tuple(views), TOKENS_PER_VIEW * len(views), end)


def _slice_size(sliced: Size, grid: Grid) -> Size:
    width = snap_down(sliced.width, grid.cols) / grid.cols
    height = snap_down(sliced.height, grid.rows) / grid.rows
    return fit(width, height, BASE_PX, _snap, force=True)


def _snap(length: float) -> int:
    return snap_down(length, PATCH_PX)


for _id, _title, _citation, _cap in (
    ("llava-uhd-v1-eval", "LLaVA-UHD, evaluation (1024 px)", _V1_CITATION, 7),
    ("llava-uhd-v2-eval", "LLaVA-UHD v2, evaluation (1024 px)", _V2_CITATION, 9),
    ("llava-uhd-v2-eval-1536", "LLaVA-UHD v2, evaluation (1536 px)", _V2_CITATION, 9),
):
    register_policy(
        _id,
        title=_title,
        citation=_citation,
        status=PolicyStatus.EXACT_FROM_CODE,
        default_cap=_cap,
        runs_on=RunsOn.UHD,
    )(partial(_plan_pre_resized, long_side=PRE_RESIZED_PX[_id]))
