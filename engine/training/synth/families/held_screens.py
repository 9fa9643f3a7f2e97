"""Held-out screens and lists: settings of a phone, data sheets, league tables and price lists."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.fields import ASKED, SETTINGS
from engine.training.synth.layout import Column, even_columns, write_row
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle


def settings(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A phone's settings: groups of rows, label at the left, value grey at the right, or small under the label."""
    canvas = Canvas(390, 780, rng, TextStyle("helv", rng.uniform(13, 16)))
    draft = Draft(canvas, rng, loc, held)
    title = v.office_phrase(rng, 1, 2)
    canvas.write(12, 20, v.clock(rng), canvas.styled(size=11))
    canvas.write(378, 20, f"{rng.randint(4, 100)}%", canvas.styled(size=11), "right")
    span = canvas.write(195, 56, title, canvas.styled(bold=True), "center")
    draft.say("screen", title, span)
    below = rng.random() < 0.5
    grey = canvas.styled(colour=(0.45, 0.45, 0.45), size=canvas.style.size * (0.8 if below else 1))
    y = 100.0
    chosen = rng.sample(sorted(SETTINGS), rng.randint(6, 11))
    for number, label in enumerate(chosen):
        text = rng.choice(SETTINGS[label])
        if number % 4 == 3:
            canvas.new_block()
            canvas.write(12, y, rng.choice(words.OFFICE_WORDS).upper(), canvas.styled(size=10))
            y += 28
        canvas.new_block()
        canvas.write(18, y, label)
        span = canvas.write(18, y + 17, text, grey) if below else canvas.write(372, y, text, grey, "right")
        asks = ASKED["phone_setting"].questions(held=held, label=label)
        draft.facts.append(Fact(f"setting:{label}", (text,), span, label, "label", "text", asks))
        y += 54 if below else 40
    missing = [label for label in SETTINGS if label not in chosen]
    draft.absent += [(f"How is {label} set on this phone?", "text") for label in rng.sample(missing, 2)]
    return draft


_SPECS = (
    ("Weight", "{} kg"), ("Height", "{} mm"), ("Depth", "{} mm"), ("Voltage", "{} V"), ("Power consumption", "{} W"),
    ("Operating temperature", "0 to {} °C"), ("Capacity", "{} l"), ("Noise level", "{} dB"), ("Display", "{} inch"),
    ("Battery life", "{} h"), ("Memory", "{} GB"), ("Warranty", "{} months"), ("Flow rate", "{} l/min"),
    ("Cable length", "{} m"),
    ("Maximum load", "{} kg"), ("Frequency", "{} Hz"), ("Protection class", "IP{}"),
)  # fmt: skip


def datasheet(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A product's technical data in striped rows, dots leading to values in some."""
    canvas = Canvas(595, 842, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(9, 11)))
    draft = Draft(canvas, rng, loc, held)
    name = f"{v.coined(rng)} {rng.choice(['Pump', 'Drill', 'Scanner', 'Heater', 'Router'])} {rng.randint(100, 990)}"
    draft.who = name
    span = canvas.write(50, 70, name, canvas.styled(size=20, bold=True))
    draft.say("device", name, span)
    canvas.paragraph(50, 96, 480, " ".join(v.sentence(rng) for _ in range(3)))
    chosen = rng.sample(_SPECS, rng.randint(7, 14))
    dots = rng.random() < 0.4
    left, right = rng.choice([(50.0, 330.0), (120.0, 470.0)])
    y = 170.0
    canvas.new_block()
    for number, (label, pattern) in enumerate(chosen):
        text = pattern.format(
            rng.choice([rng.randint(2, 99), rng.randint(100, 900), f"{rng.randint(1, 20)}.{rng.randint(1, 9)}"])
        )
        if number % 2 == 0 and not dots:
            canvas.shape(left - 6, y - 11, right + 70, y + 5, fill=(0.93, 0.93, 0.93))
        lead = label
        if dots:
            lead += " " + "." * max(3, int((right - left - canvas.width_of(label) - 10) / canvas.width_of(".")))
        canvas.write(left, y, lead)
        draft.say("specification", text, canvas.write(right, y, text), "label", label=label.lower())
        y += canvas.style.size * 1.9
    missing = [label.lower() for label, _ in _SPECS if all(label != one[0] for one in chosen)]
    draft.absent += [(f"State the {low} of the {name}.", "number") for low in rng.sample(missing, 2)]
    return draft


def league(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A ranking: place number, name, then many narrow columns with short headers."""
    canvas = Canvas(640, 800, rng, TextStyle("helv", rng.uniform(8.5, 11)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(
        30,
        40,
        f"{rng.choice(['Final', 'Current', 'Overall'])} standings {rng.randint(1960, 2025)}",
        canvas.styled(bold=True, size=15),
    )
    names = list(
        dict.fromkeys(
            f"{rng.choice(words.CITIES['en'])} {rng.choice(['City', 'United', 'Rovers', 'Athletic'])}"
            for _ in range(rng.randint(8, 20))
        )
    )
    heads = rng.sample(("Played", "Won", "Drawn", "Lost", "Scored", "Points", "Bonus", "Cards"), rng.randint(3, 6))
    columns = [Column(30, 52, "right"), *even_columns(62, 610, 0.36, len(heads), "center")]
    y = 80.0
    canvas.new_block()
    write_row(canvas, y, ["#", "Team", *heads], columns, canvas.styled(bold=True))
    column: Span | None = None
    for place, name in enumerate(names, start=1):
        y += canvas.style.size * 1.9
        cells = [str(rng.randint(0, 99)) for _ in heads]
        spans = write_row(canvas, y, [str(place), name, *cells], columns, canvas.style)
        at = rng.randrange(len(heads))
        draft.say("league_cell", cells[at], spans[at + 2], "table", name=name, head=heads[at].lower())
        draft.say("league_place", str(place), spans[0], "table", name=name)
        column = spans[1] if column is None else column + spans[1]
    if column is not None:
        draft.say("team_count", str(len(names)), column, "count")
    other = f"{v.coined(rng)} Rovers"
    draft.absent.append((f"Give {heads[0].lower()} for {other}", "number"))
    return draft


def pricelist(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """A menu or price list: sections, names with a line of description, prices at the right."""
    canvas = Canvas(560, 820, rng, TextStyle(rng.choice(["tiro", "helv"]), rng.uniform(10, 12)))
    draft = Draft(canvas, rng, loc, held)
    canvas.write(
        280,
        54,
        f"{v.coined(rng)} {rng.choice(['Kitchen', 'Salon', 'Garage', 'Bar'])}",
        canvas.styled(size=20, bold=True),
        "center",
    )
    goods = rng.sample(words.GOODS[loc.language], min(len(words.GOODS[loc.language]), rng.randint(8, 14)))
    y = 90.0
    for number, name in enumerate(goods):
        if number % 5 == 0:
            canvas.new_block()
            canvas.write(50, y + 6, v.office_phrase(rng, 1, 1).upper(), canvas.styled(bold=True, size=13))
            y += 28
        text = v.money(loc, v.amount_cents(rng, 200, 9000))
        canvas.write(50, y, name)
        span = canvas.write(510, y, text, align="right")
        if rng.random() < 0.5:
            canvas.write(50, y + 12, v.sentence(rng), canvas.styled(size=7.5))
        y += 30
        draft.say("list_price", text, span, "table", name=name)
    missing = [name for name in words.GOODS[loc.language] if name not in goods]
    draft.absent += [(f"What do they ask for {name}?", "amount") for name in rng.sample(missing, min(2, len(missing)))]
    return draft
