"""Weights in 4 bits, by blocks of input channels, as onnxruntime's MatMulNBits takes them."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 32
"""Input channels that share a scale. Larger blocks are read faster and round coarser."""

# A nibble stands for itself less this.
_ZERO = 8
# The scales that are tried, as shares of the one at which the largest weight of a block is -8 steps: cutting the
# largest off a little often brings the others nearer.
_SHARES = (1.0, 0.9, 0.8)
# Below this a block counts as zero.
_SMALLEST_SCALE = 1e-30
# Output channels that are rounded at a time: a copy of all in fp32 would be the largest thing in memory.
_ROWS = 4096


def blocks_of(width: int) -> int:
    """Blocks of a row of `width` input channels; the last may be partly filled."""
    return -(-width // BLOCK)


def four_bit_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """For each layer of an int8 decoder's tensors its `nibbles` [out, blocks, BLOCK / 2] and `nibble_scales` [out,
    blocks]. They are rounded from the int8 weights, whose own error is a tenth of theirs at most."""
    names = [name.removesuffix(".values") for name in tensors if name.endswith(".values")]
    made: dict[str, Tensor] = {}
    for name in names:
        values, scales = tensors[f"{name}.values"], tensors[f"{name}.scales"]
        parts = [
            in_four_bits(values[:, rows : rows + _ROWS].t() * scales[rows : rows + _ROWS, None])
            for rows in range(0, len(scales), _ROWS)
        ]
        made[f"{name}.nibbles"] = torch.cat([part[0] for part in parts])
        made[f"{name}.nibble_scales"] = torch.cat([part[1] for part in parts])
    return made


def in_four_bits(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The nibbles [out, blocks, BLOCK / 2] of `weight` [out, in], even channels low, and the scales [out, blocks] of
    their blocks. Of the scales tried a block has the one with the smallest sum of squared errors."""
    width = weight.shape[1]
    blocks = pad(weight, (0, blocks_of(width) * BLOCK - width)).unflatten(1, (-1, BLOCK))
    peaks = blocks.gather(2, blocks.abs().argmax(2, True))
    scales, errors = torch.zeros_like(peaks), torch.full_like(peaks, float("inf"))
    for share in _SHARES:
        tried = peaks * (-share / _ZERO)
        error = (_rounded(blocks, tried).mul_(tried) - blocks).square_().sum(2, True)
        better = error < errors
        scales, errors = torch.where(better, tried, scales), torch.where(better, error, errors)
    steps = _rounded(blocks, scales).add_(_ZERO).to(torch.uint8)
    return steps[..., 0::2] | steps[..., 1::2] << 4, scales.squeeze(2)


def _rounded(blocks: Tensor, scales: Tensor) -> Tensor:
    """The steps of `scales` [out, blocks, 1] nearest to `blocks` [out, blocks, BLOCK]."""
    safe = torch.where(scales.abs() < _SMALLEST_SCALE, 1.0, scales)
    return (blocks / safe).round_().clamp_(-_ZERO, _ZERO - 1)
