"""Every golden size of every policy: what the released code computed, field by field, and the published tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import PlanRefusedError
from engine.geometry import Size
from engine.slicing.llava_uhd import PRE_RESIZED_PX, pre_resized, separators
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import plan, policy_ids

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "slices.json").read_text(encoding="utf-8"))
TABLES = json.loads((Path(__file__).parent.parent / "golden" / "policy_tables.json").read_text(encoding="utf-8"))
LLAVA_UHD = {
    "v1_max7": "llava-uhd-v1",
    "v1_eval_1024_max7": "llava-uhd-v1-eval",
    "v2_max9": "llava-uhd-v2",
    "v2_train_max7": "llava-uhd-v2:7",
    "v2_eval_1024_max9": "llava-uhd-v2-eval",
    "v2_eval_textvqa_1536_max9": "llava-uhd-v2-eval-1536",
}
MINICPM_V = {
    "minicpmv4_7_16x": "minicpm-v-16x",
    "minicpmv4_7_4x": "minicpm-v-4x",
    "minicpmv4_7_16x_M36": "minicpm-v-16x:36",
    "minicpm_ocr_16x": "minicpm-v-16x",
    "minicpm_ocr_4x": "minicpm-ocr-adaptive",
    "minicpm_ocr_4x_M36": "minicpm-ocr-adaptive:36",
    "minicpm_ocr_4x_small_never": "minicpm-ocr-native",
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
    if policy in PRE_RESIZED_PX:
        resized = pre_resized(size, PRE_RESIZED_PX[policy])
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


def uhd_paper_row(size: Size) -> dict[str, Any]:
    made = plan("llava-uhd-paper", size)
    whole = made.slices[0] if made.slices else made.overview
    return {
        "grid": [made.grid.cols or 1, made.grid.rows or 1],
        "slice_patches_hw": patches_hw(whole),
        "overview_patches_hw": patches_hw(made.overview),
        "n_slices": len(made.slices),
    }


def uhd_v3_row(policy: str, size: Size) -> dict[str, Any]:
    made = plan(policy, size)
    assert made.tokens * 40 * 40 == made.overview.size.area
    return {"resized": wh(made.overview)}


def llava_next_row(size: Size) -> dict[str, Any]:
    """The first release's terms: the map of all tiles without its padding, one newline a row, 576 base tokens."""
    made = plan("llava-next-haotian", size)
    height = made.sequence - made.tokens
    width = (made.tokens - 576) // height if height else made.grid.cols * 24
    return {
        "best_resolution_wh": [made.grid.cols * 336, made.grid.rows * 336],
        "grid": [made.grid.cols, made.grid.rows],
        "unpadded_hw": [height, width],
        "tokens_spatial_unpad": made.sequence,
        "tokens_flat": 576 * len(made.views),
    }


def llava_next_hf_row(size: Size) -> dict[str, Any]:
    made = plan("llava-next", size)
    return {
        "best_resolution_hw": [made.grid.rows * 336, made.grid.cols * 336],
        "grid": [made.grid.cols, made.grid.rows],
        "tokens": made.sequence,
    }


def llava_15_row(size: Size) -> dict[str, Any]:
    made = plan("llava-1.5", size)
    across, down = made.overview.scale
    assert across == pytest.approx(down)
    return {"padded": [round(336 / across)] * 2, "tokens": made.sequence}


OTHERS: dict[str, Callable[[Size], dict[str, Any]]] = {
    "v0_initial_max6plus1": uhd_paper_row,
    "v3_anyres_1560_p40_neversplit": lambda size: uhd_v3_row("llava-uhd-v3", size),
    "v3_anyres_1560_p40_train": lambda size: uhd_v3_row("llava-uhd-v3-train", size),
    "llava_next_haotian": llava_next_row,
    "llava_next_hf": llava_next_hf_row,
    "llava15_pad": llava_15_row,
}


def test_golden_file_holds_280_sizes() -> None:
    assert len(GOLDEN["items"]) == GOLDEN["count"] == 280


def test_every_key_of_the_golden_file_is_compared() -> None:
    compared = {"w", "h", "tag", *LLAVA_UHD, *MINICPM_V, *OTHERS}
    assert {key for item in GOLDEN["items"] for key in item} == compared


@pytest.mark.parametrize("key", OTHERS)
def test_other_policies_equal_their_published_code_on_every_size(key: str) -> None:
    for item in GOLDEN["items"]:
        size = Size(item["w"], item["h"])
        assert OTHERS[key](size) == item[key], size


def test_llava_nexts_two_readings_of_its_canvases_disagree_where_they_are_known_to() -> None:
    known = {tuple(row[:2]): tuple(row[2:]) for row in GOLDEN["notes"]["llava_next_token_disagreements_haotian_vs_hf"]}
    found = {}
    for item in GOLDEN["items"]:
        size = Size(item["w"], item["h"])
        counts = plan("llava-next-haotian", size).sequence, plan("llava-next", size).sequence
        if counts[0] != counts[1]:
            found[item["w"], item["h"]] = counts
    assert found.items() <= known.items()
    assert found


def cell_of(policy: str, figure: str, size: Size, cell: str) -> str:
    """The plan as a table's cell writes it: the figure only where the cell has one, to as many digits."""
    made = plan(policy, size)
    text = f"{made.grid.cols}x{made.grid.rows}"
    number: int = getattr(made, figure)
    if "~" in cell:
        return f"{text} ~{float(f'{number:.2g}'):.0f}"
    return f"{text} {number}" if " " in cell else text


@pytest.mark.parametrize("row", TABLES["table"], ids=lambda row: row["policy"])
def test_published_table_of_six_page_shapes(row: dict[str, Any]) -> None:
    for (width, height), cell in zip(TABLES["pages"], row["cells"], strict=True):
        if cell is not None:
            assert cell_of(row["policy"], row["figure"], Size(width, height), cell) == cell, (width, height)


@pytest.mark.parametrize(("width", "height", "cell"), TABLES["slime_grids"])
def test_published_grids_of_slime(width: int, height: int, cell: str) -> None:
    assert cell_of("slime", "tokens", Size(width, height), cell) == cell


@pytest.mark.parametrize(("width", "height", "cell"), TABLES["hires_grids"])
def test_grids_of_the_reconstruction_of_hires_llava(width: int, height: int, cell: str) -> None:
    assert cell_of("hires-llava", "tokens", Size(width, height), cell) == cell


@pytest.mark.parametrize(("policy", "figure", "count"), TABLES["a4_150_dpi"])
def test_published_counts_on_an_a4_page(policy: str, figure: str, count: int) -> None:
    assert getattr(plan(policy, Size(1240, 1754)), figure) == count


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
@pytest.mark.parametrize("policy", policy_ids())
def test_sides_below_one_pixel_are_refused(policy: str, size: Size) -> None:
    with pytest.raises(PlanRefusedError, match="at least 1 px"):
        plan(policy, size)
