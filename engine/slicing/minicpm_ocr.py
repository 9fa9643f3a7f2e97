"""Slicing of MiniCPM-OCR 1.0: MiniCPM-V's grid with 4 patches a token, small views kept small.

Source: transformers 5.23, `models/minicpm_ocr/image_processing_minicpm_ocr.py`. Its setting `always` is
`minicpm-v-4x`. `never` keeps an unsliced page's own size. `adaptive` looks at the glyphs of each view and may give it
fewer pixels; a size alone does not tell, so the plan here is the most it can cost. The reader plans from pixels.
"""

from __future__ import annotations

from engine.geometry import Size
from engine.slicing.minicpm_v import plan_4x, plan_views
from engine.slicing.plan import SlicePlan
from engine.slicing.registry import PolicyStatus, RunsOn, register_policy

_CITATION = "OpenBMB, MiniCPM-OCR 1.0 (2026; slicing of arXiv 2408.01800); transformers 5.23"

register_policy(
    "minicpm-ocr-adaptive",
    title="MiniCPM-OCR, adaptive (at most)",
    citation=_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    runs_on=RunsOn.MINICPM_OCR,
)(plan_4x)


@register_policy(
    "minicpm-ocr-native",
    title="MiniCPM-OCR, small pages native",
    citation=_CITATION,
    status=PolicyStatus.EXACT_FROM_CODE,
    default_cap=9,
    runs_on=RunsOn.MINICPM_OCR,
)
def plan_native(policy: str, page: Size, cap: int) -> SlicePlan:
    """Raises PlanRefusedError where a side is below 1 px."""
    return plan_views(policy, page, cap, merge=2, enlarge=False)
