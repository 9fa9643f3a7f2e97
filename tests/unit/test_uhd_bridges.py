"""Bridges against what the published code computed (golden files outside the repository) and against plain loops."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from engine.errors import CheckpointError, PlanRefusedError
from engine.uhd.bridges import Bridge, PatchGrid, ViewFeatures, build_bridge
from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.hiwin import HiwinResampler
from engine.uhd.bridges.positions import resize_positions, sincos_positions
from engine.uhd.bridges.pyramid import weighted_neighbours
from engine.uhd.bridges.windowed import WindowedResampler
from engine.uhd.bridges.windows import axis_weights, pool_grid, pool_positions, pool_windows
from engine.uhd.checkpoints import bridge_state
from tests.unit.uhd_models import FEATURE_BRIDGES, Golden, one_thread, parity, tiny_config

V1_TOLERANCE = 2e-5
V2_TOLERANCE = 5e-6
BF16_TOLERANCE = 0.05
GOLDEN_VISION_DIM, GOLDEN_DIM, GOLDEN_HEADS = 64, 256, 2

__all__ = ["one_thread", "parity"]


@pytest.fixture(scope="module")
def v1(parity: Path) -> Golden:
    return Golden(parity / "v1_resampler.safetensors", "cases")


@pytest.fixture(scope="module")
def v2(parity: Path) -> Golden:
    return Golden(parity / "v2_jbu_hiwin.safetensors", "runs")


def test_windowed_resampler_equals_the_published_code(v1: Golden) -> None:
    bridge = WindowedResampler(GOLDEN_VISION_DIM, GOLDEN_DIM, 144, GOLDEN_HEADS)
    bridge.load_state_dict(bridge_state("windowed", bridge.state_dict(), v1.weights("weights.")))
    assert len(v1.cases) == 10
    for case in v1.cases:
        grid = PatchGrid(case["h"], case["w"])
        assert pool_grid(grid) == PatchGrid(*case["pool_hw"])
        tokens = bridge(ViewFeatures(v1[case["name"] + "x"], grid, torch.empty(0)))
        torch.testing.assert_close(tokens, v1[case["name"] + "y"], rtol=0, atol=V1_TOLERANCE)


def test_positions_of_keys_equal_the_published_code(v1: Golden) -> None:
    positions = sincos_positions(GOLDEN_DIM, 12)
    torch.testing.assert_close(positions, v1["weights.pos_embed"], rtol=0, atol=1e-6)
    for case in v1.cases:
        resized = resize_positions(positions, PatchGrid(case["h"], case["w"]))
        torch.testing.assert_close(resized, v1[case["name"] + "key_pos_embed"], rtol=0, atol=2e-6)


@pytest.mark.parametrize(("mask", "levels"), [(5, (1, 4)), (7, (1, 2, 4))])
def test_hiwin_equals_the_published_code(v2: Golden, mask: int, levels: tuple[int, ...]) -> None:
    bridge = golden_hiwin(v2, mask, levels)
    for features, grid, pixels, tokens in golden_views(v2, f"fp32_m{mask}."):
        torch.testing.assert_close(bridge(ViewFeatures(features, grid, pixels))[0], tokens, rtol=0, atol=V2_TOLERANCE)


def test_hiwin_in_bf16_stays_near_the_published_code_in_bf16(v2: Golden) -> None:
    bridge = golden_hiwin(v2, 5, (1, 4)).bfloat16()
    for features, grid, pixels, tokens in golden_views(v2, "bf16_m5."):
        made = bridge(ViewFeatures(features.bfloat16(), grid, pixels.bfloat16()))[0].float()
        torch.testing.assert_close(made, tokens, rtol=0, atol=BF16_TOLERANCE)


def test_pyramid_equals_the_published_code(v2: Golden) -> None:
    features = v2["in.feat1_6x9"].T.unflatten(1, (6, 9))[None]
    maps = golden_hiwin(v2, 5, (1, 4)).pyramid(features, v2["in.image1_6x9"][None])
    for level in (2, 4):
        torch.testing.assert_close(maps[level], v2[f"fp32_m5.feat{level}x_1"], rtol=0, atol=V2_TOLERANCE)


def golden_hiwin(v2: Golden, mask: int, levels: tuple[int, ...]) -> HiwinResampler:
    bridge = HiwinResampler(GOLDEN_VISION_DIM, GOLDEN_DIM, 144, GOLDEN_HEADS, levels)
    bridge.load_state_dict(bridge_state("hiwin", bridge.state_dict(), v2.weights(f"weights_m{mask}.")))
    return bridge


def golden_views(v2: Golden, run: str) -> Iterator[tuple[Tensor, PatchGrid, Tensor, Tensor]]:
    """(features, grid, pixels, tokens out) of each view of a run."""
    shapes = next(case["shapes"] for case in v2.cases if case["name"] == run)
    for index, (rows, cols) in enumerate(shapes):
        name = f"{index}_{rows}x{cols}"
        features, pixels = v2[f"in.feat{name}"][None], v2[f"in.image{name}"][None]
        yield features, PatchGrid(rows, cols), pixels, v2[f"{run}tokens{name}"]


def test_neighbours_are_weighted_as_by_a_plain_loop() -> None:
    maps, kernel = torch.randn(2, 5, 6, 8), torch.rand(2, 49, 6, 8)
    padded = functional.pad(maps, (3, 3, 3, 3), mode="reflect")
    expected = torch.zeros_like(maps)
    for tap in range(49):
        down, across = divmod(tap, 7)
        expected += padded[:, :, down : down + 6, across : across + 8] * kernel[:, tap : tap + 1]
    torch.testing.assert_close(weighted_neighbours(maps, kernel), expected)


def test_windows_of_a_whole_number_of_patches_are_plain_means() -> None:
    features = torch.randn(2, 24 * 36, 4)
    pooled = pool_windows(features, PatchGrid(24, 36), PatchGrid(2, 3), side=12)
    assert pooled.shape == (2 * 144, 6, 4)
    # Each bin is one patch wide with one sample in its middle: half of the patch itself, half of the next one.
    square = features.unflatten(1, (24, 36))[1]
    expected = (square[4, 6] + square[4, 7] + square[5, 6] + square[5, 7]) / 4
    torch.testing.assert_close(pooled[144 + 2 * 12 + 2, 0], expected)


@pytest.mark.parametrize(("rows", "cols"), [(24, 24), (19, 29), (7, 82), (1, 100), (36, 13)])
def test_windows_equal_region_pooling_by_plain_loops(rows: int, cols: int) -> None:
    features = torch.randn(1, rows * cols, 2)
    pool = pool_grid(PatchGrid(rows, cols))
    pooled = pool_windows(features, PatchGrid(rows, cols), pool, side=12)
    square = features[0].unflatten(0, (rows, cols))
    for window in (0, 5, 17, 100, 143):
        box = [number / 12 for number in (window // 12 * rows, window % 12 * cols)]
        region = plain_region_pooling(square, (box[0], box[1]), (rows / 12, cols / 12), pool)
        torch.testing.assert_close(pooled[window], region, rtol=0, atol=1e-4)


def plain_region_pooling(
    square: Tensor, start: tuple[float, float], size: tuple[float, float], pool: PatchGrid
) -> Tensor:
    """RoIAlign of one region as its paper tells it: bilinear samples, averaged bin by bin."""
    height, width = max(size[0], 1.0) / pool.rows, max(size[1], 1.0) / pool.cols
    down, across = math.ceil(height - 1e-6), math.ceil(width - 1e-6)
    bins = []
    for row, col in itertools.product(range(pool.rows), range(pool.cols)):
        samples = [
            bilinear(
                square,
                start[0] + row * height + (y + 0.5) * height / down,
                start[1] + col * width + (x + 0.5) * width / across,
            )
            for y, x in itertools.product(range(down), range(across))
        ]
        bins.append(torch.stack(samples).mean(0))
    return torch.stack(bins)


def bilinear(square: Tensor, y: float, x: float) -> Tensor:
    rows, cols = square.shape[:2]
    if y > rows or x > cols:
        return torch.zeros_like(square[0, 0])
    y, x = min(y, rows - 1.0), min(x, cols - 1.0)
    top, left = int(y), int(x)
    bottom, right = min(top + 1, rows - 1), min(left + 1, cols - 1)
    upper = square[top, left] * (1 - x + left) + square[top, right] * (x - left)
    lower = square[bottom, left] * (1 - x + left) + square[bottom, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


@pytest.mark.parametrize(("rows", "cols"), [(24, 24), (96, 52), (7, 82), (1, 100)])
def test_positions_are_pooled_as_if_they_were_resized_first(rows: int, cols: int) -> None:
    positions, grid = torch.randn(144, 8), PatchGrid(rows, cols)
    pool = pool_grid(grid)
    expected = pool_windows(resize_positions(positions, grid)[None], grid, pool, side=12)
    torch.testing.assert_close(pool_positions(positions, grid, pool, side=12), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("sets", [1, 4])
def test_window_attention_is_the_plain_attention_bracketed_otherwise(sets: int) -> None:
    attention = Attention(32, heads=4)
    queries, keys, values = torch.randn(9, sets, 32), torch.randn(18, 6, 32), torch.randn(18, 6, 32)
    plain = attention(queries.repeat(2, 1, 1), keys, values)
    torch.testing.assert_close(attention.windows(queries, keys, values), plain)


def test_windows_on_thin_views_overlap_and_leave_the_view_empty_handed() -> None:
    weights = axis_weights(1, 12, 2, torch.float32)
    sums = weights.sum(1)
    assert sums[0] == 1.0
    assert sums[-1] == 0.0, "the last window's second bin lies beyond the only patch"


def test_weights_made_while_answering_serve_training_too() -> None:
    bridge, grid = tiny_bridge("windowed"), PatchGrid(5, 11)
    with torch.inference_mode():
        bridge(ViewFeatures(torch.randn(1, 55, 32), grid, torch.empty(0)))
    with torch.device("meta"):
        assert axis_weights(23, 4, 2, torch.float32).device.type == "cpu"
    with torch.enable_grad():
        bridge(ViewFeatures(torch.randn(1, 55, 32), grid, torch.empty(0))).sum().backward()
    assert bridge.kv_proj.weight.grad is not None


def test_borders_are_rounded_to_the_features_dtype() -> None:
    exact, rounded = axis_weights(29, 12, 3, torch.float32), axis_weights(29, 12, 3, torch.bfloat16)
    assert not torch.equal(exact, rounded)
    torch.testing.assert_close(exact, rounded, rtol=0, atol=0.1)


def tiny_bridge(name: str) -> Bridge:
    config = tiny_config(name)
    bridge = build_bridge(config).eval()
    bridge.reset_parameters()
    return bridge


@pytest.mark.parametrize("name", FEATURE_BRIDGES)
def test_every_bridge_gives_its_tokens_and_takes_gradients(name: str) -> None:
    bridge = tiny_bridge(name)
    grid = PatchGrid(4, 5)
    with torch.enable_grad():
        tokens = bridge(ViewFeatures(torch.randn(2, 20, 32), grid, torch.randn(2, 3, 56, 70)))
        tokens.sum().backward()
        if name == "slime":
            bridge(ViewFeatures(torch.randn(1, 576, 32), PatchGrid(24, 24), torch.empty(0), True)).sum().backward()
    assert tokens.shape == (2, 20 if name in ("linear", "mlp") else 16, 32)
    assert torch.isfinite(tokens).all()
    untouched = {key for key, p in bridge.named_parameters() if p.requires_grad and p.grad is None}
    assert all(key.endswith("attn.key.bias") for key in untouched), "a bias of all keys alike changes no softmax"


@pytest.mark.parametrize("name", FEATURE_BRIDGES)
def test_views_in_one_batch_do_not_touch_each_other(name: str) -> None:
    bridge = tiny_bridge(name)
    features, pixels = torch.randn(2, 20, 32), torch.randn(2, 3, 56, 70)
    together = bridge(ViewFeatures(features, PatchGrid(4, 5), pixels))
    alone = torch.cat([bridge(ViewFeatures(features[i : i + 1], PatchGrid(4, 5), pixels[i : i + 1])) for i in range(2)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_an_unknown_bridge_is_named() -> None:
    with pytest.raises(CheckpointError, match="“telepathy”"):
        build_bridge(tiny_config("telepathy"))


@pytest.mark.parametrize("changes", [{"queries": 15}, {"bridge_heads": 3}, {"pyramid_levels": [3]}])
def test_numbers_that_fit_no_bridge_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError):
        build_bridge(tiny_config("hiwin", **changes))


@pytest.mark.parametrize(("dim", "millions"), [(5120, 137.8), (4096, 89.3), (3584, 69.0)])
def test_the_windowed_resampler_has_as_many_weights_as_published(dim: int, millions: float) -> None:
    with torch.device("meta"):
        bridge = WindowedResampler(1024, dim, 144, dim // 128)
    assert sum(p.numel() for p in bridge.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


def test_a_view_too_thin_for_the_pyramid_is_refused() -> None:
    bridge = HiwinResampler(32, 32, 16, 1, (1, 4))
    with pytest.raises(PlanRefusedError, match="1 x 57"):
        bridge(ViewFeatures(torch.randn(1, 57, 32), PatchGrid(1, 57), torch.randn(1, 3, 14, 798)))
