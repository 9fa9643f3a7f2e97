"""Slicing of MiniCPM-V 4.6 and 4.7: base 448 px, patch 14 px, 16 or 4 patches a token, overview first.

Sources: transformers 5.23, `models/minicpmv4_6/image_processing_minicpmv4_6.py` for sizes and
`models/minicpmv4_7/processing_minicpmv4_7.py` for the sequence. `SlicePlan.sequence` and the spans count every
position that `replace_image_token` and `_prepend_local_ids` lay out for the first image of a prompt: the image id,
which the processor writes by default, start and end tokens, and the newline between rows of slices.
"""

from __future__ import annotations

from functools import partial

from engine.geometry import PixelRect, Size
from engine.slicing.grids import (
    UNSLICED,
    aspect_error,
    candidate_grids,
    check_page,
    fit,
    page_rect,
    slice_rects,
    snap_nearest,
)
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy

BASE_PX = 448
PATCH_PX = 14
IMAGE_ID_POSITIONS = 3
"""`<image_id>`, one digit, `</image_id>`. The eleventh image of a prompt takes one more."""

_CITATION = "Yao et al., MiniCPM-V (arXiv 2408.01800); openbmb/MiniCPM-V-4.7-1B as in transformers 5.23"


@register_policy(
    "minicpm-v-16x",
    title="MiniCPM-V 16x",
    citation=_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    runs_on=RunsOn.MINICPM_V,
)
def plan_16x(policy: str, page: Size, cap: int) -> SlicePlan:
    """The plan with 16 patches merged into a token. Raises PlanRefusedError where a side is below 1 px."""
    return plan_views(policy, page, cap, merge=4)


@register_policy(
    "minicpm-v-4x",
    title="MiniCPM-V 4x",
    citation=_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    runs_on=RunsOn.MINICPM_V,
)
def plan_4x(policy: str, page: Size, cap: int) -> SlicePlan:
    """The plan with 4 patches merged into a token. Raises PlanRefusedError where a side is below 1 px."""
    return plan_views(policy, page, cap, merge=2)


def plan_views(policy: str, page: Size, cap: int, *, merge: int, enlarge: bool = True) -> SlicePlan:
    """`merge` x `merge` patches become one token, so every view is snapped to multiples of 14 * `merge` px.

    An unsliced page is enlarged to the base size unless `enlarge` is false. Raises PlanRefusedError.
    """
    check_page(page)
    grid = _best_grid(page, cap)
    step = PATCH_PX * merge
    snap = partial(snap_nearest, step=step)
    size = fit(page.width, page.height, BASE_PX, snap, force=enlarge and grid == UNSLICED)
    placed: list[tuple[int | None, int | None, PixelRect, Size]] = [(None, None, page_rect(page), size)]
    if grid != UNSLICED:
        width = snap_nearest(page.width, grid.cols) / grid.cols
        height = snap_nearest(page.height, grid.rows) / grid.rows
        size = fit(width, height, BASE_PX, snap, force=True)
        placed += [(*divmod(i, grid.cols), rect, size) for i, rect in enumerate(slice_rects(page, grid))]
    views: list[View] = []
    position = IMAGE_ID_POSITIONS
    for row, col, rect, size in placed:
        if row is not None and row > 0 and col == 0:
            position += 1  # the newline between two rows of slices
        start = position + 1  # <image> or <slice>
        tokens = (size.width // step) * (size.height // step)
        kind = ViewKind.OVERVIEW if row is None else ViewKind.SLICE
        views.append(View(kind, row, col, rect, size, tokens, (start, start + tokens)))
        position = start + tokens + 1  # </image> or </slice>
    return SlicePlan(policy, page, grid, tuple(views), sum(view.tokens for view in views), position)


def _best_grid(page: Size, cap: int) -> Grid:
    """The candidate nearest to the page's aspect; of two exactly as near, the one with more rows, then the first."""
    return min(
        candidate_grids(page, BASE_PX, cap),
        key=lambda grid: (aspect_error(page, grid), -grid.rows),
        default=UNSLICED,
    )
