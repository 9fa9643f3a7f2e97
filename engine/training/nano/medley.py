"""Pages put together at random: labelled values in every way of setting them, tables, paragraphs, loose lines.

No page of a kind: what they teach is how a label and its value can lie to each other, close to other labels and values.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase, ascii_uppercase

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Align, Canvas, Span
from engine.training.synth.fields import FIELDS
from engine.training.synth.layout import Column, write_row
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact, make_questions
from engine.training.synth.types import SyntheticDocument, TextStyle

NAME = "medley"
_TITLES = ("title", "heading", "headline")
_CELL_ASKS = (
    "What is the {head} of {row}?", "What is the {head} for {row}?", "{row}: {head}?", "{row}, {head}",
    "{head} of {row}", "Which {head} is listed for {row}?", "What {head} does {row} have?", "{head} {row}",
    "{head} for {row}?", "What does {row} have as {head}?",
    "How much {head} is there for {row}?", "What {head} is given for {row}?",
)  # fmt: skip
_NUMBERINGS: tuple[Callable[[int], str], ...] = (
    lambda number: f"{number}. ",
    lambda number: f"{number} ",
    lambda number: f"({number}) ",
    lambda number: f"{ascii_lowercase[(number - 1) % 26]}) ",
    lambda number: f"{ascii_uppercase[(number - 1) % 26]}. ",
    lambda number: f"Box {number} ",
)
_SHORT = ("amount", "number", "date", "time", "code", "percent", "phone", "city", "person")


@dataclass(slots=True)
class _Manner:
    """How a block sets its pairs: how labels look, how far below or beside its label a value begins, in sizes."""

    label: TextStyle
    value: TextStyle
    relation: str
    step: float
    aside: float
    pitch: float
    suffix: str
    case: Callable[[str], str]
    numbering: Callable[[int], str] | None


def medley(seed: int, number: int) -> SyntheticDocument:
    """Page `number` of `seed`."""
    rng = random.Random(f"nano-medley/{seed}/{number}")
    language = rng.choice(v.LANGUAGES[1:]) if rng.random() < 0.2 else "en"
    style = TextStyle(rng.choice(["helv", "helv", "tiro", "cour"]), rng.uniform(7.5, 12))
    canvas = Canvas(rng.uniform(280, 820), 6000.0, rng, style)
    draft = Draft(canvas, rng, v.draw_locale(rng, language))
    y = _head(draft)
    for _ in range(rng.randint(1, 4)):
        canvas.new_block()
        block = rng.choices((_pairs, _table, _prose, _lines), (5, 3, 1, 1))[0]
        y = block(draft, y) + style.size * rng.uniform(0.3, 3)
    canvas.height = y + rng.uniform(10, 200)
    questions = make_questions(draft)
    pages, art = canvas.finish(f"{NAME}-{seed}-{number}.pdf")
    return SyntheticDocument(NAME, pages, questions, art, language)


def _head(draft: Draft) -> float:
    rng, canvas = draft.rng, draft.canvas
    y = rng.uniform(24, 60)
    if rng.random() < 0.6:
        text = v.office_phrase(rng, 1, 4)
        size = canvas.style.size * rng.uniform(1, 1.8)
        align: Align = rng.choice(("left", "center", "right"))
        at = {"left": 30.0, "center": canvas.width / 2, "right": canvas.width - 30}[align]
        span = canvas.write(at, y, rng.choice((text, text.upper())), canvas.styled(size=size, bold=True), align)
        asks = tuple(f"What is the {what} of the page?" for what in _TITLES)
        draft.facts.append(Fact("", (canvas.text_of(span),), span, "", "position", "text", asks))
        y += size * rng.uniform(1.3, 2.5)
    return y + canvas.style.size


def _manner(draft: Draft) -> _Manner:
    rng, canvas = draft.rng, draft.canvas
    size = canvas.style.size
    label = canvas.styled(bold=rng.random() < 0.35, size=size * rng.choice((0.65, 0.75, 0.85, 1, 1, 1.1)))
    value = canvas.styled(
        bold=rng.random() < 0.25,
        size=size * rng.choice((0.9, 1, 1, 1, 1.2, 1.4)),
        font=rng.choice((canvas.style.font, canvas.style.font, "cour", "tiro")),
    )
    relation = rng.choices(("below", "beside", "column", "flush", "above"), (4, 3, 2, 2, 1))[0]
    step = rng.uniform(1.0, 1.8)
    # Half of the blocks leave no more room between pairs than within one; then a label stands above its value.
    tight = rng.random() < 0.5 and relation != "above"
    pitch = step * (rng.uniform(0.85, 1.2) if tight else rng.uniform(1.4, 2.5))
    suffix = rng.choice((":", ":", "", "", " :", ".", " -"))
    case = rng.choice((str, str, str.upper, str.title, str.lower))
    numbering = rng.choice(_NUMBERINGS) if rng.random() < 0.3 else None
    return _Manner(label, value, relation, step, rng.uniform(-3, 10), pitch, suffix, case, numbering)


def _pairs(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    manner = _manner(draft)
    left, right = rng.uniform(15, 50), canvas.width - rng.uniform(15, 50)
    even = rng.random() < 0.5
    columns = rng.randint(1, max(1, min(4, int((right - left) / (12 * canvas.style.size)))))
    number = 0
    for _ in range(rng.randint(2, 9)):
        count = columns if even else rng.randint(1, columns)
        cuts = sorted(rng.uniform(0.25, 0.75) for _ in range(count - 1)) if not even and count == 2 else \
            [place / count for place in range(1, count)]  # fmt: skip
        edges = [left + share * (right - left) for share in (0.0, *cuts, 1.0)]
        drops = []
        for x, end in pairwise(edges):
            number += 1
            drops.append(_pair(draft, (x, y, end - x), number, manner))
        y = max(drops, default=y)
    return y


def _pair(draft: Draft, place: tuple[float, float, float], number: int, manner: _Manner) -> float:
    """A label and its value in the room at `place` (left, baseline, width); the baseline of the next label."""
    rng, canvas = draft.rng, draft.canvas
    x, y, width = place
    key, label, text = _drawn(draft)
    shown = (manner.numbering(number) if manner.numbering else "") + manner.case(label) + manner.suffix
    size = canvas.style.size
    wide = canvas.width_of(shown, manner.label)
    long = canvas.width_of(text, manner.value)
    if manner.relation in ("below", "above"):
        after = y + size * (manner.step + manner.pitch)
        if max(wide, long + manner.aside) > width - size:
            return after if rng.random() < 0.5 else y
        low = y + manner.step * size
        first, second = (y, low) if manner.relation == "below" else (low, y)
        canvas.write(x, first, shown, manner.label)
        at = (x + max(manner.aside, -x + 2), second)
    else:
        after = y + size * max(manner.pitch, 1.1)
        gap = rng.uniform(0.4, 1.2) * size if manner.relation == "beside" else 1.5 * size
        if wide + gap + long > width - size:
            return y
        canvas.write(x, y, shown, manner.label)
        ends = {"beside": wide + gap, "column": max(0.4 * width, wide + gap), "flush": width - size - long}
        at = (x + min(ends[manner.relation], width - size - long), y)
    _valued(draft, at, (key, label, text), manner)
    return after


def _valued(draft: Draft, at: tuple[float, float], pair: tuple[str, str, str], manner: _Manner) -> None:
    """The value at its place, now and then left out, in brackets or with a mark after it."""
    rng, canvas = draft.rng, draft.canvas
    key, label, text = pair
    if rng.random() < 0.06:
        draft.miss(key, label, key.partition(":")[2])
        return
    draw = rng.random()
    printed = f"({text})" if draw < 0.06 else f"{text}{rng.choice('*;,.')}" if draw < 0.1 else text
    span = canvas.write(*at, printed, manner.value)
    draft.add(key, text, span, label, value=key.partition(":")[2])


def _drawn(draft: Draft) -> tuple[str, str, str]:
    """A field of the catalogue or one that nobody knows, its label, its value; no label twice."""
    rng = draft.rng
    while True:
        if rng.random() < 0.4:
            key = rng.choice(tuple(FIELDS))
            label, kind = draft.label(key), FIELDS[key].value
        else:
            kind = rng.choice(v.VALUE_TYPES)
            label = v.coined(rng) if rng.random() < 0.2 else v.office_phrase(rng)
            key = f"free:{kind}"
        if kind in _MADE and all(label.lower() != fact.label.lower() for fact in draft.facts):
            return key, label, v.typed(rng, kind, draft.loc)


_MADE = frozenset(v.VALUE_TYPES)


def _table(draft: Draft, y: float) -> float:
    """Rows of a name and values to its right, now and then also to its left, below their heads."""
    rng, canvas = draft.rng, draft.canvas
    count = rng.randint(1, max(1, min(6, int(canvas.width / (9 * canvas.style.size)) - 1)))
    named = rng.randint(1, count) if rng.random() < 0.3 else 0
    columns = _columns(rng, canvas.width, count, named)
    names = _row_names(draft, rng.randint(2, 12))
    kinds = [rng.choice(_SHORT) for _ in range(count)]
    heads = [v.office_phrase(rng, 1, 2) if rng.random() < 0.8 else kind.capitalize() for kind in kinds]
    ordinal = rng.random() < 0.3
    if ordinal:
        heads[0], kinds[0] = rng.choice(("No.", "#", "Line", heads[0])), "number"
    lead = canvas.style.size * rng.uniform(1.15, 2.2)
    top = [*heads[:named], rng.choice(("Item", "Name", "", "Entry")), *heads[named:]]
    write_row(canvas, y, top, columns, canvas.styled(bold=rng.random() < 0.7))
    for place, name in enumerate(names, start=1):
        y += lead
        cells = [str(place) if ordinal and not at else _short(draft, kind) for at, kind in enumerate(kinds)]
        spans = write_row(canvas, y, [*cells[:named], name, *cells[named:]], columns, canvas.style)
        row = spans.pop(named)
        if rng.random() < 0.6:
            at = rng.randrange(count)
            _ask_cell(draft, (row, spans[at]), heads[at].replace("#", "number"), kinds[at])
    for head in heads:
        stranger = v.coined(rng)
        draft.absent.append((rng.choice(_CELL_ASKS).format(head=head.lower(), row=stranger), rng.choice(_SHORT)))
    return y + lead


def _ask_cell(draft: Draft, spans: tuple[Span, Span], head: str, kind: str) -> None:
    """Ask for the second of `spans` by its head and by the first, its row's name."""
    row, shown = (draft.canvas.text_of(span) for span in spans)
    said = draft.rng.choice((head.lower(), head))
    asks = tuple(ask.format(head=said, row=v.loosely(draft.rng, row)) for ask in _CELL_ASKS)
    draft.facts.append(Fact("", v.accepted(shown, draft.loc), spans[1], "", "table", kind, asks))


