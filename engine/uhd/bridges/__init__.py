"""Bridges between vision tower and language model: one small file each, chosen by `UhdConfig.bridge`."""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.errors import CheckpointError
from engine.uhd.bridges.base import Bridge, PatchGrid, ViewFeatures
from engine.uhd.bridges.flamingo import FlamingoResampler
from engine.uhd.bridges.hiwin import HiwinResampler
from engine.uhd.bridges.letters import LettersBridge
from engine.uhd.bridges.linear import LinearBridge, MlpBridge
from engine.uhd.bridges.perceiver import PerceiverResampler
from engine.uhd.bridges.qformer import QFormerBridge
from engine.uhd.bridges.self_mining import SelfMiningSampler
from engine.uhd.bridges.slime import SlimeBridge
from engine.uhd.bridges.windowed import WindowedResampler
from engine.uhd.config import UhdConfig

__all__ = ["BRIDGES", "Bridge", "PatchGrid", "ViewFeatures", "build_bridge"]

BRIDGES: dict[str, Callable[[UhdConfig], Bridge]] = {
    "letters": lambda c: LettersBridge(c.queries),
    "linear": lambda c: LinearBridge(c.vision_dim, c.dim),
    "mlp": lambda c: MlpBridge(c.vision_dim, c.dim),
    "qformer": lambda c: QFormerBridge(c.dim, c.queries, c.qformer_config),
    "perceiver": lambda c: PerceiverResampler(c.vision_dim, c.dim, c.queries, c.heads),
    "flamingo": lambda c: FlamingoResampler(c.vision_dim, c.dim, c.queries, c.heads, c.bridge_depth),
    "windowed": lambda c: WindowedResampler(c.vision_dim, c.dim, c.queries, c.heads),
    "hiwin": lambda c: HiwinResampler(c.vision_dim, c.dim, c.queries, c.heads, tuple(c.pyramid_levels)),
    "self-mining": lambda c: SelfMiningSampler(c.vision_dim, c.dim, c.queries, c.vision_heads),
    "slime": lambda c: SlimeBridge(c.vision_dim, c.dim, c.queries, c.overview_tokens, c.vision_heads),
}

SQUARE_BRIDGES = ("perceiver", "windowed", "hiwin", "self-mining", "slime")
"""Bridges whose queries stand in a square over the view."""

INNER_BRIDGES = ("self-mining", "slime")
"""Bridges that attend in the vision tower's width."""

CHANNELS_PER_POSITION = 4
"""Sine and cosine of row and column."""


def build_bridge(config: UhdConfig) -> Bridge:
    """The bridge that `config.bridge` names, untrained. Raises CheckpointError for an unknown name or odd numbers."""
    build = BRIDGES.get(config.bridge)
    if build is None:
        raise CheckpointError(
            f"This model's configuration names a bridge “{config.bridge}” that Tessera does not know.",
            f"The bridges are {', '.join(BRIDGES)}. The model may be made for a newer Tessera.",
        )
    for queries in (config.queries, config.overview_tokens):
        if config.bridge in SQUARE_BRIDGES and math.isqrt(queries) ** 2 != queries:
            raise CheckpointError(f"A {config.bridge} bridge needs a square number of queries, not {queries}.")
    inner = config.bridge in INNER_BRIDGES
    dim, heads = (config.vision_dim, config.vision_heads) if inner else (config.dim, config.heads)
    if dim % heads or dim % CHANNELS_PER_POSITION:
        raise CheckpointError(f"A width of {dim} cannot be split among {heads} heads of a bridge.")
    if not config.pyramid_levels or not {1, 2, 4}.issuperset(config.pyramid_levels):
        raise CheckpointError(f"The levels of a feature pyramid are among 1, 2 and 4, not {config.pyramid_levels}.")
    return build(config)
