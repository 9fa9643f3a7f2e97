"""Toy models of the UHD family on EntityGrid pages: five variants that differ in one thing each.

All are `engine.uhd` itself at 48 px a slice. A tower is trained first to name whole entities in single views; a
variant then learns to answer, at first with the tower at rest, then in one piece.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from engine.slicing.plan import Grid
from engine.training.recipes.entity_pages import (
    ENTITIES,
    GRID,
    QUESTION_WORDS,
    SLICE_PX,
    WORDS,
    EntityQuestion,
    Task,
    Where,
    entity_question,
    lone_entity,
    shrunken,
)
from engine.training.recipes.protocol import Batch, Stage
from engine.training.recipes.schedules import LLAVA_UHD, SLIME, Schedule
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.selector import Rows, Selector, select
from engine.uhd.stages import Shown

DIM, HEADS, VISION_LAYERS, TEXT_LAYERS = 96, 4, 4, 2
PATCH_PX, QUERIES = 12, 4
PATCHES = (SLICE_PX // PATCH_PX) ** 2
RESTORED = (2, 3)
"""Of the tower's four layers, those after whose attention slices see each other; as in the paper, not the last."""
TOP_P = 0.95
BATCH, TOWER_BATCH = 32, 64
EASY = (Task.RECOGNITION, Task.COUNTING)
ALL = (Task.RECOGNITION, Task.POSITION, Task.COUNTING, Task.POSITION, Task.RECOGNITION, Task.POSITION)
"""Tasks of training by turns. Where one entity is from another takes many times longer to learn than the others."""
CHECKED = 60
"""Questions of each task and place that a training is evaluated on."""
TEST_KEY = "test"

TOWER, RESTING, JOINT = "tower", "resting", "joint"
_LAYER = {"hidden_size": DIM, "intermediate_size": 2 * DIM, "num_attention_heads": HEADS}


class TowerNames(nn.Module):
    """The vision tower with a head, thrown away later, that names the one entity of a view."""

    def __init__(self, vision_tower: nn.Module) -> None:
        super().__init__()
        self.vision_tower = vision_tower
        self.head = nn.Linear(DIM, len(ENTITIES))


