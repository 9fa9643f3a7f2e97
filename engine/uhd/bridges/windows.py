"""Windows of a resampler: each query of a square sees only its own part of the view, pooled to a few keys.

The pooling is RoIAlign with aligned=False, scale 1 and as many samples as a bin is wide (torchvision's
sampling_ratio=-1), which is separable: out = A_y F A_xᵀ. Source of windows and pool sizes: `AdaptSpatialResampler`
of thunlp/LLaVA-UHD, branch LLaVA-UHD-v1, commit dd7f6cc.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from engine.uhd.bridges.base import PatchGrid

_POOLS = tuple(PatchGrid(rows, cols) for cols, rows in ((4, 2), (3, 2), (4, 3), (3, 3), (2, 4), (2, 3), (3, 4)))


def pool_grid(grid: PatchGrid) -> PatchGrid:
    """Into how many keys a window of a view of `grid` patches is pooled: the candidate of the nearest aspect."""
    aspect = math.log(grid.cols / grid.rows)
    return min(_POOLS, key=lambda pool: abs(aspect - math.log(pool.cols / pool.rows)))


def pool_windows(features: Tensor, grid: PatchGrid, pool: PatchGrid, side: int) -> Tensor:
    """[views·side², pool keys, channels] for `features` [views, patches, channels]; windows row-major, keys too."""
    down, across = (
        axis_weights(length, side, bins, features.dtype).to(features.device)
        for length, bins in ((grid.rows, pool.rows), (grid.cols, pool.cols))
    )
    maps = features.unflatten(1, (grid.rows, grid.cols)).to(down.dtype)
    pooled = torch.einsum("yh,bhxc->byxc", down, torch.einsum("xw,bhwc->bhxc", across, maps))
    pooled = pooled.unflatten(2, (side, pool.cols)).unflatten(1, (side, pool.rows))
    return pooled.transpose(2, 3).flatten(3, 4).flatten(0, 2).to(features.dtype)


@lru_cache(maxsize=256)
def axis_weights(length: int, windows: int, bins: int, dtype: torch.dtype) -> Tensor:
    """[windows·bins, length] fp32: how much each of `length` patches adds to each bin of each window of an axis.

    The window borders i·length/windows are rounded to `dtype` first, because the published code casts the boxes to
    the features' dtype: in bf16 they fall on steps of 1/8 to 1/2 patch. The rest is fp32, where its rounding decides
    how many samples a bin gets.
    """
    borders = torch.tensor([i * length / windows for i in range(windows + 1)]).to(dtype).float()
    rois = (borders[1:] - borders[:-1]).clamp(min=1.0)  # windows of less than a patch are widened, so they overlap
    weights = torch.zeros(windows, bins, length)
    for window, (start, roi) in enumerate(zip(borders[:-1], rois, strict=True)):
        width = roi / bins
        samples = math.ceil(width)
        for bin_, sample in ((b, s) for b in range(bins) for s in range(samples)):
            at = float(start + bin_ * width + (sample + 0.5) * width / samples)
            for patch, weight in _neighbours(at, length):
                weights[window, bin_, patch] += weight / samples
    return weights.flatten(0, 1)


def _neighbours(at: float, length: int) -> list[tuple[int, float]]:
    """Between which patches a sample lies and how much of each it takes; nothing where it is off the view."""
    if at < -1.0 or at > length:
        return []
    low = int(max(at, 0.0))
    if low >= length - 1:
        return [(length - 1, 1.0)]
    return [(low, 1.0 - (at - low)), (low + 1, at - low)]
