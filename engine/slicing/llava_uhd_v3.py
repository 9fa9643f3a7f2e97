"""LLaVA-UHD v3: the whole page at its native resolution, compressed step by step inside the vision tower.

Source: thunlp/LLaVA-UHD 13981b5 (branch main), `llava/slice_process.py`. Patches are 10 px; two stages of the tower
merge 2 x 2 windows, so a token is 40 x 40 px. Training calls the same function so that pages above 1560 x 1560 px
are not enlarged before they are reduced; the difference is a few px of rounding.
"""

from __future__ import annotations

import math
from functools import partial

from engine.geometry import Size
from engine.slicing.grids import UNSLICED, check_page, page_rect, snap_down
from engine.slicing.layout import Layout, Picture
from engine.slicing.plan import SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy

LARGEST_PX, SMALLEST_PX = 1560, 512
"""Sides of the squares whose area a page is reduced or enlarged to."""
LONGEST_SIDE_PX = 5120
ENLARGED = 1.4
TOKEN_PX = 40

_CITATION = "LLaVA-UHD v3 (arXiv 2511.21150); thunlp/LLaVA-UHD 13981b5"


def _plan(policy: str, page: Size, _cap: int, *, training: bool) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    size = _resized(page, enlarge=not training or page.area <= LARGEST_PX * LARGEST_PX)
    layout = Layout()
    layout.add(Picture(page_rect(page), size), (size.width // TOKEN_PX) * (size.height // TOKEN_PX))
    return layout.plan(policy, page, UNSLICED)


def _resized(page: Size, *, enlarge: bool) -> Size:
    """The size that `find_best_resize` gives with `any_res`; every step truncates before the next one measures."""
    width: float = page.width * (ENLARGED if enlarge else 1)
    height: float = page.height * (ENLARGED if enlarge else 1)
    aspect = width / height
    if width * height > LARGEST_PX * LARGEST_PX:
        height = int(LARGEST_PX / math.sqrt(aspect))
        width = int(height * aspect)
    if width * height < SMALLEST_PX * SMALLEST_PX:
        height = int(SMALLEST_PX / math.sqrt(aspect))
        width = int(height * aspect)
    if max(width, height) > LONGEST_SIDE_PX:
        scale = LONGEST_SIDE_PX / max(width, height)
        width, height = int(width * scale), int(height * scale)
    return Size(min(snap_down(width, TOKEN_PX), LONGEST_SIDE_PX), min(snap_down(height, TOKEN_PX), LONGEST_SIDE_PX))


for _id, _title, _training in (
    ("llava-uhd-v3", "LLaVA-UHD v3", False),
    ("llava-uhd-v3-train", "LLaVA-UHD v3, training", True),
):
    register_policy(
        _id,
        title=_title,
        citation=_CITATION,
        status=PolicyStatus.EXACT_FROM_CODE,
        default_cap=1,
        takes_cap=False,
    )(partial(_plan, training=_training))
