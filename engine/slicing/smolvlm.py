"""Slicing of SmolVLM: the page enlarged or reduced to a long side of four tiles, stretched to whole tiles.

Source: transformers 5.23, `models/smolvlm/image_processing_pil_smolvlm.py`, with the sizes that the checkpoints were
saved with: 512 px tiles of 64 tokens (256M, 500M), 384 px tiles of 81 tokens (2.2B).
"""

from __future__ import annotations

from functools import partial

from engine.geometry import Size
from engine.slicing.grids import check_page
from engine.slicing.marked import plan_marked
from engine.slicing.plan import Grid, SlicePlan
from engine.slicing.registry import PolicyStatus, register_policy

TILES_ON_LONG_SIDE = 4


def _plan(policy: str, page: Size, _cap: int, *, side: int, tokens: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    check_page(page)
    resized = _resized(page, TILES_ON_LONG_SIDE * side)
    return plan_marked(policy, page, Grid(-(-resized.width // side), -(-resized.height // side)), side, tokens)


def _resized(page: Size, long_side: int) -> Size:
    """Long side as told, the other one cut to whole pixels, made even and at least 1."""
    aspect = page.width / page.height
    if page.width >= page.height:
        return Size(long_side, max(_even(int(long_side / aspect)), 1))
    return Size(max(_even(int(long_side * aspect)), 1), long_side)


def _even(length: int) -> int:
    return length + length % 2


for _id, _title, _side, _tokens in (
    ("smolvlm", "SmolVLM 256M and 500M", 512, 64),
    ("smolvlm-2.2b", "SmolVLM 2.2B", 384, 81),
):
    register_policy(
        _id,
        title=_title,
        citation="Marafioti et al., SmolVLM (arXiv 2504.05299); transformers 5.23",
        status=PolicyStatus.EXACT_FROM_CODE,
        default_cap=TILES_ON_LONG_SIDE**2,
        takes_cap=False,
    )(partial(_plan, side=_side, tokens=_tokens))
