"""A recipe that trains in milliseconds, and a process that is killed while it does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from engine.training.loop import Options, train
from engine.training.recipes.protocol import Batch, Stage

STEPS = 30


def _nothing(stage: str, step: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class SumRecipe:
    """Learns to sum four numbers, with dropout, so that what torch draws counts. `before` is called for each batch."""

    name: str = "sum"
    revision: str = "1"
    stages: tuple[Stage, ...] = (Stage("last layer", warm_up=4), Stage("all", 2.0, warm_up=4))
    metrics: tuple[str, ...] = ("error",)
    before: Callable[[str, int], None] = field(default=_nothing)

    def model(self, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(4, 16), nn.Dropout(0.2), nn.Linear(16, 1))

    def batch(self, seed: int, stage: str, step: int) -> Batch:
        self.before(stage, step)
        generator = torch.Generator().manual_seed(hash((seed, len(stage), step)))
        numbers = torch.randn(16, 4, generator=generator)
        return {"numbers": numbers, "sums": numbers.sum(1, keepdim=True)}

    def trained(self, model: nn.Module, stage: str) -> Mapping[str, float]:
        return {
            n: 1.0 if n.startswith("2.") else 0.5 for n, _ in model.named_parameters() if stage == "all" or n[0] == "2"
        }

    def loss(self, model: nn.Module, batch: Batch, stage: str) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        error = (model(batch["numbers"]) - batch["sums"]).square().mean()
        return error, {"error": error.detach().sqrt()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        batch = self.batch(-1, "all", 0)
        return {"error": float((model(batch["numbers"]) - batch["sums"]).abs().mean())}


def recipe() -> SumRecipe:
    return SumRecipe()


def options(out: Path, **given: object) -> Options:
    plan = {} if given.get("resume") else {"steps": STEPS}
    return Options(out, **{"threads": 1, "curve_every": 1, "checkpoint_every_s": 1e9, **plan, **given})  # type: ignore[arg-type]  # given by name


def killed_between_checkpoints(out: Path) -> None:
    """Dies at step 7 of its second stage, seven steps after its last checkpoint."""

    def die(stage: str, step: int) -> None:
        if (stage, step) == ("all", 7):
            os.kill(os.getpid(), signal.SIGKILL)

    train(SumRecipe(before=die), options(out))


def killed_in_a_checkpoint(out: Path) -> None:
    """Dies where the checkpoint before has left its place and the new one is not there yet."""
    rename, renamed = Path.rename, []

    def die(path: Path, target: Path) -> Path:
        renamed.append(target)
        made = rename(path, target)
        if target.name.endswith(".previous") and len(renamed) > 24:
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    Path.rename = die  # type: ignore[assignment,method-assign]  # of a process that dies by it
    train(recipe(), options(out, checkpoint_every_s=0.0))
