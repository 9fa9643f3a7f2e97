"""A policy that says which models run it, and what those models do with it."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from engine.geometry import Size
from engine.readers.native.minicpm_v import POLICIES
from engine.slicing.llava_uhd import PRE_RESIZED_PX, pre_resized
from engine.slicing.policies import RunsOn, plan, policies
from engine.uhd.processing import UhdProcessor
from tests.unit.sliced_models import sliced, tiny_loaded
from tests.unit.uhd_models import one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

PAGE = Image.effect_mandelbrot((620, 877), (-2, -1.5, 1, 1.5), 60).convert("RGB")
UHD = [policy.id for policy in policies() if policy.runs_on is RunsOn.UHD]


@pytest.mark.parametrize("policy", UHD)
def test_a_uhd_model_encodes_the_views_of_every_policy_that_says_so(policy: str) -> None:
    model = sliced(tiny_loaded())
    assert model.policy_for(policy) == policy
    made = model.plan(Size(*PAGE.size), policy)
    assert {view.size for view in made.views} == {view.size for view in plan(policy, Size(*PAGE.size)).views}
    pixels = model.cut(PAGE, made)
    assert [each.shape[1:] for each in pixels] == [(view.size.height, view.size.width) for view in made.views]
    assert model.encode(made.views[0], pixels[0]).shape[0] == made.views[0].tokens


def test_a_uhd_model_keeps_to_its_own_policy_where_another_is_a_preview() -> None:
    model = sliced(tiny_loaded(policy="llava-uhd-v2"))
    others = [policy.id for policy in policies() if policy.runs_on is not RunsOn.UHD]
    assert {"llava-uhd-v3", "llava-uhd-v3-train", "minicpm-v-16x", "slime"} < set(others)
    assert {model.policy_for(policy) for policy in others} == {"llava-uhd-v2"}


@pytest.mark.parametrize("policy", PRE_RESIZED_PX)
def test_pages_that_a_policy_resizes_first_are_cut_from_the_resized_pixels(policy: str) -> None:
    processor = UhdProcessor.for_model(tiny_config(queries=144), tiny_tokenizer())
    resized = pre_resized(Size(*PAGE.size), PRE_RESIZED_PX[policy])
    assert max(resized.width, resized.height) == PRE_RESIZED_PX[policy]
    first = PAGE.resize((resized.width, resized.height), Image.Resampling.BICUBIC)
    expected = processor.views(first, policy.partition("-eval")[0]).pixels
    found = processor.views(PAGE, policy).pixels
    assert len(found) == len(expected) > 1
    assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))


def test_minicpm_v_runs_what_says_so() -> None:
    assert {policy.id for policy in policies() if policy.runs_on is RunsOn.MINICPM_V} == set(POLICIES)
