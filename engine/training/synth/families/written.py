"""Families written down as page files: one for each file of `pages/`."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from engine.training.synth.page_files import PageFile, page_files, written
from engine.training.synth.questions import Draft
from engine.training.synth.values import Locale


def written_families() -> dict[str, Callable[[random.Random, Locale, bool], Draft]]:
    """The families of all page files, by name."""
    return {name: partial(_family, file) for name, file in page_files().items()}


def _family(file: PageFile, rng: random.Random, _loc: Locale, _held: bool) -> Draft:
    return written(rng, file)
