"""One linear layer in int8: quantized weights, packed for oneDNN's kernel, and activations quantized per token."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import DeviceError

_WEIGHT_LEVELS = 127
_INT8_MAX = 127
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


@dataclass(frozen=True, slots=True)
class Int8Layer:
    """The numbers of one linear layer: its weight [out, in] and its bias [out]."""

    weight: Int8Weight
    bias: Tensor | None = None


def pack_layers(layers: Iterable[Int8Layer], levels: int | None = None) -> list[Int8Linear]:
    """Each of `layers`, ready to run. Packing goes byte by byte in one thread per layer; layers go side by side.

    `levels` are those of this CPU unless stated. Raises DeviceError on a CPU without the kernels.
    """
    if not torch.backends.mkldnn.is_available():
        raise DeviceError("This computer's processor has no int8 kernel that Tessera can use.", "Choose fp32.")
    reach = activation_levels() if levels is None else levels
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(lambda one: Int8Linear(one, reach), layers))


class Int8Linear:
    """y = x Wᵀ + b, W in int8, x quantized per token. Sums are exact, so that a row's result does not depend on the
    rows beside it but for the last bit of its scale. `pack_layers` makes them.
    """

    def __init__(self, layer: Int8Layer, levels: int) -> None:
        self._levels = levels
        self._packed = torch.ops.onednn.qlinear_prepack(layer.weight.values, None)
        self._product = torch.ops.onednn.qlinear_pointwise.default
        self._scales = layer.weight.scales
        self._zeros = torch.zeros(len(self._scales), dtype=torch.int32)
        self._bias = None if layer.bias is None else layer.bias.detach().float().contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        """[rows, out] fp32 for `x` [rows, in] fp32."""
        scales = torch.maximum(x.amax(-1, True), x.amin(-1, True).neg_()).div_(self._levels)
        quantized = _unsigned(x / scales.clamp_min_(_SMALLEST_SCALE), self._levels)
        y = self._product(
            quantized, 1.0, self._levels + 1, self._packed, self._scales, self._zeros,
            None, 1.0, 0, torch.float32, "none", [], "",
        ).mul_(scales)  # fmt: skip
        return y if self._bias is None else y.add_(self._bias)


def _unsigned(quotients: Tensor, levels: int) -> Tensor:
    """The integers nearest to `quotients`, as unsigned bytes with the zero at levels + 1. Conversion to int8 is several
    times faster than to uint8; what it cannot hold gets its highest bit turned instead of the zero added. Overwrites
    `quotients`."""
    if 2 * levels + 1 <= _INT8_MAX:
        return quotients.add_(levels + 1.5).to(torch.int8).view(torch.uint8)
    return quotients.round_().to(torch.int8).view(torch.uint8).bitwise_xor_(levels + 1)
