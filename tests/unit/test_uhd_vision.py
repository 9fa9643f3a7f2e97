"""The vision tower against what the published encoder computed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPVisionConfig

from engine.uhd.bridges import PatchGrid
from engine.uhd.published import TOWER, source_of
from engine.uhd.vision import VisionTower, layers_used
from tests.unit.uhd_models import Golden, one_thread, parity

__all__ = ["one_thread", "parity"]

TOLERANCE = 2e-5


def golden_tower(golden: Golden) -> VisionTower:
    """The golden file's tower, its weights found by their published names."""
    weights = golden.weights("clip.")
    config = CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=4, num_attention_heads=4, image_size=336, patch_size=14
    )
    tower = VisionTower(config, feature_layer=-2).eval()
    state = {}
    for name in tower.state_dict():
        (published,) = source_of(f"vision_tower.{name}", "windowed").names
        state[name] = weights[published.replace(TOWER, "vision_model.")]
    tower.load_state_dict(state)
    return tower


def test_features_of_any_aspect_equal_the_published_encoder(parity: Path) -> None:
    golden = Golden(parity / "v1_clip.safetensors", "cases")
    tower = golden_tower(golden)
    assert len(golden.cases) == 6
    for case in golden.cases:
        views = tower(golden[case["name"] + "pixel_values"])
        assert views.grid == PatchGrid(case["h"], case["w"])
        torch.testing.assert_close(views.features, golden[case["name"] + "select_m2_patch"], rtol=0, atol=TOLERANCE)


def test_unpadded_views_equal_the_padded_and_masked_ones_of_v2(parity: Path) -> None:
    tower = golden_tower(Golden(parity / "v1_clip.safetensors", "cases"))
    golden = load_file(parity / "v2_clip_padded.safetensors")
    for index, (rows, cols) in enumerate(((8, 10), (6, 9), (12, 5))):
        features = tower(golden[f"image{index}_{rows}x{cols}"][None]).features[0]
        torch.testing.assert_close(features, golden[f"hidden_m2_{index}"][1 : 1 + rows * cols], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("layer", "used"), [(-2, 23), (-1, 24), (23, 23), (0, 0)])
def test_only_the_layers_below_the_chosen_one_are_built(layer: int, used: int) -> None:
    assert layers_used(CLIPVisionConfig(num_hidden_layers=24), layer) == used
