"""Bulletins and result sheets: figures that stand before their labels, or far from them, in short lines."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_LINES = {
    "Maximum temperature": "{:.1f} °C",
    "Minimum temperature": "-{:.1f} °C",
    "Rainfall": "{:.1f} mm",
    "Bright sunshine": "{:.1f} h",
    "Pressure at noon": "{:.0f} hPa",
    "Relative humidity": "{:.0f} %",
    "Registered voters": "{:.0f}",
    "Ballots cast": "{:.0f}",
    "Turnout": "{:.1f}%",
    "Precincts counted": "{:.0f}",
    "Absentee ballots": "{:.0f}",
    "Invalid votes": "{:.0f}",
    "Patients admitted": "{:.0f}",
    "Patients discharged": "{:.0f}",
    "Calls answered": "{:.0f}",
    "Average waiting time": "{:.1f} minutes",
    "Ships in port": "{:.0f}",
    "Cargo handled": "{:.0f} tonnes",
    "Visitors": "{:.0f}",
    "Tickets sold": "{:.0f}",
    "Takings": "£{:.0f}",
    "Complaints received": "{:.0f}",
    "Water level": "{:.2f} m",
    "Snow depth": "{:.0f} cm",
    "Employees": "{:.0f}",
    "Orders shipped": "{:.0f}",
    "Units produced": "{:.0f}",
}
_PLACES = ("Station", "County", "District", "Port", "Office")
_NAMES = ("DAILY BULLETIN", "OFFICIAL RESULTS", "MONTHLY REPORT", "SITUATION REPORT", "KEY FIGURES", "AT A GLANCE")


def bulletin(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of figures with their labels at the right, at the left, or under them."""
    canvas = Canvas(595, 620, rng, TextStyle(rng.choice(["helv", "tiro", "cour"]), rng.uniform(9, 12)))
    draft = Draft(canvas, rng, loc, held)
    _top(draft)
    side = rng.choice(["right", "right", "right", "under", "left"])
    chosen = rng.sample(sorted(_LINES), rng.randint(5, 11))
    upper = rng.random() < 0.3
    y, gap = 130.0, rng.uniform(6, 24)
    left = rng.choice([60.0, 130.0])
    canvas.new_block()
    for number, label in enumerate(chosen):
        low = draft.rng.uniform(1, 40) if "temperature" in label or "level" in label else 10 ** rng.uniform(1, 4.5)
        if "%" in _LINES[label]:
            low = rng.uniform(5, 99)
        text = _LINES[label].format(low)
        if text.isdigit():
            text = v.integer(loc, int(text))
        span = _entry(draft, (left, y), label.upper() if upper else label, text, (side, gap))
        draft.facts.append(Fact("line", (text, *_bare(text)), span, label, "label", "number", _asks(label)))
        y += canvas.style.size * (3.4 if side == "under" else rng.choice([1.5, 1.5, 2.1]))
        if number % 4 == 3 and rng.random() < 0.3:
            y += 14
    missing = [label for label in _LINES if label not in chosen]
    draft.absent += [(rng.choice(_asks(label)), "number") for label in rng.sample(missing, 2)]
    if y < 540:
        canvas.paragraph(60, y + 10, 470, " ".join(v.sentence(rng) for _ in range(2)))
    return draft


def _top(draft: Draft) -> None:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    city = rng.choice(words.CITIES["en"])
    body = f"{city} {rng.choice(['Weather Office', 'County Clerk', 'Harbour Board', 'Hospital'])}"
    canvas.write(60, 50, body.upper(), canvas.styled(bold=True, size=13))
    canvas.write(60, 70, f"{rng.choice(_NAMES)}  No. {rng.randint(1, 300)}")
    place = v.coined(rng)
    canvas.write(60, 88, f"{rng.choice(_PLACES)} {place}")
    day = v.write_date(draft.loc, v.draw_date(rng, 1950, 2024))
    canvas.new_block()
    span = canvas.write(535, 50, day, align="right")
    asks = (
        "What is the date of the bulletin?",
        "What is the date?",
        "For which day is the bulletin?",
        "When was it issued?",
    )
    draft.facts.append(Fact("bulletin_date", (day,), span, "", "position", "date", asks))
    draft.hidden_fields |= {"form_date", "receipt_date", "invoice_date", "effective_date"}


def _entry(draft: Draft, at: tuple[float, float], label: str, text: str, way: tuple[str, float]) -> Span:
    """A figure and its label; the figure's span."""
    canvas, (x, y), (side, gap) = draft.canvas, at, way
    if side == "left":
        canvas.write(x, y, label)
        return canvas.write(x + 330, y, text, align="right")
    if side == "under":
        span = canvas.write(x, y, text, canvas.styled(bold=True, size=canvas.style.size * 1.3))
        canvas.write(x, y + canvas.style.size * 1.4, label)
        return span
    span = canvas.write(x + 90, y, text, align="right")
    canvas.write(x + 90 + gap, y, label)
    return span


def _bare(text: str) -> tuple[str, ...]:
    """The figure without its unit."""
    return (text.split()[0],) if " " in text else (text.strip("£%"),)


def _asks(label: str) -> tuple[str, ...]:
    low = label.lower()
    asks = [f"What was the {low}?", f"What is the {low}?", f"{low}?", f"What is the figure for {low}?"]
    if low.split()[0].endswith("s") and low.split()[0] != "gross":
        asks += [f"How many {low} were there?", f"What is the number of {low}?"]
        if " " in low:
            noun, verb = low.split()[0], low.split()[-1]
            asks += [f"How many {noun} were {verb}?"]
    return tuple(asks)
