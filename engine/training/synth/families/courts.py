"""Cover pages of courts and authorities: centred captions, parties, case numbers, dates, counsel."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_COURTS = (
    "UNITED STATES DISTRICT COURT", "SUPERIOR COURT OF THE STATE OF {state}", "COURT OF APPEALS OF {state}",
    "HIGH COURT OF {state}", "IN THE SUPREME COURT OF {state}", "TAX TRIBUNAL OF {state}",
)  # fmt: skip
_STATES = ("OREGON", "OHIO", "TEXAS", "MAINE", "UTAH", "NEVADA", "ONTARIO", "VICTORIA", "MALAYA", "WALES")
_DOCUMENTS = (
    "COMPLAINT FOR DAMAGES", "ORDER GRANTING MOTION TO DISMISS", "NOTICE OF APPEAL", "BRIEF OF APPELLANT",
    "FINAL JUDGMENT", "STIPULATION AND ORDER", "AFFIDAVIT OF SERVICE",
)  # fmt: skip
_DATED = {"Filed:": "filed", "Date filed:": "filed", "Hearing date:": "heard", "Decided:": "decided"}


def court(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """The first page of a filing."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["tiro", "tiro", "cour"]), rng.uniform(11, 13)))
    draft = Draft(canvas, rng, loc, held)
    y = _counsel(draft, 60) if rng.random() < 0.5 else 70.0
    y = _caption(draft, y)
    y = _parties(draft, y + 20)
    told = draw_told(draft, 2, ("appointment", "payment", "ownership", "revenue", "founding", "birth"))
    write_prose(draft, Area(72, y + 30, 468), told, filler=2)
    if rng.random() < 0.5:
        canvas.write(306, 764, f"- {rng.randint(1, 3)} -", align="center")
    draft.hidden_fields |= {"form_date", "receipt_date", "invoice_date", "effective_date"}
    draft.hidden_fields |= {"customer_number", "reference", "project_number"}
    return draft


def _counsel(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    name = v.person(rng, formal=0)
    firm = f"{rng.choice(words.LAST_NAMES)} & {rng.choice(words.LAST_NAMES)} LLP"
    span, y = canvas.write_lines(72, y, [f"{name} (SBN {v.digits(rng, 6)})", firm, *v.address(rng)])
    draft.say("counsel", name, Span(span.page, span.words[: len(name.split())]))
    phone = v.phone(rng)
    draft.add("phone", phone, _labelled(draft, 72, y, rng.choice(["Tel:", "Telephone:", "Phone:"]), phone), "Telephone")
    canvas.write(72, y + canvas.style.size * 1.25, "Attorney for Plaintiff")
    return y + 44


def _labelled(draft: Draft, x: float, y: float, label: str, text: str) -> Span:
    """A label and its value on one line; the value's span."""
    draft.canvas.write(x, y, label)
    return draft.canvas.write(x + draft.canvas.width_of(label + " "), y, text)


def _caption(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    state = rng.choice(_STATES)
    name = rng.choice(_COURTS).format(state=state)
    canvas.new_block()
    draft.say("court", name, canvas.write(306, y, name, canvas.styled(bold=True), "center"))
    if rng.random() < 0.7:
        place = f"{rng.choice(['NORTHERN', 'SOUTHERN', 'EASTERN', 'CENTRAL'])} DISTRICT OF {state}"
        y += 17
        draft.say("district", place, canvas.write(306, y, place, align="center"))
    return y + 24


def _parties(draft: Draft, y: float) -> float:
    """Plaintiff and defendant at the left, case number and judge at the right."""
    rng, canvas = draft.rng, draft.canvas
    plaintiff, defendant = v.person(rng, formal=0).upper(), v.company(rng).upper()
    roles = rng.choice([("Plaintiff", "Defendant"), ("Petitioner", "Respondent"), ("Appellant", "Appellee")])
    canvas.new_block()
    top = y
    for role, name in zip(roles, (plaintiff, defendant), strict=True):
        draft.say("party", name, canvas.write(72, y, f"{name},"), role=role.lower())
        canvas.write(140, y + 18, f"{role}{rng.choice([',', '.'])}")
        y += 40
        if role == roles[0]:
            canvas.write(110, y, rng.choice(["v.", "vs.", "-against-"]))
            y += 24
    canvas.shape(320, top - 12, 320, y, stroke=(0, 0, 0))
    _right_side(draft, top)
    return y


def _right_side(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    docket = f"{rng.randint(1, 9)}:{rng.randint(10, 24)}-cv-{v.digits(rng, 5)}"
    number = rng.choice([docket, f"CV{v.digits(rng, 6)}", f"{rng.randint(1990, 2024)}-{v.digits(rng, 4)}"])
    canvas.new_block()
    lead = rng.choice(["Case No.", "CASE NO.:", "No.", "Civil Action No."])
    draft.say("case_number", number, _labelled(draft, 340, y, lead, number), "label")
    title = rng.choice(_DOCUMENTS)
    style = canvas.styled(bold=True, size=canvas.style.size * 0.9)
    draft.say("filing", title, canvas.write(340, y + 24, title, style))
    judge = v.person(rng, formal=0)
    lead = rng.choice(["Judge:", "Hon.", "Before: Judge"])
    draft.say("judge", judge, _labelled(draft, 340, y + 48, lead, judge), "label")
    day = v.write_date(draft.loc, v.draw_date(rng))
    lead = rng.choice(sorted(_DATED))
    draft.say("filed", day, _labelled(draft, 340, y + 72, lead, day), "label", verb=_DATED[lead])
