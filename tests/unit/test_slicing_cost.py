"""What plans cost: against published figures, and how the parts add up."""

from __future__ import annotations

import pytest

from engine.geometry import Size
from engine.slicing.cost import Rates, cost_of, prefill_flops, view_flops
from engine.slicing.policies import plan, policies, policy_ids
from engine.slicing.shapes import (
    CLIP_L,
    MINICPM_16X,
    QWEN3_5_0_8B,
    SIGLIP_400M,
    VICUNA_7B,
    VICUNA_13B,
    ModelShape,
    dense,
    published_shape,
)

A4 = Size(1240, 1754)


def test_llava_1_5_costs_what_its_authors_state() -> None:
    """LLaVA-UHD's paper: 15.50 TFLOP for LLaVA-1.5 13B at 336 px, 14.63 for its own 672 x 1008 px."""
    own = cost_of(plan("llava-1.5", Size(336, 336)), ModelShape("LLaVA-1.5 13B", CLIP_L, VICUNA_13B))
    assert own.flops / 1e12 == pytest.approx(15.50, rel=0.03)
    shape = published_shape("llava-uhd-paper")
    assert shape is not None
    assert cost_of(plan("llava-uhd-paper", Size(672, 1008)), shape).flops / 1e12 == pytest.approx(14.63, rel=0.03)


def test_merging_inside_the_tower_saves_what_v4_reports() -> None:
    """LLaVA-UHD v4 (arXiv 2605.08985): 3555 to 1573 GFLOP, less 55.8 %."""
    saved = 1 - view_flops(Size(448, 448), MINICPM_16X) / view_flops(Size(448, 448), SIGLIP_400M)
    assert saved == pytest.approx(0.558, abs=0.06)


def test_parameters_of_published_language_models() -> None:
    assert VICUNA_7B.parameters == pytest.approx(6.476e9, rel=0.001)
    assert dense(28, 3584, 18944, 512).parameters == pytest.approx(6.53e9, rel=0.01)
    assert dense(2, 8, 16, gated=False).parameters == 2 * (4 * 64 + 2 * 8 * 16)


def test_every_policy_but_three_has_a_published_shape() -> None:
    assert {each for each in policy_ids() if published_shape(each) is None} == {
        "flamingo",
        "deepseek-ocr-2",
        "unlimited-ocr",
    }
    assert published_shape("minicpm-v-16x:36") == published_shape("minicpm-v-16x")


def test_views_are_at_least_as_many_patches_as_tokens() -> None:
    for policy in policies():
        shape = published_shape(policy.id)
        for view in plan(policy.id, A4).views if shape else ():
            assert shape is not None
            patches = (view.size.width // shape.vision.patch_px) * (view.size.height // shape.vision.patch_px)
            assert patches + 1 >= view.tokens, policy.id


def test_cost_adds_up() -> None:
    made = plan("minicpm-v-16x", A4)
    shape = ModelShape("MiniCPM-V", MINICPM_16X, QWEN3_5_0_8B)
    cost = cost_of(made, shape)
    assert cost.vision_flops == pytest.approx(9 * view_flops(made.overview.size, MINICPM_16X), rel=0.05)
    assert cost.language_flops == prefill_flops(made.sequence, QWEN3_5_0_8B)
    assert cost.flops == cost.vision_flops + cost.language_flops
    assert cost.cache_bytes == made.sequence * 6 * 1024 * 2
    assert cost.seconds(Rates(cost.vision_flops, cost.language_flops / 3)) == pytest.approx(4)


def test_a_model_without_a_tower_costs_its_patches_alone() -> None:
    shape = published_shape("otterhd")
    assert shape is not None
    assert cost_of(plan("otterhd", A4), shape).vision_flops == 0


def test_more_positions_cost_more_than_their_share() -> None:
    assert prefill_flops(2000, VICUNA_7B) > 2 * prefill_flops(1000, VICUNA_7B)
    assert prefill_flops(0, VICUNA_7B) == 0
