"""One linear layer in int8: quantized weights, packed for the CPU's kernel, and activations quantized per token."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from engine.errors import DeviceError

_ENGINE = "fbgemm"
_WEIGHT_LEVELS = 127
_INT8_MAX = 127
# From this many rows on, oneDNN's kernel is faster than FBGEMM's.
_MANY_ROWS = 32
# Below this an activation row counts as zero; its quotient would not be finite.
_SMALLEST_SCALE = 1e-30


class Rows(Enum):
    """For how many rows at once a layer is packed. FBGEMM is the fastest for a few, oneDNN for many: by a fifth each on
    AVX512 without VNNI, by more with it. Each wants the weight in an order of its own, a byte per weight."""

    FEW = "few"
    MANY = "many"
    ANY = "any"


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


def pack_layers(layers: Iterable[Int8Layer], rows: Rows, levels: int | None = None) -> list[Int8Linear]:
    """Each of `layers`, ready to run. Packing goes byte by byte in one thread per layer; layers go side by side.

    `levels` are those of this CPU unless stated. Raises DeviceError on a CPU without the kernels.
    """
    reach = activation_levels() if levels is None else levels
    with _fbgemm(), _quiet(), ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(lambda one: Int8Linear(one.weight, one.bias, rows, reach), layers))


class Int8Linear:
    """y = x Wᵀ + b, W in int8, x quantized per token. Sums are exact, so that a row's result does not depend on the
    rows beside it but for the last bit of its scale. `pack_layers` makes them.
    """

    def __init__(self, weight: Int8Weight, bias: Tensor | None, rows: Rows, levels: int) -> None:
        self._levels = levels
        self._few = _Many(weight, levels) if rows is Rows.MANY else _Few(weight, levels)
        self._many = _Many(weight, levels) if rows is Rows.ANY else self._few
        self._bias = None if bias is None else bias.detach().float().contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        """[rows, out] fp32 for `x` [rows, in] fp32."""
        kernel = self._few if x.shape[0] < _MANY_ROWS else self._many
        if x.shape[0] == 1 and isinstance(kernel, _Few):
            scale = max(x.abs().max().item() / self._levels, _SMALLEST_SCALE)
            y = kernel.product(x, scale)
        else:
            scales = torch.maximum(x.amax(-1, True), x.amin(-1, True).neg_()).div_(self._levels)
            y = kernel.product(x / scales.clamp_min_(_SMALLEST_SCALE))
            y.mul_(scales)
        return y if self._bias is None else y.add_(self._bias)

    @property
    def layer(self) -> Int8Layer:
        """The numbers it was made of; not of a layer packed for many rows alone, whose order oneDNN keeps to itself."""
        assert isinstance(self._few, _Few)
        return Int8Layer(self._few.weight, self._bias)


class _Few:
    """A weight in the order in which FBGEMM multiplies it with a few rows."""

    def __init__(self, weight: Int8Weight, levels: int) -> None:
        self._zero = levels + 1
        zeros = torch.zeros(len(weight.scales), dtype=torch.long)
        layer = torch._make_per_channel_quantized_tensor(weight.values, weight.scales.double(), zeros, 0)
        self._packed = torch.ops.quantized.linear_prepack(layer, None)
        self._product = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default

    def product(self, x: Tensor, scale: float = 1.0) -> Tensor:
        """[rows, out] fp32 for what `x` [rows, in] rounds to in steps of `scale`."""
        return self._product(x, scale, self._zero, self._packed)

    @property
    def weight(self) -> Int8Weight:
        with _quiet():
            weight, _ = torch.ops.quantized.linear_unpack(self._packed)
            return Int8Weight(weight.int_repr(), weight.q_per_channel_scales().float())


class _Many:
    """A weight in the order in which oneDNN multiplies it with many rows."""

    def __init__(self, weight: Int8Weight, levels: int) -> None:
        self._levels = levels
        self._packed = torch.ops.onednn.qlinear_prepack(weight.values, None)
        self._product = torch.ops.onednn.qlinear_pointwise.default
        self._scales = weight.scales
        self._zeros = torch.zeros(len(weight.scales), dtype=torch.int32)

    def product(self, quotients: Tensor) -> Tensor:
        """[rows, out] fp32 for what `quotients` [rows, in] round to. Overwrites `quotients`."""
        quantized = _unsigned(quotients, self._levels)
        return self._product(
            quantized, 1.0, self._levels + 1, self._packed, self._scales, self._zeros,
            None, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip


def _unsigned(quotients: Tensor, levels: int) -> Tensor:
    """The integers nearest to `quotients`, as unsigned bytes with the zero at levels + 1. Conversion to int8 is several
    times faster than to uint8; what it cannot hold gets its highest bit turned instead of the zero added."""
    if 2 * levels + 1 <= _INT8_MAX:
        return quotients.add_(levels + 1.5).to(torch.int8).view(torch.uint8)
    return quotients.round_().to(torch.int8).view(torch.uint8).bitwise_xor_(levels + 1)


@contextmanager
def _fbgemm() -> Iterator[None]:
    """Packs are FBGEMM's. Torch holds this for the whole process, so packing threads share one such stretch."""
    if _ENGINE not in torch.backends.quantized.supported_engines:
        raise DeviceError("This computer's processor has no int8 kernel that Tessera can use.", "Choose fp32.")
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = _ENGINE
    try:
        yield
    finally:
        torch.backends.quantized.engine = before


@contextmanager
def _quiet() -> Iterator[None]:
    """Torch 2.13 calls its quantized tensors deprecated; they are the only way into the kernel that it still ships."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*quantized tensor creation.*", category=UserWarning)
        yield
