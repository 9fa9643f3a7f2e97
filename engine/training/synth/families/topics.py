"""Running text in six languages about one thing: named in the title, then meant by a pronoun; columns and headings."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.sentences import draw_slot
from engine.training.synth.types import TextStyle

_SMALL = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")
_VALUES = {
    "when": "date",
    "wann": "date",
    "quand": "date",
    "cuando": "date",
    "quando": "date",
    "wanneer": "date",
    "who": "person",
}
_MONEY = {"en": "euros", "de": "Euro", "fr": "euros", "es": "euros", "it": "euro", "nl": "euro"}
_HOURS = {"en": "hours", "de": "Stunden", "fr": "heures", "es": "horas", "it": "ore", "nl": "uur"}
_METRES = {"en": "metres", "de": "Meter", "fr": "mètres", "es": "metros", "it": "metri", "nl": "meter"}


def topic(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of one or two columns."""
    canvas = Canvas(595, 700, rng, TextStyle(rng.choice(["tiro", "tiro", "helv"]), rng.uniform(9, 11.5)))
    draft = Draft(canvas, rng, loc, held)
    chosen = rng.choice(list(_topics()[loc.language].values()))
    name = _filled(draft, rng.choice(chosen["names"]), {})
    draft.who = name
    canvas.new_block()
    span = canvas.write(50, 60, name, canvas.styled(size=rng.uniform(12, 20), bold=rng.random() < 0.7))
    if loc.language == "en":
        asks = ("What is the title of the article?", "What is the article about?", "What is the title?")
        draft.facts.append(Fact("topic", (name,), span, "", "position", "text", asks))
    facts = list(chosen["facts"])
    rng.shuffle(facts)
    told = facts[: rng.randint(4, len(facts) - 1)]
    _write(draft, told, rng.choice(chosen["it"]), 50 + rng.choice([0, 0, 20]))
    for fact in facts[len(told) :]:
        untold = [ask for key, group in fact.items() if key != "text" for ask in group]
        draft.absent.append((_spoken(draft, rng.choice(untold), {}), "text"))
    return draft


def _write(draft: Draft, told: list[dict[str, Any]], it: str, x: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    columns = 2 if rng.random() < 0.3 else 1
    width = (495 - 24 * (columns - 1)) / columns
    y, size = 96.0, rng.randint(2, 4)
    parts = [told[start : start + size] for start in range(0, len(told), size)]
    for number, part in enumerate(parts):
        if columns == 2 and number == (len(parts) + 1) // 2:
            x, y = x + width + 24, 96.0
        known: list[tuple[dict[str, Any], str, dict[str, str]]] = []
        text = ""
        for place, fact in enumerate(part):
            slots = {"It": draft.who if not number and not place else it, "it": it[0].lower() + it[1:]}
            sentence, drawn = _told(draft, fact["text"], slots, f"{number}.{place}.")
            known.append((fact, f"{number}.{place}.", drawn))
            text += f"{sentence} "
            if draft.language == "en" and rng.random() < 0.4:
                text += f"{v.sentence(rng)} "
        if draft.language == "en" and rng.random() < 0.2:
            canvas.new_block()
            canvas.write(x, y, v.office_phrase(rng, 1, 2), canvas.styled(bold=True))
            y += canvas.style.size * 1.6
        spans, y = canvas.paragraph(x, y, width - 20, text.strip())
        for fact, prefix, drawn in known:
            _remember(draft, fact, prefix, spans, drawn)
        y += rng.choice([6, 10, 4])


def _told(draft: Draft, text: str, slots: dict[str, str], prefix: str) -> tuple[str, dict[str, str]]:
    """The sentence with its slots drawn and its marks named for this place; and what was drawn."""
    drawn = dict(slots)
    marked = re.sub(r"\[\[(\w+)\|", lambda match: f"[[{prefix}{match.group(1)}|", text)
    return _filled(draft, marked, drawn), drawn


def _remember(draft: Draft, fact: dict[str, Any], prefix: str, spans: dict[str, Span], drawn: dict[str, str]) -> None:
    for key, asks in fact.items():
        if key == "text" or prefix + key not in spans:
            continue
        span = spans[prefix + key]
        text = draft.canvas.text_of(span).rstrip(".,;")
        asked = tuple(_spoken(draft, ask, drawn) for ask in asks)
        draft.facts.append(
            Fact("topic", v.accepted(text, draft.loc), span, "", "sentence", _VALUES.get(key, "text"), asked)
        )


def _spoken(draft: Draft, ask: str, drawn: dict[str, str]) -> str:
    who = draft.who
    if ask.index("{who}") > 0 if "{who}" in ask else False:
        who = (
            who[0].lower() + who[1:]
            if who.split()[0] in ("The", "Der", "Die", "Das", "La", "El", "Il", "De", "Het", "A")
            else who
        )
    return _filled(draft, ask, {**drawn, "who": who})


def _filled(draft: Draft, text: str, drawn: dict[str, str]) -> str:
    """The text with its slots filled; what is drawn is kept in `drawn`."""
    for name in re.findall(r"\{(\w+)\}", text):
        if name not in drawn:
            drawn[name] = _slot(draft, name)
    return re.sub(r"\{(\w+)\}", lambda match: drawn[match.group(1)], text)


def _slot(draft: Draft, name: str) -> str:
    rng, loc = draft.rng, draft.loc
    own: dict[str, Callable[[], str]] = {
        "coined": lambda: v.coined(rng),
        "year2": lambda: str(rng.randint(1900, 2024)),
        "euros": lambda: (
            f"{v.integer(loc, rng.choice([rng.randint(2, 30), rng.randint(10, 900) * 1000]))} {_MONEY[loc.language]}"
        ),
        "small": lambda: rng.choice([str(rng.randint(2, 40)), rng.choice(_SMALL)]),
        "word": lambda: rng.choice(_SMALL),
        "month": lambda: v.month_name(loc.language, rng.randint(1, 12)),
        "code": lambda: v.code(rng),
        "degrees": lambda: f"{rng.randint(2, 90)} {rng.choice(['°C', 'degrees', 'degrees C'])}",
        "speed": lambda: f"{rng.randint(9, 90)} {rng.choice(['km/h', 'miles per hour', 'mph'])}",
        "meter": lambda: f"{rng.randint(4, 290)} {_METRES[loc.language]}",
        "metros": lambda: f"{rng.randint(4, 290)} {_METRES[loc.language]}",
        "heures": lambda: f"{rng.randint(2, 9)} {_HOURS[loc.language]}",
        "stiftung": lambda: f"Stiftung {v.coined(rng)}",
        "ville": lambda: rng.choice(words.CITIES["fr"]),
        "via": lambda: f"{rng.choice(words.STREETS['it']).lower()} {rng.randint(1, 90)}",
    }
    return own[name]() if name in own else draw_slot(rng, loc, name)


@cache
def _topics() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).parent.with_name("topics.toml").read_text(encoding="utf-8"))
