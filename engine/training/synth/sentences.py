"""Facts told in sentences, with the questions they answer."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.training.synth import values as v
from engine.training.synth import wordlists as words

_PLACES = (
    "bridge",
    "museum",
    "lighthouse",
    "railway tunnel",
    "botanical garden",
    "town hall",
    "canal",
    "theatre",
    "zoo",
    "dam",
    "library",
)
_THINGS = (
    "pump",
    "loom",
    "typewriter",
    "valve",
    "compass",
    "lens",
    "brake",
    "printing press",
    "turbine",
    "hinge",
    "calculator",
)
_ANIMALS = ("heron", "otter", "beetle", "lynx", "tortoise", "salamander", "seal", "marmot", "vulture", "pike", "gecko")
_JOBS = (
    "painter",
    "chemist",
    "civil engineer",
    "novelist",
    "composer",
    "botanist",
    "watchmaker",
    "journalist",
    "surgeon",
    "architect",
)
_AWARDS = ("Medal", "Prize", "Award", "Fellowship")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """One telling: text with marks named `prefix.key`, and for each mark its questions, answers and value type."""

    text: str
    asks: dict[str, tuple[str, ...]]
    answers: dict[str, tuple[str, ...]]
    values: dict[str, str]


def fact_names() -> tuple[str, ...]:
    return tuple(_facts())


def tell(rng: random.Random, loc: v.Locale, name: str, prefix: str, *, held: bool) -> Told:
    """The fact `name` with freshly drawn slots. Marks get the key `prefix.key`; the whole telling is `prefix.`."""
    fact = _facts()[name]
    text = rng.choice(fact["held_texts" if held else "texts"])
    asks = fact["held_asks" if held else "asks"]
    slots = _slots(rng, loc, text + " ".join(q for group in asks.values() for q in group))
    marked = {key: f"{prefix}.{key}" for key in asks}
    told = text
    for key, mark in marked.items():
        told = told.replace(f"[[{key}|", f"[[{mark}|") if key else f"[[{mark}|{told}]]"
    told = told.format(**slots)
    printed = dict(re.findall(r"\[\[([^|]+)\|(.*?)\]\]", told))
    found = {mark: key for key, mark in marked.items() if mark in printed}
    fixed = fact.get("answers", {})
    return Told(
        told,
        {mark: tuple(q.format(**slots) for q in asks[key]) for mark, key in found.items()},
        {mark: tuple(fixed[key]) if key in fixed else v.accepted(printed[mark], loc) for mark, key in found.items()},
        {mark: fact["values"][key] for mark, key in found.items()},
    )


def other_questions(
    rng: random.Random, loc: v.Locale, used: set[str], printed: str, *, held: bool
) -> list[tuple[str, str]]:
    """(question, value type) about things that a document with the facts `used` and the words `printed` lacks."""
    made = []
    for name in rng.sample(fact_names(), 4):
        asks = _facts()[name]["held_asks" if held else "asks"]
        key = rng.choice(sorted(asks))
        question = rng.choice(asks[key])
        slots = _slots(rng, loc, question)
        if any(text in printed for text in slots.values()) or (not slots and name in used):
            continue
        made.append((question.format(**slots), _facts()[name]["values"][key]))
    return made


@cache
def _facts() -> dict[str, dict[str, Any]]:
    path = Path(__file__).with_name("sentences.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _slots(rng: random.Random, loc: v.Locale, text: str) -> dict[str, str]:
    """A value for every slot that `text` names."""
    names = dict.fromkeys(re.findall(r"\{(\w+)\}", text))
    return {name: _SLOTS[name](rng, loc) for name in names}


def draw_slot(rng: random.Random, loc: v.Locale, name: str) -> str:
    """A fresh value for the slot `name`."""
    return _SLOTS[name](rng, loc)


def _named(kinds: tuple[str, ...]) -> Callable[[random.Random, v.Locale], str]:
    return lambda rng, _: f"{v.coined(rng)} {rng.choice(kinds)}"


def _big_amount(rng: random.Random, loc: v.Locale) -> str:
    if rng.random() < 0.5:
        return f"{loc.currency or '$'}{rng.randint(1, 99)}.{rng.randint(1, 9)} {rng.choice(['million', 'billion'])}"
    return v.money(loc, v.amount_cents(rng, 10_000, 90_000_000))


def _org(rng: random.Random, _loc: v.Locale) -> str:
    lead = rng.choice([v.coined(rng), rng.choice(words.BRAND_WORDS)])
    return f"{lead} {rng.choice(words.TRADES['en'])}"


def _number(rng: random.Random, loc: v.Locale) -> str:
    return v.integer(loc, int(10 ** rng.uniform(1, 6.5)))


_SLOTS: dict[str, Callable[[random.Random, v.Locale], str]] = {
    "org": _org,
    "org2": _org,
    "person": lambda rng, _: v.person(rng, formal=0.05),
    "city": lambda rng, _: rng.choice(words.CITIES["en"]),
    "city2": lambda rng, _: rng.choice(words.CITIES["fr"] + words.CITIES["it"]),
    "nation": lambda rng, _: rng.choice(words.NATIONS),
    "year": lambda rng, _: str(rng.randint(1820, 2025)),
    "date": lambda rng, loc: v.write_date(loc, v.draw_date(rng, 1900, 2027)),
    "amount": _big_amount,
    "number": _number,
    "count": lambda rng, _: str(rng.randint(2, 90)),
    "percent": v.percent,
    "thing": _named(_THINGS),
    "place": _named(_PLACES),
    "animal": _named(_ANIMALS),
    "award": _named(_AWARDS),
    "job": lambda rng, _: rng.choice(_JOBS),
    "topic": lambda rng, _: rng.choice(words.TOPICS).lower(),
    "time": lambda rng, _: v.clock(rng),
    "weekday": lambda rng, _: rng.choice(_WEEKDAYS),
    "title": lambda rng, _: rng.choice(words.JOB_TITLES),
    "length": lambda rng, _: f"{rng.randint(2, 990)} {rng.choice(['km', 'm', 'miles', 'metres'])}",
    "area": lambda rng, loc: f"{_number(rng, loc)} {rng.choice(['km²', 'sq mi', 'hectares'])}",
    "weight": lambda rng, _: f"{rng.randint(2, 900)} {rng.choice(['kg', 'g', 'tonnes', 'lb'])}",
    "duration": lambda rng, _: f"{rng.randint(2, 59)} {rng.choice(['minutes', 'hours', 'days'])}",
    "product": lambda rng, _: rng.choice(words.GOODS["en"]),
    "method": lambda rng, _: f"{v.coined(rng)}{rng.choice(['Net', '-2', 'Former', ''])}",
    "dataset": lambda rng, _: f"{v.coined(rng).upper()}{rng.choice(['', '-1K', ' v2'])}",
    "rate": lambda rng, _: rng.choice(["0.001", "1e-4", "3e-4", "0.01", "5e-5", "0.0002"]),
}
