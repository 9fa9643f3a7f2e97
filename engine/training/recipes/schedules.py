"""Published training schedules of the family as stages of a recipe: what a stage shows, what it moves, for how long.

What they train are bridges between a tower and a language model that can already see and speak; a recipe that follows
one begins with the weights of another training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import UsageError
from engine.training.recipes.protocol import Stage
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.stages import HIRES_LLAVA_STAGES, LLAVA_UHD_STAGES, SLIME_STAGES, Shown, enter
from engine.uhd.stages import Stage as PublishedStage


@dataclass(frozen=True, slots=True)
class Schedule:
    """`published` stages, each with its share of the steps and a learning rate that suits the model's size."""

    published: tuple[PublishedStage, ...]
    shares: tuple[float, ...]
    learning_rates: tuple[float, ...]

    @property
    def stages(self) -> tuple[Stage, ...]:
        parts = zip(self.published, self.shares, self.learning_rates, strict=True)
        return tuple(Stage(stage.name, share, rate) for stage, share, rate in parts)

    def shown(self, stage: str) -> Shown:
        """Which views the stage shows. Raises UsageError for an unknown one."""
        return self._named(stage).shown

    def enter(self, model: UhdForConditionalGeneration, stage: str) -> Mapping[str, float]:
        """Readies `model` for the stage; its parameters that learn, as a recipe's `trained`. Raises UsageError."""
        return dict.fromkeys(enter(model, self._named(stage)), 1.0)

    def _named(self, stage: str) -> PublishedStage:
        for published in self.published:
            if published.name == stage:
                return published
        raise UsageError(f"The schedule has no stage {stage}.", f"It has {', '.join(s.name for s in self.published)}.")


LLAVA_UHD = Schedule(LLAVA_UHD_STAGES, (0.4, 0.6), (1e-3, 5e-4))
"""In two stages: the bridge alone on overviews, then bridge and language model on all views."""

HIRES_LLAVA = Schedule(HIRES_LLAVA_STAGES, (0.4, 0.6), (1e-3, 5e-4))
"""In two stages: the sampler alone, then sampler, SliceRestore and language model."""

SLIME = Schedule(SLIME_STAGES, (0.15, 0.15, 0.3, 0.4), (1e-3, 1e-3, 1e-3, 5e-4))
"""Alternating: the overview's adapters one after the other, the slices' compressor, then everything."""
