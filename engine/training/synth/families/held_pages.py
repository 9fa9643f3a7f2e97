"""Held-out pages of text and cells: minutes, news pages, tickets, forms in ruled cells."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import wrap
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle


def _say(draft: Draft, span: Span, text: str, value: str, asks: str, kind: str = "position") -> None:
    draft.facts.append(Fact("said", v.accepted(text, draft.loc), span, "", kind, value, tuple(asks.split("|"))))


def minutes(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """Minutes of a meeting: head lines, people present, numbered items, decisions, the next date."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9.5, 11)))
    draft = Draft(canvas, rng, loc, held)
    body = f"{rng.choice(words.TOPICS)} {rng.choice(['Committee', 'Working Group', 'Board'])}"
    _say(
        draft,
        canvas.write(60, 60, f"Minutes of the {body}", canvas.styled(size=15, bold=True)),
        body,
        "text",
        "Which body met?|What committee held the session?",
    )
    y = 92.0
    names = list(dict.fromkeys(v.person(rng, formal=0) for _ in range(rng.randint(3, 7))))
    heads = (
        (
            "Held on",
            v.write_date(loc, v.draw_date(rng)),
            "date",
            "On which day did they sit?|What day was the session?",
        ),
        ("Began at", v.clock(rng), "time", "What time did they begin?|When on that day did the session begin?"),
        (
            "Room",
            f"{rng.choice('ABCD')}{rng.randint(100, 499)}",
            "code",
            "In which room did they sit?|What room was used?",
        ),
        ("Chair", names[0], "person", "Who led the session?|Who chaired?"),
        ("Notes by", names[-1], "person", "Who took the notes?|Who wrote the minutes?"),
    )
    canvas.new_block()
    for label, text, value, asks in heads:
        canvas.write(60, y, label, canvas.styled(bold=True))
        _say(draft, canvas.write(140, y, text), text, value, asks, "label")
        y += 16
    canvas.write(60, y, "Present", canvas.styled(bold=True))
    span, y = canvas.write_lines(140, y, wrap(canvas, ", ".join(names), 380, canvas.style))
    _say(
        draft,
        span,
        str(len(names)),
        "number",
        "How many were present?|What was the number of people in the room?",
        "count",
    )
    told = draw_told(draft, rng.randint(3, 6))
    for number, one in enumerate(told, start=1):
        canvas.new_block()
        canvas.write(60, y + 12, f"{number}", canvas.styled(bold=True))
        y = write_prose(draft, Area(84, y + 12, 440), [one], filler=rng.randint(1, 3))
    return draft


