"""Screens of mail programs, shops and searches: header lines, groups with like labels, results, status lines."""

from __future__ import annotations

import random
from datetime import timedelta

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_GROUPS = ("Printer", "Account", "Network", "Backup", "Display", "Sender", "Delivery", "Storage", "Camera", "Project")
_ENTRIES = {
    "Name": "text",
    "Status": "state",
    "Type": "text",
    "Location": "city",
    "Owner": "person",
    "Size": "size",
    "Version": "version",
    "Last change": "date",
    "Address": "email",
}
_STATES = ("Ready", "Connected", "Offline", "Paused", "Not configured", "In progress", "Completed")
_AIRLINES = ("Aerlina", "Iberwing", "Nordflug", "Skylark", "Transmar")


def screen(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One screenshot in pixels."""
    canvas = Canvas(
        rng.choice([640.0, 900.0, 1100.0]), rng.choice([480.0, 640.0]), rng, TextStyle("helv", rng.uniform(11, 14))
    )
    draft = Draft(canvas, rng, loc, held)
    x = 12.0
    canvas.new_block()
    for name in rng.sample(
        ("File", "Edit", "View", "Home", "Search", "Help", "Tools", "Sign in", "Basket", "Account"), 5
    ):
        canvas.write(x, 20, name)
        x += canvas.width_of(name) + 22
    rng.choice([_mail, _groups, _results, _product])(draft)
    if rng.random() < 0.5:
        count = rng.randint(2, 900)
        canvas.new_block()
        span = canvas.write(
            10, canvas.height - 10, f"Items: {count}    Unread: {rng.randint(1, 40)}", canvas.styled(size=10)
        )
        _know(
            draft,
            str(count),
            Span(0, span.words[1:2]),
            "label",
            ("How many items are there?", "What is the number of items?"),
        )
    return draft


Asks = tuple[str, ...]


def _know(draft: Draft, text: str, span: Span, kind: str, asks: Asks, *others: str) -> None:
    draft.facts.append(Fact("screen", (text, *others), span, "", kind, "text", asks))


def _mail(draft: Draft) -> None:
    rng, canvas = draft.rng, draft.canvas
    subject = f"{rng.choice(words.TOPICS)} {rng.choice(['meeting', 'figures', '- draft', 'visit', 'offer'])}"
    sender, to, copied = (v.person(rng, formal=0) for _ in range(3))
    day = v.write_date(draft.loc, v.draw_date(rng, 2005, 2025))
    day = f"{rng.choice(['Mon', 'Tuesday', 'Fri'])}, {day} {v.clock(rng)}"
    canvas.new_block()
    head = canvas.write(20, 62, subject, canvas.styled(bold=True, size=15))
    asks: Asks = ("What is the subject of the e-mail?", "What is the mail about?", "What is the subject?")
    _know(draft, subject, head, "position", asks)
    shown = f"{sender} <{v.email(rng, sender)}>" if rng.random() < 0.5 else sender
    lines = (
        (
            "From:",
            shown,
            ("Who sent the e-mail?", "Who is the e-mail from?", "Who wrote the mail?", "Who is the sender?"),
        ),
        (rng.choice(["Sent:", "Date:"]), day, ("When was the e-mail sent?", "When was the mail sent?", "sent when?")),
        ("To:", to, ("Who received the e-mail?", "To whom was the mail sent?", "Who is the recipient of the e-mail?")),
        ("Cc:", copied, ("Who is in copy?", "Who was copied?", "cc?")),
    )
    y = 88.0
    canvas.new_block()
    offset = rng.choice([50.0, 80.0, 0.0])
    for label, text, put in lines[: rng.choice([3, 4, 4])]:
        canvas.write(20, y, label)
        span = canvas.write(20 + max(offset, canvas.width_of(f"{label} ")), y, text)
        _know(draft, text, span, "label", put, *([sender] if label == "From:" else []))
        y += canvas.style.size * 1.5
    text = " ".join(v.sentence(rng) for _ in range(rng.randint(1, 3)))
    _, y = canvas.paragraph(20, y + 14, canvas.width - 60, text)
    title = rng.choice(words.JOB_TITLES)
    canvas.new_block()
    span = canvas.write(20, y + 16, f"{sender} | {title} | ext. {rng.randint(1000, 9999)}")
    start = len(sender.split()) + 1
    asked = (f"What is the position of {sender}?", f"What is {sender}'s job title?")
    _know(draft, title, Span(0, span.words[start : start + len(title.split())]), "label", asked)
    draft.absent += [(f"What is the mobile number of {sender}?", "phone"), ("When was the mail printed?", "date")]


def _groups(draft: Draft) -> None:
    """Boxes with a heading each and the same labels in several of them."""
    rng, canvas = draft.rng, draft.canvas
    y, mark = 64.0, rng.choice([":", ""])
    for group in rng.sample(_GROUPS, rng.randint(2, 3)):
        canvas.new_block()
        canvas.write(20, y, group, canvas.styled(bold=rng.random() < 0.6))
        for label in rng.sample(sorted(_ENTRIES), rng.randint(2, 5)):
            y += canvas.style.size * 1.75
            if y > canvas.height - 40:
                return
            text = _entry(draft, _ENTRIES[label])
            canvas.write(36, y, label + mark)
            span = canvas.write(36 + 110, y, text)
            low = label.lower()
            asks: Asks = (
                f"What is the {low} of the {group.lower()}?", f"{group} {low}?",
                f"What {low} does the {group.lower()} have?", f"What is the {group.lower()} {low}?",
            )  # fmt: skip
            if label == "Location":
                asks = (f"Where is the {group.lower()}?", *asks)
            if label == "Owner":
                asks = (f"Who owns the {group.lower()}?", *asks)
            _know(draft, text, span, "label", asks)
        y += canvas.style.size * 2.6


def _entry(draft: Draft, kind: str) -> str:
    rng = draft.rng
    match kind:
        case "state":
            return rng.choice(_STATES)
        case "size":
            return f"{rng.randint(1, 900)} {rng.choice(['KB', 'MB', 'GB'])}"
        case "version":
            return f"{rng.randint(1, 20)}.{rng.randint(0, 9)}.{rng.randint(0, 40)}"
        case _:
            return v.typed(rng, kind, draft.loc)


def _results(draft: Draft) -> None:
    """A search for journeys: one row for each, no headers."""
    rng, canvas = draft.rng, draft.canvas
    start, end = rng.sample(words.CITIES["en"], 2)
    canvas.new_block()
    span = canvas.write(20, 62, f"{start} -> {end}", canvas.styled(bold=True, size=15))
    first = len(start.split())
    asks = ("Which city is the destination?", "What is the destination?", "Where does the flight go to?")
    _know(draft, end, Span(0, span.words[first + 1 :]), "position", asks)
    asks = ("Where does the flight start?", "From which city does the flight leave?", "What is the place of departure?")
    _know(draft, start, Span(0, span.words[:first]), "position", asks)
    y = 100.0
    for _ in range(rng.randint(3, 6)):
        _journey(draft, y)
        y += canvas.style.size * 2.4
    day = v.draw_date(rng) + timedelta(days=1)
    draft.absent.append((f"What is the hotel price on {v.write_date(draft.loc, day)}?", "amount"))


def _journey(draft: Draft, y: float) -> None:
    """One row of results."""
    rng, canvas = draft.rng, draft.canvas
    flight = f"{v.letters(rng, 2)} {rng.randint(100, 9999)}"
    line = rng.choice(_AIRLINES)
    leave, stay = rng.randrange(1000), rng.randint(40, 400)
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in (leave, leave + stay)]
    lasts = f"{stay // 60}h {stay % 60:02}m"
    price = v.money(draft.loc, rng.randint(30, 900) * 100)
    canvas.new_block()
    spans = [canvas.write(20, y, times[0]), canvas.write(20 + 50, y, f"- {times[1]}"), canvas.write(180, y, lasts)]
    canvas.write(270, y, f"{line} {flight}")
    spans.append(canvas.write(canvas.width - 40, y, price, align="right"))
    _know(
        draft,
        times[0],
        spans[0],
        "table",
        (f"When does flight {flight} depart?", f"At what time does {flight} leave?"),
    )
    _know(
        draft,
        lasts,
        spans[2],
        "table",
        (f"How long does flight {flight} take?", f"What is the duration of {flight}?"),
    )
    _know(draft, price, spans[3], "table", (f"What is the price of flight {flight}?", f"How much is {flight}?"))


def _product(draft: Draft) -> None:
    rng, canvas, loc = draft.rng, draft.canvas, draft.loc
    name, brand = f"{v.coined(rng)} {rng.choice(['Boots', 'Lamp', 'Drill', 'Tent', 'Kettle'])}", v.coined(rng)
    canvas.new_block()
    _know(
        draft,
        name,
        canvas.write(20, 66, name, canvas.styled(bold=True, size=17)),
        "position",
        ("Which product is shown?",),
    )
    span = canvas.write(20, 88, f"by {brand}")
    _know(
        draft,
        brand,
        Span(0, span.words[1:]),
        "label",
        ("Which brand makes it?", "What is the brand?", "Who makes the product?"),
    )
    count = v.integer(loc, rng.randint(3, 4000))
    span = canvas.write(canvas.width - 160, 88, f"{rng.randint(2, 4)}.{rng.randint(0, 9)} ({count} reviews)")
    asks = ("How many reviews are there?", "What is the number of reviews?")
    _know(draft, count, Span(0, span.words[1:2]), "label", asks, f"{count} reviews")
    new, old = (v.money(loc, rng.randint(10, 900) * 100 + 90) for _ in range(2))
    canvas.new_block()
    span = canvas.write(20, 124, new, canvas.styled(bold=True, size=16))
    _know(
        draft,
        new,
        span,
        "position",
        (f"What is the price of the {name}?", "How much does it cost?", "What is the price now?"),
    )
    span = canvas.write(150, 124, f"was {old}")
    _know(draft, old, Span(0, span.words[1:]), "label", ("What was the old price?", "What was the price before?"))
    _details(draft, name)


def _details(draft: Draft, name: str) -> None:
    """The lines under a product's price."""
    rng, canvas = draft.rng, draft.canvas
    y = 160.0
    for label, text in (
        ("Colour", rng.choice(["Moss green", "Black", "Sand", "Dark blue"])),
        ("Size", f"EU {rng.randint(36, 47)}"),
        ("Weight", f"{rng.randint(100, 4000)} g"),
        ("Article no.", v.code(rng)),
    ):
        canvas.new_block()
        canvas.write(20, y, label)
        span = canvas.write(150, y, text)
        low = label.lower().replace("no.", "number")
        _know(draft, text, span, "label", (f"What is the {low}?", f"Which {low} is selected?", f"{low} of the {name}?"))
        y += canvas.style.size * 1.8
    draft.absent.append((f"What is the warranty of the {name}?", "text"))
