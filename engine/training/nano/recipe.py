"""The recipe of Tessera-nano's language model: where an answer begins, and which word follows each of its words.

The tower is frozen and the bridge has nothing to learn, so the pages are made as the tower would give them. The
stages widen what is seen: a few lines around the answer, about a slice, whole pages.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from engine.training.nano.batches import Crowd, make_batch
from engine.training.recipes.protocol import Batch, Stage
from engine.training.synth.generate import HELD_OUT_FAMILIES, TRAIN_FAMILIES
from engine.uhd.nano.network import Asked, Pointed, PointingNetwork

REVISION = "3"
_CROWDS = {"strips": Crowd(48, 32, 10), "slices": Crowd(96, 32, 10), "pages": Crowd(192, 20, 10)}
_EVALUATION_SEED = 7_000_000
_EVALUATION_STEPS = 6
_IGNORED = -100


class NanoRecipe:
    """A `Recipe` of the training loop."""

    name = "nano"
    revision = REVISION
    stages = (
        Stage("strips", share=0.55, learning_rate=2e-3, warm_up=100, final_share=0.5),
        Stage("slices", share=0.27, learning_rate=1.2e-3, warm_up=20, final_share=0.5),
        Stage("pages", share=0.18, learning_rate=1e-3, warm_up=20, final_share=0.02),
    )
    metrics = ("start", "path", "absent", "exact")

    def model(self, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return PointingNetwork()

    def batch(self, seed: int, stage: str, step: int) -> Batch:
        """Stages draw from numbers of their own, so that no page is seen twice."""
        place = list(_CROWDS).index(stage)
        return make_batch(seed * len(_CROWDS) + place, step, _CROWDS[stage])

    def trained(self, model: nn.Module, _stage: str) -> Mapping[str, float]:
        return {name: 1.0 for name, _ in model.named_parameters()}

    def loss(self, model: nn.Module, batch: Batch, _stage: str) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        pointed: Pointed = model(asked(batch))
        following = next_targets(batch)
        start = cross_entropy(pointed.start, batch["start"])
        path = cross_entropy(pointed.next.flatten(0, 1), following.flatten(), ignore_index=_IGNORED)
        right = exact(pointed, batch)
        there = batch["path"][:, 0] >= 0
        found = {"exact": right[there].float().mean()} if bool(there.any()) else {}
        nothing = {"absent": right[~there].float().mean()} if bool((~there).any()) else {}
        return start + path, {"start": start.detach(), "path": path.detach(), **found, **nothing}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """The share of questions whose words are all pointed at, on generated pages that training never saw: of the
        families it trains on, and of others."""
        figures: dict[str, float] = {}
        for name, families in (("seen", TRAIN_FAMILIES), ("unseen", HELD_OUT_FAMILIES)):
            present, absent = score(model, families, _EVALUATION_STEPS)
            figures |= {f"{name}_exact": present, f"{name}_absent": absent}
        return figures


def score(model: nn.Module, families: tuple[str, ...], steps: int) -> tuple[float, float]:
    """Shares of right answers, where there is one and where there is none, over `steps` batches of whole pages."""
    device = next(model.parameters()).device
    present: list[bool] = []
    absent: list[bool] = []
    for step in range(steps):
        batch = {name: part.to(device) for name, part in make_batch(
            _EVALUATION_SEED, step, _CROWDS["pages"], families).items()}  # fmt: skip
        right = exact(model(asked(batch)), batch).tolist()
        for one, there in zip(right, (batch["path"][:, 0] >= 0).tolist(), strict=True):
            (present if there else absent).append(one)
    return sum(present) / max(len(present), 1), sum(absent) / max(len(absent), 1)


def asked(batch: Batch) -> Asked:
    """The network's input of a batch."""
    return Asked(batch["words"], batch["boxes"], batch["question"], batch["page"])


def next_targets(batch: Batch) -> Tensor:
    """[rows, words]: for each word of an answer the one that follows, the number of words for the end."""
    path, words = batch["path"], batch["words"].shape[1]
    following = torch.cat([path[:, 1:], torch.full_like(path[:, :1], -1)], dim=1)
    following = torch.where(following < 0, words, following)
    targets = torch.full((len(path), words + 1), _IGNORED, device=path.device)
    # Places beyond an answer all write to a column that is dropped.
    targets.scatter_(1, torch.where(path < 0, words, path), following)
    return targets[:, :words]


def exact(pointed: Pointed, batch: Batch) -> Tensor:
    """[rows] bool: whether the likeliest beginning and the likeliest next words are those of the answer."""
    targets = next_targets(batch)
    wrong = (pointed.next.argmax(-1) != targets) & (targets != _IGNORED)
    return (pointed.start.argmax(-1) == batch["start"]) & ~wrong.any(1)


def recipe() -> NanoRecipe:
    """For the list of recipes."""
    return NanoRecipe()
