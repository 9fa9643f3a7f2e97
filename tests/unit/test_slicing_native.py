"""Policies against the plans that the readers of the same models state, which follow the published processors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.geometry import Size
from engine.readers.native.adapter import NativeModel
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan
from tests.unit.native_models import load_tiny, save_tiny

CORNERS = ((1, 1), (1, 9), (30, 400), (335, 337), (336, 672), (449, 447), (1000, 1000), (810, 275))
PAGES = ((595, 842), (1240, 1754), (2480, 3508), (1280, 720), (1920, 1080), (800, 600), (300, 1500), (3000, 400))
TIES = ((1, 13), (134, 210), (320, 240), (576, 4500), (6000, 1500), (75, 109), (131, 192), (1344, 448))
PAIRS = {*CORNERS, *PAGES, *TIES, *((height, width) for width, height in (*CORNERS, *PAGES, *TIES))}
SIZES = [Size(*pair) for pair in sorted(PAIRS)]
OCR = {"image_processor_type": "MiniCPMOcrImageProcessor", "max_slice_nums": 9, "downsample_mode": "4x"}
PADDED_LLAVA: dict[str, Any] = {"image_processor_type": "LlavaImageProcessor", "do_pad": True}
MODELS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "llava-1.5": ("llava", PADDED_LLAVA),
    "llava-next": ("llava_next", None),
    "internvl": ("internvl", None),
    "minicpm-ocr-adaptive": ("minicpm_ocr", {**OCR, "small_image_upsize": "adaptive"}),
    "minicpm-ocr-native": ("minicpm_ocr", {**OCR, "small_image_upsize": "never"}),
}


@pytest.fixture
def model(tmp_path: Path) -> Callable[[str], NativeModel]:
    def load(policy: str) -> NativeModel:
        family, images = MODELS[policy]
        return load_tiny(save_tiny(family, tmp_path, images))

    return load


@pytest.mark.parametrize("policy", MODELS)
def test_policy_agrees_with_the_reader_of_its_model(model: Callable[[str], NativeModel], policy: str) -> None:
    reader = model(policy)
    assert reader.own_policy == policy
    assert len(SIZES) >= 40
    for page in SIZES:
        ours, theirs = plan(policy, page), reader.plan(page, policy)
        assert without_rects(ours) == without_rects(theirs), page
        for own, other in zip(ours.views, theirs.views, strict=True):
            edges = (own.rect.x, own.rect.y, own.rect.width, own.rect.height)
            expected = (other.rect.x, other.rect.y, other.rect.width, other.rect.height)
            assert edges == pytest.approx(expected, abs=1e-6), page


def without_rects(made: SlicePlan) -> SlicePlan:
    """The plan without what readers leave out: the padding of its views; and without rectangles, which are compared
    to a fraction of a pixel instead."""
    blank = made.overview.rect
    return replace(made, views=tuple(replace(view, rect=blank, drawn=None) for view in made.views))
