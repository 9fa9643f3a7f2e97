"""Initial weights of the bridges. Weights that a checkpoint has filled are left alone (transformers marks them)."""

from __future__ import annotations

from torch import nn
from transformers import initialization as init

from engine.uhd.bridges.positions import sincos_positions

STD = 0.02


def init_resampler(bridge: nn.Module) -> None:
    """As published: queries from a truncated normal of 0.02, `proj` from a normal of dim^-½, positions fixed."""
    for name, parameter in bridge.named_parameters(recurse=False):
        if name == "pos_embed":
            init.copy_(parameter, sincos_positions(parameter.shape[1], round(parameter.shape[0] ** 0.5)))
        elif name == "proj":
            init.normal_(parameter, std=parameter.shape[0] ** -0.5)
        else:
            init.trunc_normal_(parameter, std=STD)
