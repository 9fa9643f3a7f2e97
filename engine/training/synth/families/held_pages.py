"""Held-out pages of text and cells: minutes, news pages, tickets, forms in ruled cells."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas
from engine.training.synth.fields import ASKED
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_TICKET = ("PASSENGER", "FROM", "TO", "DATE", "DEPARTS", "GATE", "SEAT", "BOOKING REF", "FARE", "CLASS")
_CELL_TITLES = ("CUSTOMS DECLARATION", "CLAIM FORM", "PERMIT APPLICATION", "CERTIFICATE OF ORIGIN")


def minutes(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """Minutes of a meeting: head lines, people present, numbered items, decisions, the next date."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9.5, 11)))
    draft = Draft(canvas, rng, loc, held)
    body = f"{rng.choice(words.TOPICS)} {rng.choice(['Committee', 'Working Group', 'Board'])}"
    draft.say("body", body, canvas.write(60, 60, f"Minutes of the {body}", canvas.styled(size=15, bold=True)))
    names = list(dict.fromkeys(v.person(rng, formal=0) for _ in range(rng.randint(3, 7))))
    y = _session(draft, names, 92)
    span, y = canvas.write_lines(140, y, wrap(canvas, ", ".join(names), 380, canvas.style))
    draft.say("present_count", str(len(names)), span, "count")
    for number, one in enumerate(draw_told(draft, rng.randint(3, 6)), start=1):
        canvas.new_block()
        canvas.write(60, y + 12, f"{number}", canvas.styled(bold=True))
        y = write_prose(draft, Area(84, y + 12, 440), [one], filler=rng.randint(1, 3))
    return draft


def _session(draft: Draft, names: list[str], y: float) -> float:
    """Day, time, room, chair and note taker; the baseline of the line of those present."""
    rng, canvas = draft.rng, draft.canvas
    bold = canvas.styled(bold=True)
    heads = (
        ("Held on", "session_date", v.write_date(draft.loc, v.draw_date(rng))),
        ("Began at", "session_time", v.clock(rng)),
        ("Room", "room", f"{rng.choice('ABCD')}{rng.randint(100, 499)}"),
        ("Chair", "chair", names[0]),
        ("Notes by", "minute_taker", names[-1]),
    )
    canvas.new_block()
    for label, key, text in heads:
        canvas.write(60, y, label, bold)
        draft.say(key, text, canvas.write(140, y, text), "label")
        y += 16
    canvas.write(60, y, "Present", bold)
    return y


def news(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A newspaper page: masthead, headline, byline, three narrow columns."""
    canvas = Canvas(700, 920, rng, TextStyle("tiro", rng.uniform(9, 10.5)))
    draft = Draft(canvas, rng, loc, held)
    mast = f"The {rng.choice(words.CITIES['en'])} {rng.choice(['Courier', 'Herald', 'Gazette', 'Observer'])}"
    draft.say("newspaper", mast, canvas.write(350, 60, mast, canvas.styled(size=28, bold=True), "center"))
    day = v.write_date(loc, v.draw_date(rng, 1920, 2026))
    draft.say("issue_date", day, canvas.write(50, 84, day))
    price = v.money(loc, rng.randint(20, 400))
    draft.say("copy_price", price, canvas.write(650, 84, price, align="right"))
    end = rng.choice(["Divides Council", "Wins Support", "Back on Agenda", "Costs Rise Again"])
    head = f"{rng.choice(words.TOPICS)} {end}"
    canvas.new_block()
    draft.say("headline", head, canvas.write(50, 124, head, canvas.styled(size=20, bold=True)))
    name = v.person(rng, formal=0)
    canvas.write(50, 144, "By")
    draft.say("reporter", name, canvas.write(50 + canvas.width_of("By "), 144, name))
    told = draw_told(draft, rng.randint(4, 7))
    for x in (50.0, 255.0, 460.0):
        y = 170.0
        while y < 760:
            part, told = told[:1], told[1:]
            y = write_prose(draft, Area(x, y, 188), part, filler=rng.randint(2, 4)) + 6
    return draft


def ticket(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A travel ticket: small labels over values in a grid, repeated in part on the stub."""
    canvas = Canvas(620, 260, rng, TextStyle("helv", rng.uniform(11, 14)))
    draft = Draft(canvas, rng, loc, held)
    carrier = f"{v.coined(rng).upper()} {rng.choice(['AIR', 'RAIL', 'FERRIES'])}"
    canvas.write(24, 36, carrier, canvas.styled(bold=True, size=18))
    small = canvas.styled(size=7.5, colour=(0.35, 0.35, 0.35))
    chosen = rng.sample(_TICKET, rng.randint(6, 9))
    for number, label in enumerate(chosen):
        x, y = 24 + 150 * (number % 3), 70 + 52 * (number // 3)
        text = _ticket_value(draft, label)
        canvas.new_block()
        canvas.write(x, y, label, small)
        draft.say(label, text, canvas.write(x, y + 17, text), "label")
        if number < 3:
            canvas.write(490, 60 + 36 * number, text, canvas.styled(size=10))
    for label in _TICKET:
        if label not in chosen:
            draft.absent.append((rng.choice(ASKED[label].questions(held=held)), ASKED[label].value))
    canvas.shape(474, 0, 474, 260, stroke=(0.6, 0.6, 0.6))
    draft.hidden_fields |= {"form_date", "to", "from", "total", "reference", "time", "receipt_date", "location"}
    return draft


def _ticket_value(draft: Draft, label: str) -> str:
    rng = draft.rng
    match label:
        case "TO":
            return rng.choice(words.CITIES["es"])
        case "GATE":
            return f"{rng.choice('ABCDE')}{rng.randint(1, 40)}"
        case "SEAT":
            return f"{rng.randint(1, 60)}{rng.choice('ABCDEF')}"
        case "CLASS":
            return rng.choice(["ECONOMY", "BUSINESS", "FIRST", "STANDARD"])
        case "PASSENGER":
            return v.person(rng, formal=0).upper()
        case _:
            return v.typed(rng, ASKED[label].value, draft.loc)


def cells(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A form in ruled cells of unequal width: a numbered small label in the corner, the entry below it."""
    canvas = Canvas(612, 792, rng, TextStyle("cour", rng.uniform(9.5, 11.5)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(40, 44, rng.choice(_CELL_TITLES), canvas.styled(font="helv", bold=True, size=14))
    small = canvas.styled(font="helv", size=7)
    y, number = 64.0, 1
    numbered = rng.random() < 0.6
    seen: set[str] = set()
    while y < 620:
        widths = rng.choice([[532.0], [266.0, 266.0], [180.0, 352.0], [352.0, 180.0], [177.0, 177.0, 178.0]])
        x = 40.0
        for width in widths:
            kind = rng.choice(v.VALUE_TYPES)
            label, text = v.office_phrase(rng, 1, 3), v.typed(rng, kind, loc)
            canvas.shape(x, y, x + width, y + 34, stroke=(0, 0, 0))
            if label.lower() not in seen and canvas.width_of(text) < width - 10:
                canvas.new_block()
                canvas.write(x + 4, y + 9, f"{number}. {label}" if numbered else label, small)
                span = canvas.write(x + 8, y + 26, text)
                draft.add(f"free:{kind}", text, span, label, value=kind)
                seen.add(label.lower())
                number += 1
            x += width
        y += 34
    if rng.random() < 0.5:
        write_prose(draft, Area(40, 670, 532), [], filler=3, style=small)
    return draft
