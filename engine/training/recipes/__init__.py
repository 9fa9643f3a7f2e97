"""The recipes that `tessera train` knows, by name."""

from __future__ import annotations

import importlib
from typing import cast

from engine.errors import UsageError
from engine.training.recipes.protocol import Recipe

RECIPES = {
    "nano": "engine.training.nano.recipe:recipe",
    "entitygrid-tower": "engine.training.recipes.entitygrid:tower",
    "entitygrid-uhd": "engine.training.recipes.entitygrid:uhd",
    "entitygrid-restore": "engine.training.recipes.entitygrid:restore",
    "entitygrid-mining": "engine.training.recipes.entitygrid:mining",
    "entitygrid-restore-mining": "engine.training.recipes.entitygrid:restore_mining",
    "entitygrid-slime": "engine.training.recipes.entitygrid:slime",
    "entitygrid-uhd-two-stage": "engine.training.recipes.entitygrid:uhd_two_stage",
    "entitygrid-slime-alternating": "engine.training.recipes.entitygrid:slime_alternating",
}
"""Where each recipe is made: a module and a function without arguments. Imported when asked for."""

_RANKER = "ranker"


def recipe_named(name: str) -> Recipe:
    """Raises UsageError for a name that is none."""
    if name == _RANKER:
        raise UsageError(
            "The ranker is trained by a command of its own, in one piece.",
            "Run python -m engine.training.ranker --help.",
        )
    if name not in RECIPES:
        raise UsageError(f"There is no recipe {name}.", f"The recipes are {', '.join(RECIPES)}.")
    module, _, function = RECIPES[name].partition(":")
    return cast(Recipe, getattr(importlib.import_module(module), function)())
