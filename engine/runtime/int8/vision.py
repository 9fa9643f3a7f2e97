"""Linear layers of a vision tower in int8, in place."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.runtime.int8.linear import Int8Layer, Int8Linear, activation_levels, pack_layers, quantize_weight

# Weights of a layer from which on int8 is faster than fp32, which has no activations to quantize: with the VNNI
# instructions, and without, where only the wide layers of the feed-forward network gain (a quarter).
_WORTHWHILE_WEIGHTS = 256 * 256
_WORTHWHILE_WEIGHTS_PLAIN = 768 * 2048


class Int8LinearModule(nn.Module):
    """Stands where an `nn.Linear` stood; for inference alone."""

    def __init__(self, linear: Int8Linear) -> None:
        super().__init__()
        self._linear = linear

    def forward(self, x: Tensor) -> Tensor:
        """[..., out] for `x` [..., in], in the type of `x`."""
        with torch.inference_mode():
            return self._linear(x.reshape(-1, x.shape[-1]).float()).to(x.dtype).unflatten(0, x.shape[:-1])


def quantize_tower(tower: nn.Module, levels: int | None = None) -> tuple[str, ...]:
    """Replaces the linear layers of `tower` that are faster in int8 on this CPU; gives their names.

    `levels` as for `pack_layers`. The rest of the tower stays as it is; it has to be on the CPU. Raises DeviceError on
    a CPU without the kernels.
    """
    reach = activation_levels() if levels is None else levels
    worthwhile = _WORTHWHILE_WEIGHTS if reach == 127 else _WORTHWHILE_WEIGHTS_PLAIN
    found = [
        (name, module)
        for name, module in tower.named_modules()
        if type(module) is nn.Linear and module.weight.numel() >= worthwhile
    ]
    layers = [Int8Layer(quantize_weight(module.weight), module.bias) for _, module in found]
    for (name, _), linear in zip(found, pack_layers(layers, reach), strict=True):
        owner, _, attribute = name.rpartition(".")
        setattr(tower.get_submodule(owner), attribute, Int8LinearModule(linear))
    return tuple(name for name, _ in found)
