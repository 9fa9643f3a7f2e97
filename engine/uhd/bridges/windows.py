"""Windows of a resampler: each query of a square sees only its own part of the view, pooled to a few keys.

The pooling is RoIAlign with aligned=False, scale 1 and as many samples as a bin is wide (torchvision's
sampling_ratio=-1), which is separable: out = A_y F A_xᵀ. Source of windows and pool sizes: `AdaptSpatialResampler`
of thunlp/LLaVA-UHD, branch LLaVA-UHD-v1, commit dd7f6cc.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from engine.uhd.bridges.base import PatchGrid

_POOLS = tuple(PatchGrid(rows, cols) for cols, rows in ((4, 2), (3, 2), (4, 3), (3, 3), (2, 4), (2, 3), (3, 4)))


def pool_grid(grid: PatchGrid) -> PatchGrid:
    """Into how many keys a window of a view of `grid` patches is pooled: the candidate of the nearest aspect."""
    aspect = math.log(grid.cols / grid.rows)
    return min(_POOLS, key=lambda pool: abs(aspect - math.log(pool.cols / pool.rows)))


def pool_windows(features: Tensor, grid: PatchGrid, pool: PatchGrid, side: int) -> Tensor:
    """[views·side², pool keys, channels] for `features` [views, patches, channels]; windows row-major, keys too."""
    down, across = _axes(grid, pool, side, features)
    return _pool(features.unflatten(1, (grid.rows, grid.cols)), down, across, side).flatten(0, 1)


def pool_positions(positions: Tensor, grid: PatchGrid, pool: PatchGrid, side: int) -> Tensor:
    """[side², pool keys, channels]: `positions` [side², channels], resized bicubically to `grid` and pooled as patches.

    Both steps are linear and separable, so they are done at once and nothing of the grid's size is made.
    """
    down, across = _axes(grid, pool, side, positions)
    down, across = (axis @ _cubic_weights(axis.shape[1], side).to(axis.device) for axis in (down, across))
    return _pool(positions.unflatten(0, (side, side))[None], down, across, side)[0]


def _axes(grid: PatchGrid, pool: PatchGrid, side: int, like: Tensor) -> tuple[Tensor, Tensor]:
    return (
        axis_weights(grid.rows, side, pool.rows, like.dtype).to(like.device),
        axis_weights(grid.cols, side, pool.cols, like.dtype).to(like.device),
    )


def _pool(maps: Tensor, down: Tensor, across: Tensor, side: int) -> Tensor:
    """[views, side², keys, channels] of `maps` [views, rows, cols, channels]; summed in fp32."""
    rows = (down @ maps.to(down.dtype).flatten(2)).unflatten(2, maps.shape[2:])
    pooled = (across @ rows).unflatten(2, (side, -1)).unflatten(1, (side, -1))
    return pooled.transpose(2, 3).flatten(3, 4).flatten(1, 2).to(maps.dtype)


@lru_cache(maxsize=256)
def _cubic_weights(length: int, side: int) -> Tensor:
    """[length, side] fp32: how `side` values are resized to `length` ones by torch's bicubic filter."""
    with torch.inference_mode(False):
        unit = torch.eye(side, dtype=torch.float32, device="cpu")[None, :, None, :]
        return functional.interpolate(unit, size=(1, length), mode="bicubic", align_corners=False)[0, :, 0].T


@lru_cache(maxsize=256)
def axis_weights(length: int, windows: int, bins: int, dtype: torch.dtype) -> Tensor:
    """[windows·bins, length] fp32: how much each of `length` patches adds to each bin of each window of an axis.

    The window borders i·length/windows are rounded to `dtype` first, because the published code casts the boxes to
    the features' dtype: in bf16 they fall on steps of 1/8 to 1/2 patch. The rest is fp32, where its rounding decides
    how many samples a bin gets.
    """
    borders = _kept([i * length / windows for i in range(windows + 1)]).to(dtype).float()
    rois = (borders[1:] - borders[:-1]).clamp(min=1.0)  # windows of less than a patch are widened, so they overlap
    weights = [[[0.0] * length for _ in range(bins)] for _ in range(windows)]
    for window, (start, roi) in enumerate(zip(borders[:-1], rois, strict=True)):
        width = roi / bins
        samples = math.ceil(width)
        for bin_, sample in ((b, s) for b in range(bins) for s in range(samples)):
            at = float(start + bin_ * width + (sample + 0.5) * width / samples)
            for patch, weight in _neighbours(at, length):
                weights[window][bin_][patch] += weight / samples
    return _kept(weights).flatten(0, 1)


def _kept(values: Any) -> Tensor:
    """An fp32 tensor that outlives the call that made it: no inference tensor, whatever the default device is."""
    with torch.inference_mode(False):
        return torch.tensor(values, dtype=torch.float32, device="cpu")


def _neighbours(at: float, length: int) -> list[tuple[int, float]]:
    """Between which patches a sample lies and how much of each it takes; nothing where it is off the view."""
    if at < -1.0 or at > length:
        return []
    low = int(max(at, 0.0))
    if low >= length - 1:
        return [(length - 1, 1.0)]
    return [(low, 1.0 - (at - low)), (low + 1, at - low)]
