"""Makes synthetic documents: sample k of a seed is always the same document with the same questions."""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.errors import UsageError
from engine.training.synth.families.articles import article, profile
from engine.training.synth.families.bulletins import bulletin
from engine.training.synth.families.charts import chart
from engine.training.synth.families.courts import court
from engine.training.synth.families.dialogs import dialog
from engine.training.synth.families.forms import form
from engine.training.synth.families.held_business import bill, delivery, payslip, slip
from engine.training.synth.families.held_pages import cells, minutes, news, ticket
from engine.training.synth.families.held_screens import datasheet, league, pricelist, settings
from engine.training.synth.families.invoices import invoice
from engine.training.synth.families.leaflets import leaflet
from engine.training.synth.families.letters import letter
from engine.training.synth.families.papers import paper
from engine.training.synth.families.receipts import receipt
from engine.training.synth.families.recipes import recipe
from engine.training.synth.families.reports import report
from engine.training.synth.families.screens import screen
from engine.training.synth.families.statements import statement
from engine.training.synth.families.tables import table
from engine.training.synth.families.topics import topic
from engine.training.synth.families.written import written_families
from engine.training.synth.families.yearbooks import yearbook
from engine.training.synth.margins import write_margins
from engine.training.synth.noise import disturb
from engine.training.synth.questions import Draft, make_questions
from engine.training.synth.types import SyntheticDocument
from engine.training.synth.values import LANGUAGES, Locale, draw_locale

Family = Callable[[random.Random, Locale, bool], Draft]

_TRAIN: dict[str, Family] = {
    "receipt": receipt,
    "invoice": invoice,
    "form": form,
    "table": table,
    "letter": letter,
    "statement": statement,
    "dialog": dialog,
    "article": article,
    "court": court,
    "recipe": recipe,
    "paper": paper,
    "report": report,
    "chart": chart,
    "yearbook": yearbook,
    "bulletin": bulletin,
    "leaflet": leaflet,
    "screen": screen,
    "topic": topic,
    **written_families(),
}
_HELD: dict[str, Family] = {
    "bill": bill,
    "slip": slip,
    "delivery": delivery,
    "payslip": payslip,
    "cells": cells,
    "minutes": minutes,
    "news": news,
    "ticket": ticket,
    "datasheet": datasheet,
    "league": league,
    "pricelist": pricelist,
    "settings": settings,
    "profile": profile,
}
# How often a family is written in another language than English.
_MULTILINGUAL = {"receipt": 0.25, "invoice": 0.25, "form": 0.25, "statement": 0.25, "bill": 0.25, "topic": 0.6}
# Families that number their own pages, and those that are no pages.
_WITHOUT_MARGINS = {
    "receipt",
    "slip",
    "table",
    "report",
    "dialog",
    "settings",
    "ticket",
    "chart",
    "court",
    "screen",
    "leaflet",
    "yearbook",
    "paper",
    "bill",
}

TRAIN_FAMILIES = tuple(_TRAIN)
HELD_OUT_FAMILIES = tuple(_HELD)


def make_document(seed: int, k: int, family: str | None = None, *, noise: float | None = None) -> SyntheticDocument:
    """Document `k` of `seed`. Without `family`, the train families take turns.

    `noise` is the strength its words are disturbed with (0 leaves them true); None draws it: none for half of the
    documents. Boxes and answers of questions stay those of the undisturbed page. Raises UsageError for an unknown
    family.
    """
    name = family or TRAIN_FAMILIES[k % len(TRAIN_FAMILIES)]
    held = name in _HELD
    maker = (_HELD if held else _TRAIN).get(name)
    if maker is None:
        raise UsageError(f"There is no family of synthetic documents named {name!r}.", f"Known: {', '.join(_all())}.")
    rng = random.Random(f"{seed}/{k}/{name}")
    language = rng.choice(LANGUAGES[1:]) if name in _MULTILINGUAL and rng.random() < _MULTILINGUAL[name] else "en"
    draft = maker(rng, draw_locale(rng, language), held)
    if name not in _WITHOUT_MARGINS and not draft.closed:
        write_margins(draft)
    questions = make_questions(draft)
    pages, art = draft.canvas.finish(f"{name}-{seed}-{k}.pdf")
    strength = (0.0 if rng.random() < 0.5 else rng.uniform(0.1, 1.0)) if noise is None else noise
    if strength > 0:
        pages = tuple(disturb(page, rng, strength) for page in pages)
    return SyntheticDocument(name, pages, questions, art, draft.language, strength)


def _all() -> tuple[str, ...]:
    return (*TRAIN_FAMILIES, *HELD_OUT_FAMILIES)
