"""The vision towers by name."""

from __future__ import annotations

from engine.errors import CheckpointError
from engine.uhd.config import UhdConfig
from engine.uhd.strip_views import StripTower
from engine.uhd.vision import VisionTower

CLIP, STRIPS = "clip", "strips"
LETTERS = "letters"
"""The bridge that takes words, which the tower of strips alone gives, and it gives nothing else."""


def build_tower(config: UhdConfig) -> VisionTower | StripTower:
    """The tower that `config.tower` names. Raises CheckpointError for an unknown one and for one that the bridge cannot
    take, and as the tower does."""
    if config.tower in (CLIP, STRIPS) and (config.tower == STRIPS) != (config.bridge == LETTERS):
        raise CheckpointError(
            f"This model's configuration puts the bridge “{config.bridge}” behind the vision tower “{config.tower}”.",
            f"Behind {STRIPS} stands {LETTERS}, behind {CLIP} any other.",
        )
    if config.tower == CLIP:
        return VisionTower(config.vision_config, config.vision_feature_layer, tuple(config.restore_layers))
    if config.tower == STRIPS:
        return StripTower(config.vision_dim)
    raise CheckpointError(
        f"This model's configuration names a vision tower “{config.tower}” that Tessera does not know.",
        f"The towers are {CLIP} and {STRIPS}. The model may be made for a newer Tessera.",
    )
