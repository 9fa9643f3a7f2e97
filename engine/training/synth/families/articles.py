"""Encyclopedia-like pages: a title, paragraphs of facts, and a box of keys and values beside them."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.fields import KEYS, Asked
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_TONGUES = ("English", "French", "Dutch", "Polish", "Hindi", "Malay", "Portuguese", "Swedish")


def article(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with the box on the right."""
    return _page(rng, loc, held, box_left=False)


def profile(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page with the keys above their values in a strip on the left, and short paragraphs."""
    return _page(rng, loc, held, box_left=True)


def _page(rng: random.Random, loc: v.Locale, held: bool, *, box_left: bool) -> Draft:
    canvas = Canvas(
        rng.choice([612.0, 960.0]),
        rng.choice([792.0, 1100.0]),
        rng,
        TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9, 12)),
    )
    draft = Draft(canvas, rng, loc, held)
    who, keys = _entity(rng)
    draft.who = who
    margin = rng.uniform(36, 60)
    canvas.new_block()
    span = canvas.write(margin, 60, who, canvas.styled(size=22))
    draft.say("article_title", who, span)
    box_width = (canvas.width - 2 * margin) * rng.uniform(0.32, 0.42)
    text_width = canvas.width - 2 * margin - box_width - 24
    box_x, text_x = (margin, margin + box_width + 24) if box_left else (canvas.width - margin - box_width, margin)
    chosen = {label: keys[label] for label in rng.sample(sorted(keys), rng.randint(4, len(keys)))}
    if rng.random() < 0.5:
        _prose(draft, Area(text_x, 92, text_width))
        _box(draft, chosen, Area(box_x, 92, box_width), stacked=box_left)
    else:
        _box(draft, chosen, Area(box_x, 92, box_width), stacked=box_left)
        _prose(draft, Area(text_x, 92, text_width))
    for label, key in keys.items():
        if label not in chosen:
            draft.absent.append((rng.choice(key.questions(held=held, who=who)), key.value))
    return draft


def _entity(rng: random.Random) -> tuple[str, dict[str, Asked]]:
    match rng.choice(["organisation", "person", "place", "book"]):
        case "organisation":
            return v.company(rng), KEYS["organisation"]
        case "person":
            return v.person(rng, formal=0), KEYS["person"]
        case "place":
            return v.coined(rng), KEYS["place"]
        case _:
            return f"The {rng.choice(words.BRAND_WORDS)} {rng.choice(words.OFFICE_WORDS).capitalize()}", KEYS["book"]


def _box(draft: Draft, keys: dict[str, Asked], area: Area, *, stacked: bool) -> None:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    y = area.y
    if rng.random() < 0.5:
        canvas.write(area.x + area.width / 2, y, draft.who, canvas.styled(bold=True), "center")
        y += canvas.style.size * 1.8
    offset = 8 if stacked else area.width * rng.uniform(0.38, 0.5)
    top, bold = y - canvas.style.size, canvas.styled(bold=True)
    if not stacked:
        offset = max(offset, *(canvas.width_of(label, bold) + 10 for label in keys))
    for label, key in keys.items():
        text = _value(draft, key.value)
        if rng.random() < 0.25:
            text += f" [{rng.randint(1, 30)}]"
        canvas.write(area.x + 4, y, label, bold)
        y += canvas.style.size * 1.3 if stacked else 0
        span: Span | None = None
        for line in wrap(canvas, text, area.width - offset - 4, canvas.style):
            part = canvas.write(area.x + offset, y, line)
            span = part if span is None else span + part
            y += canvas.style.size * 1.25
        assert span is not None
        bare = text.split(" [")[0]
        if bare != text:
            span = Span(span.page, span.words[:-1])
        asks = key.questions(held=draft.held, who=draft.who)
        asks += (f"{label.lower()} of {draft.who}",) if draft.held else (f"{label.lower()}?",)
        draft.facts.append(Fact(f"box:{label}", v.accepted(bare, draft.loc), span, label, "label", key.value, asks))
        y += canvas.style.size * 0.5
    canvas.shape(area.x - 2, top - 4, area.x + area.width, y, stroke=(0.6, 0.6, 0.6))


def _value(draft: Draft, kind: str) -> str:
    rng, loc = draft.rng, draft.loc
    match kind:
        case "nation":
            return rng.choice(words.NATIONS)
        case "area":
            return f"{v.typed(rng, 'number', loc)} km²"
        case "length":
            return f"{rng.randint(2, 4000)} m"
        case "zone":
            return f"UTC{rng.choice('+-')}{rng.randint(1, 11)}"
        case "language":
            return rng.choice(_TONGUES)
        case "url":
            return v.website(rng, draft.who)
        case "number":
            return v.integer(loc, round(10 ** rng.uniform(0.3, 5.5)))
        case _:
            return v.typed(rng, kind, loc)


def _prose(draft: Draft, area: Area) -> None:
    rng = draft.rng
    told = draw_told(draft, rng.randint(3, 7))
    y = area.y
    while told and y < draft.canvas.height - 120:
        part, told = told[:2], told[2:]
        if rng.random() < 0.3:
            draft.canvas.new_block()
            draft.canvas.write(area.x, y + 6, v.office_phrase(rng, 1, 2), draft.canvas.styled(bold=True, size=14))
            y += 28
        y = write_prose(draft, Area(area.x, y, area.width), part, filler=rng.randint(0, 2)) + 8
