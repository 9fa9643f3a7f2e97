"""Letters and memos: letterhead, date, recipient, reference lines, body with facts, closing and signatory."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import draw_pair_style, write_pair
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_CLOSINGS = ("Sincerely,", "Yours sincerely,", "Best regards,", "Very truly yours,", "Cordially,", "Yours faithfully,")


def letter(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of a business letter."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["tiro", "helv", "cour"]), rng.uniform(9.5, 11.5)))
    draft = Draft(canvas, rng, loc, held)
    margin = rng.uniform(60, 90)
    y = _letterhead(draft, margin)
    y = _address_block(draft, margin, y)
    y = _body(draft, margin, y)
    _closing(draft, margin, y)
    return draft


def _letterhead(draft: Draft, margin: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    name = v.company(rng)
    draft.who = name
    where = rng.choice([(margin, "left"), (canvas.width / 2, "center"), (canvas.width - margin, "right")])
    canvas.new_block()
    span = canvas.write(where[0], 52, name, canvas.styled(size=15, bold=True), where[1])  # type: ignore[arg-type]  # literals
    asks = (
        "Whose letterhead is it?",
        "Which company sent the letter?",
        "What is the name of the company?",
        "What is the company in the letterhead?",
    )
    held = ("Which organisation wrote this letter?", "Whose stationery was used?")
    draft.facts.append(Fact("letterhead", (name,), span, "", "position", "company", held if draft.held else asks))
    address = ", ".join(v.address(rng))
    small = canvas.styled(size=8.5)
    span = canvas.write(where[0], 66, address, small, where[1])  # type: ignore[arg-type]  # literals
    asks = (
        f"What is the address of {name}?",
        "What is the address in the letterhead?",
        "What is the sender's address?",
    )
    held = (f"In which street is {name}?",)
    draft.facts.append(
        Fact("letterhead_address", (address,), span, "", "position", "address", held if draft.held else asks)
    )
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
    x, align = rng.choice([(margin, "left"), (canvas.width - margin, "right")])
    span = canvas.write(x, y, day, align=align)  # type: ignore[arg-type]  # literals
    asks = (
        "What is the date of the letter?",
        "When was the letter written?",
        "What date is on the letter?",
        "date?",
        "What is the date mentioned at the top?",
        "On which date was the letter written?",
    )
    held = ("On what day was this letter typed?", "How old is the letter: from which day?")
    draft.facts.append(Fact("letter_date", (day,), span, "", "position", "date", held if draft.held else asks))
    draft.hidden_fields |= {
        "form_date",
        "invoice_date",
        "receipt_date",
        "to",
        "buyer",
        "from",
        "job_title",
        "seller",
        "seller_address",
        "buyer_address",
    }
    name, firm = v.person(rng, formal=0.5), v.company(rng)
    lines = [name, firm, *v.address(rng)]
    if rng.random() < 0.5:
        lines.insert(1, rng.choice(words.JOB_TITLES))
    span, y = canvas.write_lines(margin, y + 28, lines)
    size = len(name.split())
    recipient = Span(span.page, span.words[:size])
    asks = (
        "To whom is the letter addressed?",
        "Who is the letter addressed to?",
        "Who is the recipient of the letter?",
        "Who is the letter to?",
        "to whom is this letter written?",
    )
    held = ("Who was supposed to read the letter?", "Which person gets this mail?")
    draft.facts.append(Fact("recipient", (name,), recipient, "", "position", "person", held if draft.held else asks))
    y += 12
    style = draw_pair_style(rng, canvas, ("inline", "glued", "column"), 60)
    for key, chance in (("reference", 0.35), ("subject", 0.6)):
        if rng.random() < chance:
            label = draft.label(key)
            text = (
                v.code(rng)
                if key == "reference"
                else f"{rng.choice(words.TOPICS)} {rng.choice(['Agreement', 'Survey', 'Order', 'Visit'])}"
            )
            canvas.new_block()
            draft.add(key, text, write_pair(canvas, (margin, y), label, text, style), label)
            y += style.height
    canvas.new_block()
    canvas.write(margin, y + 10, f"Dear {name}{rng.choice([':', ','])}")
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
    span = canvas.write(x, y + 46, name)
    asks = (
        "Who signed the letter?",
        "Who wrote the letter?",
        "Who is the sender of the letter?",
        "Whose signature is at the bottom?",
        "By whom was the letter signed?",
        "Who is the letter from?",
    )
    held = ("Which person put a name under the letter?", "Who closes the letter?")
    draft.facts.append(Fact("signatory", (name,), span, "", "position", "person", held if draft.held else asks))
    if rng.random() < 0.7:
        span = canvas.write(x, y + 46 + canvas.style.size * 1.25, title)
        asks = (
            f"What is the title of {name}?",
            f"What is the position of {name}?",
            "What is the designation of the sender?",
            f"What is {name}'s job title?",
        )
        held = (f"In what role does {name} sign?",)
        draft.facts.append(
            Fact("signatory_title", (title,), span, "", "position", "title", held if draft.held else asks)
        )
    if rng.random() < 0.3:
        canvas.write(margin, canvas.height - 40, f"cc: {v.person(rng)}")