@dataclass(frozen=True, slots=True)
class TowerRecipe:
    """The tower alone, on single views with one whole entity, at the slices' scale and at the overview's."""

    name: str = "entitygrid-tower"
    revision: str = "1"
    stages: tuple[Stage, ...] = (Stage(TOWER),)
    metrics: tuple[str, ...] = ("accuracy",)

    def model(self, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return TowerNames(UhdForConditionalGeneration(_config()).vision_tower)

    def batch(self, seed: int, stage: str, step: int) -> Batch:
        return _lone_batch(f"{seed}/{stage}/{step}", TOWER_BATCH)

    def trained(self, model: nn.Module, stage: str) -> Mapping[str, float]:  # noqa: ARG002 - Recipe's signature
        return {name: 1.0 for name, _ in model.named_parameters()}

    def loss(self, model: nn.Module, batch: Batch, stage: str) -> tuple[Tensor, Mapping[str, Tensor | float]]:  # noqa: ARG002 - Recipe's signature
        logits = _named(model, batch["pixels"])
        hits = (logits.argmax(1) == batch["entities"]).float().mean()
        return cross_entropy(logits, batch["entities"]), {"accuracy": hits}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        batch = _lone_batch(TEST_KEY, 512)
        device = next(model.parameters()).device
        hits = _named(model, batch["pixels"].to(device)).argmax(1).cpu() == batch["entities"]
        return {"accuracy": hits.float().mean().item()}


class BlindSelector(Selector):
    """Keeps as many tokens as the selector would, but any: what its choice is worth is what this one loses."""

    def kept(self, tokens: Tensor, words: Tensor) -> Tensor:
        count = len(super().kept(tokens, words))
        return torch.randperm(len(tokens), device=tokens.device)[:count].sort().values


@dataclass(frozen=True, slots=True)
class GridRecipe:
    """A variant of the model on EntityGrid pages. `config` is what it has of its own; `where` are the entities of
    training; without `overview` it sees slices alone. With a `schedule` it is trained by that one's stages, from the
    tower and the language model of another training."""

    name: str
    config: Mapping[str, Any]
    where: Where = Where.ANYWHERE
    overview: bool = True
    tasks: tuple[Task, ...] = EASY
    schedule: Schedule | None = None
    revision: str = "2"

    @property
    def stages(self) -> tuple[Stage, ...]:
        own = (Stage(RESTING, warm_up=30), Stage(JOINT, learning_rate=5e-4, warm_up=30))
        return own if self.schedule is None else self.schedule.stages

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.tasks))

    def model(self, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        return UhdForConditionalGeneration(_config(**self.config))

    def batch(self, seed: int, stage: str, step: int) -> Batch:
        tasks = [self.tasks[number % len(self.tasks)] for number in range(step * BATCH, (step + 1) * BATCH)]
        key = f"{seed}/{stage}/{step}"
        return collated([entity_question(f"{key}/{n}", task, self.where) for n, task in enumerate(tasks)], tasks)

    def trained(self, model: nn.Module, stage: str) -> Mapping[str, float]:
        """The adapters of the tower begin as nothing and learn from the first step on; the rest of it rests first."""
        uhd: Any = model
        if self.schedule is not None:
            return self.schedule.enter(uhd, stage)
        return {
            name: 1.0
            for name, _ in model.named_parameters()
            if not name.endswith("pos_embed")
            and (stage != RESTING or not name.startswith("vision_tower.") or ".restore." in name)
        }

    def loss(self, model: nn.Module, batch: Batch, stage: str) -> tuple[Tensor, Mapping[str, Tensor | float]]:
        shown = self._shown if self.schedule is None else self.schedule.shown(stage)
        logits, _ = self._answers(model, batch, self._features(model, batch, shown), shown)
        hits = (logits.argmax(1) == batch["answers"]).float()
        of_task = [hits[batch["tasks"] == list(Task).index(Task(name))].mean() for name in self.metrics]
        return cross_entropy(logits, batch["answers"]), dict(zip(self.metrics, of_task, strict=True))

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        device = next(model.parameters()).device
        found = {}
        for task in dict.fromkeys(self.tasks):
            for where in (Where.INNER, Where.CUT):
                batch = {name: value.to(device) for name, value in unseen_batch(task, where, 0, CHECKED).items()}
                logits, _ = self.answers(model, batch, self.features(model, batch))
                found[f"{task} {where}"] = (logits.argmax(1) == batch["answers"]).float().mean().item()
        return found

    def features(self, model: nn.Module, batch: Batch) -> Tensor:
        """[pages, visual tokens, dim]: of the slices row-major, then of the overview."""
        return self._features(model, batch, self._shown)

    def answers(
        self, model: nn.Module, batch: Batch, features: Tensor, top_p: float | None = None, *, blind: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Logits [pages, words] of the answer, and how many visual tokens of slices each page kept [pages].

        `features` are those of the same pages; `top_p` is another share for the selector than the model's own; `blind`
        keeps as many tokens by chance.
        """
        return self._answers(model, batch, features, self._shown, top_p, BlindSelector if blind else Selector)

    @property
    def _shown(self) -> Shown:
        return Shown.ALL if self.overview else Shown.SLICES

    def _features(self, model: nn.Module, batch: Batch, shown: Shown) -> Tensor:
        uhd: Any = model
        found, pages = [], batch["slices"].shape[0]
        if shown is not Shown.OVERVIEW:
            found.append(uhd.encode(batch["slices"].flatten(0, 1), slices=Grid(GRID, GRID)).reshape(pages, -1, DIM))
        if shown is not Shown.SLICES:
            found.append(uhd.encode(batch["overviews"], overview=True))
        return torch.cat(found, 1)

    def _answers(
        self,
        model: nn.Module,
        batch: Batch,
        features: Tensor,
        shown: Shown,
        top_p: float | None = None,
        kind: type[Selector] = Selector,
    ) -> tuple[Tensor, Tensor]:
        uhd: Any = model
        overview = 0 if shown is Shown.SLICES else int(uhd.config.overview_tokens)
        ids, types = _prompt(batch["questions"], shown, overview)
        rows = Rows(ids, types, torch.ones_like(ids), None, features)
        share = uhd.config.selector_top_p if top_p is None else top_p
        if share < 1.0:
            selector = kind(share, 1.0, overview, overview_first=False, noisy=model.training)
            rows = select(rows, selector, uhd.get_input_embeddings())
        embeds = uhd.embed(rows.ids, rows.types, rows.features)
        logits = uhd(inputs_embeds=embeds, attention_mask=rows.mask, logits_to_keep=1).logits[:, -1]
        return logits.float(), (rows.types * rows.mask).sum(1) - overview


def _prompt(questions: Tensor, shown: Shown, overview: int) -> tuple[Tensor, Tensor]:
    """Ids [pages, length] and types: the slices' tokens with separators, `overview` tokens, then the question."""
    end, comma, newline = (WORDS.index(word) for word in ("<s>", ",", "\n"))
    ids, types = [end], [0]
    for number in range(0 if shown is Shown.OVERVIEW else GRID * GRID):
        ids += [end] * QUERIES + [newline if number % GRID == GRID - 1 else comma]
        types += [1] * QUERIES + [0]
    ids += [end] * overview
    types += [1] * overview
    pages, device = questions.shape[0], questions.device
    before = torch.tensor(ids, device=device).expand(pages, -1)
    shown_types = torch.tensor([*types, *[0] * QUESTION_WORDS], device=device).expand(pages, -1)
    return torch.cat([before, questions], 1), shown_types


def collated(asked: list[EntityQuestion], tasks: list[Task]) -> Batch:
    """Slices [pages, slices, 1, px, px], overviews [pages, 1, px, px], and ids of questions, answers and tasks."""
    pages = torch.from_numpy(np.stack([one.pixels for one in asked]))
    cut = pages.reshape(-1, GRID, SLICE_PX, GRID, SLICE_PX).transpose(2, 3)
    return {
        "slices": cut.reshape(-1, GRID * GRID, 1, SLICE_PX, SLICE_PX),
        "overviews": torch.from_numpy(np.stack([shrunken(one.pixels) for one in asked]))[:, None],
        "questions": torch.tensor([one.question for one in asked]),
        "answers": torch.tensor([one.answer for one in asked]),
        "tasks": torch.tensor([list(Task).index(task) for task in tasks]),
    }


def unseen_batch(task: Task, where: Where, start: int, count: int) -> Batch:
    """Questions `start` to `start + count` that no training asks, the same for every seed and variant."""
    keys = [f"{TEST_KEY}/{number}" for number in range(start, start + count)]
    return collated([entity_question(key, task, where) for key in keys], [task] * count)


def tower() -> TowerRecipe:
    return TowerRecipe()


def uhd() -> GridRecipe:
    """LLaVA-UHD: a shared resampler with learned queries."""
    return GridRecipe("entitygrid-uhd", {})


def restore() -> GridRecipe:
    """LLaVA-UHD with HiRes-LLaVA's SliceRestore in its tower."""
    return GridRecipe("entitygrid-restore", {"restore_layers": RESTORED})


def mining() -> GridRecipe:
    """HiRes-LLaVA's self-mining sampler in place of the resampler."""
    return GridRecipe("entitygrid-mining", {"bridge": "self-mining"})


def restore_mining() -> GridRecipe:
    """Both parts of HiRes-LLaVA."""
    return GridRecipe("entitygrid-restore-mining", {"bridge": "self-mining", "restore_layers": RESTORED})


def slime() -> GridRecipe:
    """SliME: two adapters for an overview of all patches, a compressor for slices, and the text-guided selector."""
    own = {"bridge": "slime", "overview_queries": PATCHES, "selector_top_p": TOP_P}
    return GridRecipe("entitygrid-slime", own)


def uhd_two_stage() -> GridRecipe:
    """LLaVA-UHD's own two stages; begins with the tower and the language model of another training."""
    return GridRecipe("entitygrid-uhd-two-stage", {}, schedule=LLAVA_UHD)


def slime_alternating() -> GridRecipe:
    """SliME's own alternation; begins with the tower and the language model of another training."""
    return replace(slime(), name="entitygrid-slime-alternating", schedule=SLIME)


def _config(**own: Any) -> UhdConfig:
    """No separator is told by name here: prompts are laid out by the recipe."""
    vision = {"num_hidden_layers": VISION_LAYERS, "image_size": SLICE_PX, "patch_size": PATCH_PX, "num_channels": 1}
    text = {"model_type": "llama", "num_hidden_layers": TEXT_LAYERS, "vocab_size": len(WORDS), "eos_token_id": 0}
    layout = {"vision_feature_layer": -1, "bridge": "perceiver", "queries": QUERIES, "bridge_heads": HEADS}
    return UhdConfig(vision_config=_LAYER | vision, text_config=_LAYER | text, **(layout | own))


def _named(model: nn.Module, pixels: Tensor) -> Tensor:
    names: Any = model
    logits: Tensor = names.head(names.vision_tower(pixels).features.mean(1))
    return logits


def _lone_batch(key: str, count: int) -> Batch:
    rng = random.Random(key)
    drawn = [lone_entity(rng, SLICE_PX, shrunk=bool(number % 2)) for number in range(count)]
    return {
        "pixels": torch.from_numpy(np.stack([pixels for pixels, _ in drawn]))[:, None],
        "entities": torch.tensor([entity for _, entity in drawn]),
    }
