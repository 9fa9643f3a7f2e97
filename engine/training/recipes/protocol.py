"""What a recipe is: a model, its samples, its loss and its stages; the loop in `engine.training.loop` does the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

Batch = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a recipe: its share of the planned time or steps, and its learning rate, which warms up in `warm_up`
    steps and falls by half a cosine to `final_share` of itself."""

    name: str
    share: float = 1.0
    learning_rate: float = 1e-3
    warm_up: int = 50
    final_share: float = 0.05
    weight_decay: float = 0.01

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of `step` of `steps`."""
        warm_up = min(self.warm_up, steps // 2)
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        fallen = (1 - math.cos(math.pi * (step - warm_up) / max(steps - warm_up, 1))) / 2
        return self.learning_rate * (1 - (1 - self.final_share) * fallen)


class Recipe(Protocol):
    """What is trained, on what, in which stages. `revision` changes with anything that changes the numbers."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def stages(self) -> tuple[Stage, ...]: ...

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of what `loss` measures besides; columns of the curves."""

    def model(self, seed: int) -> nn.Module:
        """The untrained model, on the CPU."""

    def batch(self, seed: int, stage: str, step: int) -> Batch:
        """A pure function: nothing is drawn but from (seed, stage, step). Runs in other processes with workers."""

    def trained(self, model: nn.Module, stage: str) -> Mapping[str, float]:
        """By name, as in `named_parameters`, the parameters that learn, and the share of the stage's rate each takes.
        All others rest."""

    def loss(self, model: nn.Module, batch: Batch, stage: str) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        """The scalar to minimise, and metrics. Draws from torch's default generators alone."""

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """What the trained model reaches on samples it never saw; the model is in eval mode, without gradients."""
