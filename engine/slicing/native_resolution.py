"""The whole page at its own resolution in one view: Fuyu and OtterHD as rows of patches, Qwen2-VL and Qwen3-VL.

Sources: transformers 5.23, `models/fuyu/image_processing_pil_fuyu.py` (a page within 1920 x 1080 px keeps its size)
and `models/qwen2_vl/image_processing_pil_qwen2_vl.py` (`smart_resize`, with the bounds of the released checkpoints);
OtterHD (arXiv 2311.04219), which reads any size.
"""

from __future__ import annotations

import math
from functools import partial

from engine.errors import PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.slicing.grids import UNSLICED, check_page, page_rect
from engine.slicing.layout import Layout, Picture
from engine.slicing.plan import SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy
from engine.slicing.tiles import check_drawn

FUYU_PATCH_PX = 30
FUYU_LARGEST = Size(1920, 1080)
LONGEST_ASPECT = 200


def _plan_raster(policy: str, page: Size, _cap: int, *, largest: Size | None) -> SlicePlan:
    """Every row of patches ends with a newline; the last ones are padded on the right and below.

    Raises PlanRefusedError where a side is below 1 px or vanishes.
    """
    check_page(page)
    drawn = page if largest is None else _reduced(page, largest)
    check_drawn(page, drawn)
    cols, rows = -(-drawn.width // FUYU_PATCH_PX), -(-drawn.height // FUYU_PATCH_PX)
    size = Size(cols * FUYU_PATCH_PX, rows * FUYU_PATCH_PX)
    shown = None if drawn == size else PixelRect(0.0, 0.0, float(drawn.width), float(drawn.height))
    layout = Layout()
    layout.add(Picture(page_rect(page), size, drawn=shown), cols * rows, inserted=rows)
    return layout.plan(policy, page, UNSLICED)


def _reduced(page: Size, largest: Size) -> Size:
    if page.width <= largest.width and page.height <= largest.height:
        return page
    scale = min(largest.height / page.height, largest.width / page.width)
    return Size(int(page.width * scale), int(page.height * scale))


def _plan_qwen(policy: str, page: Size, _cap: int, *, step: int, fewest_px: int, most_px: int) -> SlicePlan:
    """One token for every `step` x `step` px, between two tags. Raises PlanRefusedError where a side is below 1 px or
    200 times longer than the other."""
    check_page(page)
    if max(page.width, page.height) / min(page.width, page.height) > LONGEST_ASPECT:
        raise PlanRefusedError(
            f"A page of {page} px is too long for this policy: one side is more than {LONGEST_ASPECT} times the other."
        )
    size = _bounded(page, step, fewest_px, most_px)
    layout = Layout()
    layout.skip()
    layout.add(Picture(page_rect(page), size), (size.width // step) * (size.height // step))
    layout.skip()
    return layout.plan(policy, page, UNSLICED)


def _bounded(page: Size, step: int, fewest_px: int, most_px: int) -> Size:
    """`smart_resize`: sides in whole steps, their product within bounds, the aspect kept as far as that allows."""
    width, height = round(page.width / step) * step, round(page.height / step) * step
    if width * height > most_px:
        scale = math.sqrt(page.area / most_px)
        width = max(step, math.floor(page.width / scale / step) * step)
        height = max(step, math.floor(page.height / scale / step) * step)
    elif width * height < fewest_px:
        scale = math.sqrt(fewest_px / page.area)
        width = math.ceil(page.width * scale / step) * step
        height = math.ceil(page.height * scale / step) * step
    return Size(width, height)


register_policy(
    "fuyu",
    title="Fuyu",
    citation="Bavishi et al., Fuyu-8B (2023); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=1,
    takes_cap=False,
)(partial(_plan_raster, largest=FUYU_LARGEST))
register_policy(
    "otterhd",
    title="OtterHD",
    citation="Li et al., OtterHD (arXiv 2311.04219)",
    status=PolicyStatus.EXACT_FROM_PAPER,
    default_cap=1,
    takes_cap=False,
)(partial(_plan_raster, largest=None))
register_policy(
    "qwen2-vl",
    title="Qwen2-VL, native",
    citation="Wang et al., Qwen2-VL (arXiv 2409.12191; also Awaker2.5-VL); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=1,
    takes_cap=False,
)(partial(_plan_qwen, step=28, fewest_px=56 * 56, most_px=12_845_056))
register_policy(
    "qwen3-vl",
    title="Qwen3-VL, native",
    citation="Qwen Team, Qwen3-VL (arXiv 2511.21631); transformers 5.23",
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=1,
    takes_cap=False,
)(partial(_plan_qwen, step=32, fewest_px=256 * 256, most_px=4096 * 4096))
