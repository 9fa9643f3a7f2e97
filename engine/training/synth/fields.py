"""What a field is: its value type, the labels documents print for it and the ways people ask for it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Texts = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """`labels`, `asks` and `held` are by language; `asks` phrase the questions of train families, `held` the others.

    `{label}` in a question is the label as printed (without colon), `{who}` the name of an entity of the document.
    """

    value: str
    labels: Texts
    asks: Texts = field(default_factory=dict)
    held: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """How people ask for something that has no label of its own: value type, questions of train and other families."""

    value: str
    asks: tuple[str, ...]
    held: tuple[str, ...]

    def questions(self, *, held: bool, **slots: str) -> tuple[str, ...]:
        """The questions with their slots filled; things that only one kind of family prints have only its own."""
        chosen = (self.held if held else self.asks) or self.held or self.asks
        return tuple(text.format(**slots) for text in chosen)


def texts(**by_language: str) -> Texts:
    """`en="Total|Amount due"` → {"en": ("Total", "Amount due")}."""
    return {language: tuple(part.strip() for part in joined.split("|")) for language, joined in by_language.items()}


def load_fields() -> dict[str, FieldSpec]:
    """The catalogue: every field of the `fields_*.toml` files beside this module."""
    fields: dict[str, FieldSpec] = {}
    for path in sorted(Path(__file__).parent.glob("fields_*.toml")):
        for key, entry in _load(path.name).items():
            parts = ({lang: tuple(t) for lang, t in entry.get(p, {}).items()} for p in ("labels", "asks", "held"))
            fields[key] = FieldSpec(entry["value"], *parts)
    return fields


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _asked(entries: dict[str, Any]) -> dict[str, Asked]:
    return {
        key: Asked(entry.get("value", "text"), tuple(entry.get("asks", ())), tuple(entry.get("held", ())))
        for key, entry in entries.items()
    }


FIELDS = load_fields()
ASKED = _asked(_load("asked.toml"))
# The keys of boxes by group (organisation, person, place, book, recipe), then by printed label.
KEYS = {group: _asked(entries) for group, entries in _load("keys.toml").items()}
SETTINGS: dict[str, tuple[str, ...]] = {label: tuple(options) for label, options in _load("settings.toml").items()}

# Questions that name a printed label, by language. They work for every labelled field.
GENERIC_ASKS = texts(
    en="What is the {label}?|what is the {label}|{label}?|{label}|What is the '{label}'?|What is the \"{label}\"?"
    "|What is the value of {label}?|What is written next to '{label}'?|What is mentioned in the field {label}?"
    "|What is the {label} given?|What's the {label}?|Which {label} is mentioned?|What is the {label} on this page?"
    "|What does the {label} field say?|What is the {label} mentioned in this document?|Give the {label}."
    "|What is the {label} listed?|What is the {label} as per the document?|What value is filled in for {label}?"
    '|What is {label}?|What is the {label} in the form?|What is the entry under "{label}"?',
    de="Wie lautet {label}?|Was ist {label}?|{label}?|Was steht bei „{label}“?|Was ist unter {label} angegeben?",
    fr="Quel est le {label} ?|{label} ?|Quelle est la valeur de {label} ?|Qu'indique « {label} » ?",
    es="¿Cuál es {label}?|¿{label}?|¿Qué pone en {label}?|¿Cuál es el valor de {label}?",
    it="Qual è {label}?|{label}?|Che cosa c'è scritto in {label}?|Qual è il valore di {label}?",
    nl="Wat is {label}?|{label}?|Wat staat er bij {label}?|Wat is de waarde van {label}?",
)
GENERIC_HELD = texts(
    en="Tell me the {label}.|Find the {label}|Could you read out the {label}?|I need the {label} please"
    "|Look up {label}|What entry is given for {label}?|Please state the {label}|{label} =|Read the {label} for me"
    "|What do we have under '{label}'?|Which value belongs to \"{label}\"?|Show {label}",
    de="Nenne {label}.|Welcher Wert gehört zu {label}?",
    fr="Donnez {label}.|Que lit-on à {label} ?",
    es="Dime {label}.|¿Qué valor tiene {label}?",
    it="Dimmi {label}.|Che valore ha {label}?",
    nl="Geef {label}.|Welke waarde heeft {label}?",
)
# Questions by value type that name a label, English.
TYPED_ASKS: Texts = texts(
    amount="How much is the {label}?|What is the amount of {label}?|how much {label}?|What is the {label} amount?",
    number="How many are given for {label}?|What is the number for {label}?|What number is given as {label}?",
    date="On which date is {label}?|What date is given for {label}?|When is the {label}?"
    "|Which date stands for {label}?",
    time="At what time is {label}?|What time is given for {label}?",
    person="Who is the {label}?|Whose name is given as {label}?|Who is mentioned as {label}?",
    company="Which company is the {label}?|Who is the {label}?|What company is named as {label}?",
    percent="What percentage is {label}?|What is the percentage of {label}?|What percent is given for {label}?",
    city="Where is the {label}?|Which place is given as {label}?",
    phone="What number can be called for {label}?|What is the phone number for {label}?",
    email="What e-mail address is given for {label}?",
)
TYPED_HELD: Texts = texts(
    amount="What sum stands for {label}?|{label} comes to how much?",
    number="What figure is shown for {label}?|What count does {label} have?",
    date="What day does {label} fall on?|{label}: which day?",
    time="What hour is set for {label}?",
    person="Name the person given as {label}.",
    company="Name the firm given as {label}.",
    percent="What share is {label}?",
    city="What location is named as {label}?",
)
