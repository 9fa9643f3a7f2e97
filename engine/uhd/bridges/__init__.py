"""Bridges between vision tower and language model: one small file each, chosen by `UhdConfig.bridge`."""

from __future__ import annotations

from collections.abc import Callable

from engine.errors import CheckpointError
from engine.uhd.bridges.base import Bridge, PatchGrid, ViewFeatures
from engine.uhd.bridges.flamingo import FlamingoResampler
from engine.uhd.bridges.hiwin import HiwinResampler
from engine.uhd.bridges.linear import LinearBridge, MlpBridge
from engine.uhd.bridges.perceiver import PerceiverResampler
from engine.uhd.bridges.qformer import QFormerBridge
from engine.uhd.bridges.windowed import WindowedResampler
from engine.uhd.config import UhdConfig

__all__ = ["BRIDGES", "Bridge", "PatchGrid", "ViewFeatures", "build_bridge"]

BRIDGES: dict[str, Callable[[UhdConfig], Bridge]] = {
    "linear": lambda c: LinearBridge(c.vision_dim, c.dim),
    "mlp": lambda c: MlpBridge(c.vision_dim, c.dim),
    "qformer": lambda c: QFormerBridge(c.dim, c.queries, c.qformer_config),
    "perceiver": lambda c: PerceiverResampler(c.vision_dim, c.dim, c.queries, c.heads),
    "flamingo": lambda c: FlamingoResampler(c.vision_dim, c.dim, c.queries, c.heads, c.bridge_depth),
    "windowed": lambda c: WindowedResampler(c.vision_dim, c.dim, c.queries, c.heads),
    "hiwin": lambda c: HiwinResampler(c.vision_dim, c.dim, c.queries, c.heads, tuple(c.pyramid_levels)),
}


def build_bridge(config: UhdConfig) -> Bridge:
    """The bridge that `config.bridge` names, untrained. Raises CheckpointError for an unknown name."""
    build = BRIDGES.get(config.bridge)
    if build is None:
        raise CheckpointError(
            f"This model's configuration names a bridge “{config.bridge}” that Tessera does not know.",
            f"The bridges are {', '.join(BRIDGES)}. The model may be made for a newer Tessera.",
        )
    return build(config)
