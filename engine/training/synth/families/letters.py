"""Letters and memos: letterhead, date, recipient, reference lines, body with facts, closing and signatory."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Align, Canvas, Span
from engine.training.synth.layout import draw_pair_style, write_pair
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_CLOSINGS = ("Sincerely,", "Yours sincerely,", "Best regards,", "Very truly yours,", "Cordially,", "Yours faithfully,")


def letter(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of a business letter."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["tiro", "helv", "cour"]), rng.uniform(9.5, 11.5)))
    draft = Draft(canvas, rng, loc, held)
    margin = rng.uniform(60, 90)
    y = _letterhead(draft, margin)
    y = _address_block(draft, margin, y)
    y = _reference_lines(draft, margin, y)
    y = _body(draft, margin, y)
    _closing(draft, margin, y)
    draft.hidden_fields |= {"form_date", "invoice_date", "receipt_date", "to", "buyer", "from", "job_title"}
    draft.hidden_fields |= {"seller", "seller_address", "buyer_address"}
    return draft


def _letterhead(draft: Draft, margin: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    name = v.company(rng)
    draft.who = name
    places: list[tuple[float, Align]] = [
        (margin, "left"),
        (canvas.width / 2, "center"),
        (canvas.width - margin, "right"),
    ]
    x, align = rng.choice(places)
    canvas.new_block()
    draft.say("letterhead", name, canvas.write(x, 52, name, canvas.styled(size=15, bold=True), align))
    address = ", ".join(v.address(rng))
    draft.say("letterhead_address", address, canvas.write(x, 66, address, canvas.styled(size=8.5), align))
    style = draw_pair_style(rng, canvas, ("inline", "glued"), 0)
    y = 79.0
    for key, chance in (("phone", 0.5), ("fax", 0.35), ("email", 0.3)):
        if rng.random() < chance:
            label, text = draft.label(key), v.email(rng, name) if key == "email" else v.phone(rng)
            draft.add(key, text, write_pair(canvas, (margin, y), label, text, style), label)
            y += style.height
    return y + 22


def _address_block(draft: Draft, margin: float, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    day = v.write_date(draft.loc, v.draw_date(rng))
    canvas.new_block()
    ends: list[tuple[float, Align]] = [(margin, "left"), (canvas.width - margin, "right")]
    x, align = rng.choice(ends)
    draft.say("letter_date", day, canvas.write(x, y, day, align=align))
    name = v.person(rng, formal=0.5)
    lines = [name, v.company(rng), *v.address(rng)]
    if rng.random() < 0.5:
        lines.insert(1, rng.choice(words.JOB_TITLES))
    span, y = canvas.write_lines(margin, y + 28, lines)
    draft.say("recipient", name, Span(span.page, span.words[: len(name.split())]))
    return y + 12


def _reference_lines(draft: Draft, margin: float, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    style = draw_pair_style(rng, canvas, ("inline", "glued", "column"), 60)
    for key, chance in (("reference", 0.35), ("subject", 0.6)):
        if rng.random() < chance:
            label = draft.label(key)
            kind = rng.choice(["Agreement", "Survey", "Order", "Visit"])
            text = v.code(rng) if key == "reference" else f"{rng.choice(words.TOPICS)} {kind}"
            canvas.new_block()
            draft.add(key, text, write_pair(canvas, (margin, y), label, text, style), label)
            y += style.height
    canvas.new_block()
    canvas.write(
        margin, y + 10, f"Dear {rng.choice(['Sir or Madam', 'Colleague', 'Customer'])}{rng.choice([':', ','])}"
    )
    return y + 32


def _body(draft: Draft, margin: float, y: float) -> float:
    told = draw_told(draft, draft.rng.randint(2, 4))
    width = draft.canvas.width - 2 * margin
    cut = draft.rng.randint(1, len(told))
    for part in (told[:cut], told[cut:]):
        y = write_prose(draft, Area(margin, y, width), part, filler=draft.rng.randint(1, 3)) + 8
    return y


def _closing(draft: Draft, margin: float, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    x = rng.choice([margin, canvas.width / 2])
    canvas.new_block()
    canvas.write(x, y + 8, rng.choice(_CLOSINGS))
    name, title = v.person(rng, formal=0), rng.choice(words.JOB_TITLES)
    draft.say("signatory", name, canvas.write(x, y + 46, name))
    if rng.random() < 0.7:
        span = canvas.write(x, y + 46 + canvas.style.size * 1.25, title)
        draft.say("signatory_title", title, span, name=name)
    if rng.random() < 0.3:
        other = v.person(rng)
        span = canvas.write(margin, canvas.height - 40, f"cc: {other}")
        draft.say("copied", other, Span(span.page, span.words[1:]), "label")