def news(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A newspaper page: masthead, headline, byline, three narrow columns."""
    canvas = Canvas(700, 920, rng, TextStyle("tiro", rng.uniform(9, 10.5)))
    draft = Draft(canvas, rng, loc, held)
    mast = f"The {rng.choice(words.CITIES['en'])} {rng.choice(['Courier', 'Herald', 'Gazette', 'Observer'])}"
    _say(
        draft,
        canvas.write(350, 60, mast, canvas.styled(size=28, bold=True), "center"),
        mast,
        "text",
        "What paper is it?|Which newspaper printed this?",
    )
    day = v.write_date(loc, v.draw_date(rng, 1920, 2026))
    _say(draft, canvas.write(50, 84, day), day, "date", "Of which day is the paper?|From what day is this issue?")
    price = v.money(loc, rng.randint(20, 400))
    _say(
        draft,
        canvas.write(650, 84, price, align="right"),
        price,
        "amount",
        "What does one copy cost?|For what sum was the paper sold?",
    )
    head = f"{rng.choice(words.TOPICS)} {rng.choice(['Divides Council', 'Wins Support', 'Back on Agenda', 'Costs Rise Again'])}"
    canvas.new_block()
    _say(
        draft,
        canvas.write(50, 124, head, canvas.styled(size=20, bold=True)),
        head,
        "text",
        "What headline is printed?|How is the story headed?",
    )
    name = v.person(rng, formal=0)
    lead = canvas.write(50, 144, "By")
    span = canvas.write(50 + canvas.width_of(canvas.text_of(lead) + " "), 144, name)
    _say(draft, span, name, "person", "Which reporter wrote it?|Who is the journalist?")
    told = draw_told(draft, rng.randint(4, 7))
    for x in (50.0, 255.0, 460.0):
        y = 170.0
        while y < 760:
            part, told = told[:1], told[1:]
            y = write_prose(draft, Area(x, y, 188), part, filler=rng.randint(2, 4)) + 6
    return draft


_TICKET = (
    ("PASSENGER", "person", "Who is travelling?|Whose ticket is it?"),
    ("FROM", "city", "Where does the trip begin?|Departure from which town?"),
    ("TO", "city2", "Where does the trip end?|To which town does one travel?"),
    ("DATE", "date", "On which day is the trip?|Which day is the ticket for?"),
    ("DEPARTS", "time", "At what hour does it leave?|When must one be on board?"),
    ("GATE", "gate", "From which gate?|Which gate should one go to?"),
    ("SEAT", "seat", "Which seat is booked?|Where does the traveller sit?"),
    ("BOOKING REF", "code", "Under which reference is it booked?|How is the booking identified?"),
    ("FARE", "amount", "What was paid for the trip?|How dear was the ticket?"),
    ("CLASS", "class", "In what class does one travel?|Which class was booked?"),
)


def ticket(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A travel ticket: small labels over values in a grid, repeated in part on the stub."""
    canvas = Canvas(620, 260, rng, TextStyle("helv", rng.uniform(11, 14)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(
        24, 36, f"{v.coined(rng).upper()} {rng.choice(['AIR', 'RAIL', 'FERRIES'])}", canvas.styled(bold=True, size=18)
    )
    small = canvas.styled(size=7.5, colour=(0.35, 0.35, 0.35))
    chosen = rng.sample(_TICKET, rng.randint(6, 9))
    for number, (label, kind, asks) in enumerate(chosen):
        x, y = 24 + 150 * (number % 3), 70 + 52 * (number // 3)
        text = _ticket_value(draft, kind)
        canvas.new_block()
        canvas.write(x, y, label, small)
        value = {"gate": "code", "seat": "code", "class": "text", "city2": "city"}.get(kind, kind)
        _say(draft, canvas.write(x, y + 17, text), text, value, asks, "label")
        if number < 3:
            canvas.write(490, 60 + 36 * number, text, canvas.styled(size=10))
    for label, kind, asks in _TICKET:
        if all(label != one[0] for one in chosen):
            draft.absent.append((rng.choice(asks.split("|")), kind))
    canvas.shape(474, 0, 474, 260, stroke=(0.6, 0.6, 0.6))
    draft.hidden_fields |= {"form_date", "to", "from", "total", "reference", "time", "receipt_date", "location"}
    return draft


def _ticket_value(draft: Draft, kind: str) -> str:
    rng = draft.rng
    match kind:
        case "city2":
            return rng.choice(words.CITIES["es"])
        case "gate":
            return f"{rng.choice('ABCDE')}{rng.randint(1, 40)}"
        case "seat":
            return f"{rng.randint(1, 60)}{rng.choice('ABCDEF')}"
        case "class":
            return rng.choice(["ECONOMY", "BUSINESS", "FIRST", "STANDARD"])
        case "person":
            return v.person(rng, formal=0).upper()
        case _:
            return v.typed(rng, kind, draft.loc)


def cells(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A form in ruled cells of unequal width: a numbered small label in the corner, the entry below it."""
    canvas = Canvas(612, 792, rng, TextStyle("cour", rng.uniform(9.5, 11.5)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(
        40,
        44,
        rng.choice(["CUSTOMS DECLARATION", "CLAIM FORM", "PERMIT APPLICATION", "CERTIFICATE OF ORIGIN"]),
        canvas.styled(font="helv", bold=True, size=14),
    )
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
