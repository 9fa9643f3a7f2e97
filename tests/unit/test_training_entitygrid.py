"""Toy models on EntityGrid pages: pages are what they say, recipes train what they say, batches are pure."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

from engine.slicing.plan import Grid
from engine.training.recipes import RECIPES, recipe_named
from engine.training.recipes.entity_pages import (
    DIRECTIONS,
    GRID,
    SLICE_PX,
    WORDS,
    Pixels,
    Task,
    Where,
    entity_question,
    lone_entity,
    shrunken,
)
from engine.training.recipes.entitygrid import JOINT, PATCHES, QUERIES, RESTING, GridRecipe, unseen_batch
from engine.training.recipes.schedules import HIRES_LLAVA, LLAVA_UHD, SLIME
from engine.uhd.bridges.base import PatchGrid
from engine.uhd.bridges.slime import NO_EXPERT
from engine.uhd.restore import SliceRestore

GRIDS = tuple(name for name in RECIPES if name.startswith("entitygrid-") and name != "entitygrid-tower")
PAGES = 12


def inked_slices(pixels: Pixels) -> int:
    """In how many slices there is something printed."""
    ink = pixels < np.median(pixels) - 1.0
    return sum(
        bool(ink[y : y + SLICE_PX, x : x + SLICE_PX].sum() > 3)
        for y in range(0, GRID * SLICE_PX, SLICE_PX)
        for x in range(0, GRID * SLICE_PX, SLICE_PX)
    )


def of(name: str) -> GridRecipe:
    recipe = recipe_named(name)
    assert isinstance(recipe, GridRecipe)
    return recipe


@pytest.mark.parametrize("where", [Where.INNER, Where.INSIDE])
def test_entities_inside_are_whole_in_one_slice(where: Where) -> None:
    for number in range(PAGES):
        assert inked_slices(entity_question(str(number), Task.RECOGNITION, where).pixels) == 1


def test_entities_on_a_border_are_cut() -> None:
    for number in range(PAGES):
        assert inked_slices(entity_question(str(number), Task.RECOGNITION, Where.CUT).pixels) >= 2


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("where", list(Where))
def test_a_question_is_a_pure_function_of_its_key(task: Task, where: Where) -> None:
    one, again, other = (entity_question(key, task, where) for key in ("a", "a", "b"))
    assert np.array_equal(one.pixels, again.pixels)
    assert (one.question, one.answer) == (again.question, again.answer)
    assert not np.array_equal(one.pixels, other.pixels)
    assert task is not Task.POSITION or WORDS[one.answer] in DIRECTIONS


def test_an_overview_is_the_page_at_half_its_size() -> None:
    page = entity_question("a", Task.COUNTING, Where.ANYWHERE).pixels
    small = shrunken(page)
    assert small.shape == (SLICE_PX, SLICE_PX)
    assert small[3, 5] == pytest.approx(page[6:8, 10:12].mean())
    assert lone_entity(random.Random(0), SLICE_PX, shrunk=True)[0].shape == small.shape


@pytest.mark.parametrize("name", GRIDS)
def test_every_recipe_trains_what_its_stages_say(name: str) -> None:
    recipe = of(name)
    model: Any = recipe.model(0)
    batch = {key: value[:4] for key, value in recipe.batch(0, recipe.stages[0].name, 0).items()}
    for stage in recipe.stages:
        trained = recipe.trained(model, stage.name)
        assert trained.keys() <= dict(model.named_parameters()).keys()
        loss, metrics = recipe.loss(model, batch, stage.name)
        assert torch.isfinite(loss)
        assert metrics.keys() == set(recipe.metrics)
    assert model.language_model.get_output_embeddings().weight.requires_grad or recipe.schedule is None


def test_the_tower_rests_first_but_its_adapters_do_not() -> None:
    recipe = of("entitygrid-restore")
    model = recipe.model(0)
    resting, joint = (recipe.trained(model, stage).keys() for stage in (RESTING, JOINT))
    assert {name.split(".")[1] for name in resting if name.startswith("vision_tower.")} == {"restore"}
    assert any(name.startswith("vision_tower.clip.") for name in joint)


def test_a_batch_depends_on_seed_stage_and_step_alone() -> None:
    recipe = of("entitygrid-uhd")
    one, again = recipe.batch(1, JOINT, 7), recipe.batch(1, JOINT, 7)
    assert all(torch.equal(value, again[name]) for name, value in one.items())
    for other in (recipe.batch(2, JOINT, 7), recipe.batch(1, RESTING, 7), recipe.batch(1, JOINT, 8)):
        assert not torch.equal(one["slices"], other["slices"])


def test_the_selector_keeps_fewer_tokens_and_as_many_by_chance() -> None:
    recipe = of("entitygrid-slime")
    model = recipe.model(0).eval()
    batch = unseen_batch(Task.RECOGNITION, Where.CUT, 0, 4)
    with torch.no_grad():
        features = recipe.features(model, batch)
        assert features.shape[1] == GRID * GRID * QUERIES + PATCHES
        _, everything = recipe.answers(model, batch, features, 1.0)
        _, half = recipe.answers(model, batch, features, 0.5)
        _, blind = recipe.answers(model, batch, features, 0.5, blind=True)
    assert everything.tolist() == [GRID * GRID * QUERIES] * 4
    assert all(0 < kept < GRID * GRID * QUERIES for kept in half.tolist())
    assert torch.equal(half, blind)


def test_slices_restored_page_after_page_are_those_of_each_page() -> None:
    torch.manual_seed(0)
    restore = SliceRestore(8, 2)
    for parameter in restore.parameters():
        torch.nn.init.normal_(parameter)
    slices, patches, grid = torch.randn(2 * 6, 4, 8), PatchGrid(2, 2), Grid(3, 2)
    together = restore(slices, patches, grid)
    alone = torch.cat([restore(page, patches, grid) for page in slices.split(6)])
    torch.testing.assert_close(together, alone)


def test_slime_trains_its_branches_in_turns() -> None:
    recipe = of("entitygrid-slime-alternating")
    model: Any = recipe.model(0)
    forced = []
    for stage in recipe.stages:
        recipe.trained(model, stage.name)
        forced.append(model.bridge.forced_expert)
    assert forced == [0, 1, NO_EXPERT, NO_EXPERT]


def test_the_schedules_share_out_all_of_a_training() -> None:
    for schedule in (LLAVA_UHD, HIRES_LLAVA, SLIME):
        assert sum(stage.share for stage in schedule.stages) == pytest.approx(1.0)
