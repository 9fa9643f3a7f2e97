"""Fixed 2-D sine-cosine positions of the resamplers, and their resizing to a view's patch grid."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from engine.uhd.bridges.base import PatchGrid


def sincos_positions(dim: int, side: int) -> Tensor:
    """[side·side, dim] fp32, row-major over a square of queries.

    Channels [0, dim/2) encode the column, [dim/2, dim) the row; each half is [sin(pω), cos(pω)] with
    ω_k = 10000^(-k/(dim/4)). Source: `get_2d_sincos_pos_embed` of thunlp/LLaVA-UHD dd7f6cc (after MAE).
    """
    omega = 10000.0 ** (-torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
    angles = torch.arange(side, dtype=torch.float64)[:, None] * omega
    line = torch.cat([angles.sin(), angles.cos()], dim=1)
    columns = line[None, :, :].expand(side, side, -1)
    rows = line[:, None, :].expand(side, side, -1)
    return torch.cat([columns, rows], dim=2).flatten(0, 1).float()


def resize_positions(positions: Tensor, grid: PatchGrid) -> Tensor:
    """[patches, dim]: `positions` of a square, resized bicubically to `grid` in fp32, in their own dtype again."""
    side = round(positions.shape[0] ** 0.5)
    square = positions.float().unflatten(0, (side, side)).permute(2, 0, 1)[None]
    resized = functional.interpolate(square, size=(grid.rows, grid.cols), mode="bicubic", align_corners=False)
    return resized[0].flatten(1).T.to(positions.dtype)