def _short(draft: Draft, kind: str) -> str:
    if kind == "number" and draft.rng.random() < 0.5:
        return str(draft.rng.randint(0, 99))
    return v.typed(draft.rng, kind, draft.loc)


def _columns(rng: random.Random, width: float, count: int, named: int) -> list[Column]:
    """A column for names, wider than most, and `count` others, `named` of them before it."""
    left, right = rng.uniform(15, 50), width - rng.uniform(15, 50)
    share = rng.uniform(0.9, 1.6)
    step = (right - left) / (count + share)
    align: Align = rng.choice(("left", "right", "center"))
    made, x = [], left
    for place in range(count + 1):
        wide = step * (share if place == named else 1)
        made.append(Column(x, x + wide - 6, "left" if place == named else align))
        x += wide
    return made


def _row_names(draft: Draft, count: int) -> list[str]:
    rng = draft.rng
    kinds: tuple[Callable[[], str], ...] = (
        lambda: rng.choice(words.GOODS[draft.language]),
        lambda: rng.choice(words.CITIES[draft.language]),
        lambda: v.person(rng, formal=0),
        lambda: v.company(rng, draft.language),
        lambda: v.office_phrase(rng, 1, 3),
        lambda: f"{v.coined(rng)} {rng.choice(words.OFFICE_WORDS)}",
    )
    make = rng.choice(kinds)
    return list(dict.fromkeys(make() for _ in range(count)))


def _prose(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    told = draw_told(draft, rng.randint(1, 4))
    area = Area(rng.uniform(20, 50), y, canvas.width - rng.uniform(80, 110))
    return write_prose(draft, area, told, filler=rng.randint(0, 4))


def _lines(draft: Draft, y: float) -> float:
    """Lines that are nobody's value: an address, numbers, dates."""
    rng, canvas = draft.rng, draft.canvas
    lines = v.address(rng, draft.language) + [v.typed(rng, rng.choice(_SHORT), draft.loc)
                                              for _ in range(rng.randint(0, 3))]  # fmt: skip
    rng.shuffle(lines)
    _, y = canvas.write_lines(rng.choice((30.0, canvas.width / 2)), y, lines)
    return y
