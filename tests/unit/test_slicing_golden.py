"""Every golden size of every policy: what the released code computed, field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PlanRefusedError
from engine.geometry import Size
from engine.slicing.llava_uhd import pre_resized, separators
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import plan

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "slices.json").read_text(encoding="utf-8"))
LLAVA_UHD = {"v1_max7": "llava-uhd-v1", "v1_eval_1024_max7": "llava-uhd-v1-eval", "v2_max9": "llava-uhd-v2"}
MINICPM_V = {
    "minicpmv4_7_16x": "minicpm-v-16x",
    "minicpmv4_7_4x": "minicpm-v-4x",
    "minicpmv4_7_16x_M36": "minicpm-v-16x:36",
}


def wh(view: View) -> list[int]:
    return [view.size.width, view.size.height]


def hw(view: View) -> list[int]:
    return [view.size.height, view.size.width]


def patches_hw(view: View) -> list[int]:
    return [view.size.height // 14, view.size.width // 14]


def separators_by_spans(plan: SlicePlan) -> str:
    """What stands in the sequence between the views, told from the holes that their spans leave."""
    holes = [(a, b.span[0] - a.span[1]) for a, b in zip(plan.views, plan.views[1:], strict=False)]
    return "".join(("\n" if view.col == plan.grid.cols - 1 else ",") * hole for view, hole in holes)


def llava_uhd_row(policy: str, size: Size) -> dict[str, Any]:
    """The plan in the golden file's own terms."""
    try:
        made = plan(policy, size)
    except PlanRefusedError:
        return {"error": "ValueError: height and width must be > 0"}
    row: dict[str, Any] = {
        "overview": wh(made.overview),
        "grid": [made.grid.cols, made.grid.rows] if made.slices else None,
        "n_slices": len(made.slices),
        "overview_patches_hw": patches_hw(made.overview),
        "visual_tokens_q144": made.tokens,
        "llm_positions_q144": made.sequence,
    }
    if made.slices:
        assert len({view.size for view in made.slices}) == 1
        assert separators_by_spans(made) == separators(made.grid)
        row |= {
            "slice": wh(made.slices[0]),
            "ind_tokens": separators(made.grid),
            "slice_patches_hw": patches_hw(made.slices[0]),
        }
    if policy == "llava-uhd-v1-eval":
        resized = pre_resized(size)
        row["pre_resized"] = [resized.width, resized.height]
    return row


def minicpm_v_row(policy: str, size: Size) -> dict[str, Any]:
    """The plan in the golden file's own terms."""
    made = plan(policy, size)
    row: dict[str, Any] = {
        "grid_rows_cols": [made.grid.rows, made.grid.cols],
        "source_hw": hw(made.overview),
        "target_sizes_first_two": [patches_hw(view) for view in made.views[:2]],
        "n_patches": len(made.views),
        "tokens_source": made.overview.tokens,
        "tokens_per_slice": made.slices[0].tokens if made.slices else 0,
        "tokens_total": made.tokens,
    }
    if made.slices:
        assert len({view.size for view in made.slices}) == 1
        height, width = hw(made.slices[0])
        row |= {"slice_hw": [height, width], "refine_hw": [height * made.grid.rows, width * made.grid.cols]}
    return row


def test_golden_file_holds_280_sizes() -> None:
    assert len(GOLDEN["items"]) == GOLDEN["count"] == 280


@pytest.mark.parametrize("key", LLAVA_UHD)
def test_llava_uhd_equals_released_code_on_every_size(key: str) -> None:
    for item in GOLDEN["items"]:
        size = Size(item["w"], item["h"])
        assert llava_uhd_row(LLAVA_UHD[key], size) == item[key], size


@pytest.mark.parametrize("key", MINICPM_V)
def test_minicpm_v_equals_transformers_on_every_size(key: str) -> None:
    for item in GOLDEN["items"]:
        size = Size(item["w"], item["h"])
        made = minicpm_v_row(MINICPM_V[key], size)
        assert {field: made[field] for field in item[key]} == item[key], size


@pytest.mark.parametrize("size", [Size(0, 100), Size(100, 0), Size(0, 0), Size(-5, 100), Size(100, -5), Size(-5, -5)])
@pytest.mark.parametrize("policy", [*LLAVA_UHD.values(), *MINICPM_V.values()])
def test_sides_below_one_pixel_are_refused(policy: str, size: Size) -> None:
    with pytest.raises(PlanRefusedError, match="at least 1 px"):
        plan(policy, size)
