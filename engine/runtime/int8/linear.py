"""One linear layer in int8: quantized weights, packed for the CPU's kernel, and activations quantized per token."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

import torch
from torch import Tensor

from engine.errors import DeviceError

_ENGINE = "fbgemm"
_WEIGHT_LEVELS = 127
# Below this an activation row counts as zero; its quotient would not be finite.
_SMALLEST_SCALE = 1e-30


@dataclass(frozen=True, slots=True)
class Int8Weight:
    """`values` [out, in] int8 and `scales` [out] fp32: a row of the layer's weight is `values[i] * scales[i]`."""

    values: Tensor
    scales: Tensor


def quantize_weight(weight: Tensor) -> Int8Weight:
    """The int8 weight nearest to `weight` [out, in], symmetric, one scale per output channel."""
    weight = weight.detach().float()
    scales = weight.abs().amax(1).clamp_min(_SMALLEST_SCALE) / _WEIGHT_LEVELS
    return Int8Weight(weight.div(scales[:, None]).round_().to(torch.int8), scales)


def activation_levels() -> int:
    """How far a quantized activation goes from zero on this CPU.

    Without AVX512-VNNI the kernel adds pairs of products in 16 bits, so that eight-bit activations would overflow;
    with seven bits (`reduce_range` in torch's words) its sums are exact.
    """
    return 127 if torch.cpu.get_capabilities().get("avx512_vnni") else 63


class Int8Linear:
    """y = x Wᵀ + b, W in int8, x quantized per token. Sums are exact, so that a row's result does not depend on the
    rows beside it but for the last bit of its scale. Raises DeviceError on a CPU without the kernel."""

    def __init__(self, weight: Int8Weight, bias: Tensor | None = None, levels: int | None = None) -> None:
        self._packed = _pack(weight)
        self._bias = None if bias is None else bias.detach().float().contiguous()
        self._levels = activation_levels() if levels is None else levels
        self._linear = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default

    def __call__(self, x: Tensor) -> Tensor:
        """[rows, out] fp32 for `x` [rows, in] fp32."""
        if x.shape[0] == 1:
            scale = max(torch.linalg.vector_norm(x, inf).item() / self._levels, _SMALLEST_SCALE)
            y = self._linear(x, scale, self._levels + 1, self._packed)
        else:
            scales = torch.linalg.vector_norm(x, inf, -1, True).div_(self._levels).clamp_min_(_SMALLEST_SCALE)
            y = self._linear(x / scales, 1.0, self._levels + 1, self._packed).mul_(scales)
        return y if self._bias is None else y.add_(self._bias)

    @property
    def weight(self) -> Int8Weight:
        """The weight as it was before it was packed."""
        with _quiet():
            weight, _ = torch.ops.quantized.linear_unpack(self._packed)
            return Int8Weight(weight.int_repr(), weight.q_per_channel_scales().float())

    @property
    def bias(self) -> Tensor | None:
        """[out] fp32."""
        return self._bias


def _pack(weight: Int8Weight) -> Any:
    if _ENGINE not in torch.backends.quantized.supported_engines:
        raise DeviceError("This computer's processor has no int8 kernel that Tessera can use.", "Choose fp32.")
    with _quiet():
        zeros = torch.zeros(len(weight.scales), dtype=torch.long)
        layer = torch._make_per_channel_quantized_tensor(weight.values, weight.scales.double(), zeros, 0)
        before = torch.backends.quantized.engine
        torch.backends.quantized.engine = _ENGINE
        try:
            return torch.ops.quantized.linear_prepack(layer, None)
        finally:
            torch.backends.quantized.engine = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch 2.13 calls its quantized tensors deprecated; they are the only way into the kernel that it still ships."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*quantized tensor creation.*", category=UserWarning)
        yield
