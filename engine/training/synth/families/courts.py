"""Cover pages of courts and authorities: centred captions, parties, case numbers, dates, counsel."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Align, Canvas, Span
from engine.training.synth.prose import Area, draw_told, write_prose
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_COURTS = (
    "UNITED STATES DISTRICT COURT", "SUPERIOR COURT OF THE STATE OF {state}", "COURT OF APPEALS OF {state}", "HIGH COURT OF {state}",
    "IN THE SUPREME COURT OF {state}", "TAX TRIBUNAL OF {state}",
)  # fmt: skip
_STATES = ("OREGON", "OHIO", "TEXAS", "MAINE", "UTAH", "NEVADA", "ONTARIO", "VICTORIA", "MALAYA", "WALES")
_DOCUMENTS = (
    "COMPLAINT FOR DAMAGES",
    "ORDER GRANTING MOTION TO DISMISS",
    "NOTICE OF APPEAL",
    "BRIEF OF APPELLANT",
    "FINAL JUDGMENT",
    "STIPULATION AND ORDER",
    "AFFIDAVIT OF SERVICE",
)


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
    return draft


def _add(draft: Draft, key: str, text: str, span: Span, value: str, asks: str, held: str) -> None:
    chosen = tuple((held if draft.held else asks).split("|"))
    draft.facts.append(Fact(key, (text,), span, "", "position", value, chosen))


def _counsel(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    name = v.person(rng, formal=0)
    bar = v.digits(rng, 6)
    lines = [
        f"{name} (SBN {bar})",
        f"{rng.choice(words.LAST_NAMES)} & {rng.choice(words.LAST_NAMES)} LLP",
        *v.address(rng),
    ]
    span, y = canvas.write_lines(72, y, lines)
    count = len(name.split())
    _add(
        draft,
        "counsel",
        name,
        Span(span.page, span.words[:count]),
        "person",
        "Who is the attorney?|Who is the lawyer?|What is the name of the counsel?|Who represents the plaintiff?",
        "Which lawyer filed this?",
    )
    number = canvas.write(72, y, rng.choice(["Tel:", "Telephone:", "Phone:"]))
    phone = v.phone(rng)
    span = canvas.write(72 + canvas.width_of(canvas.text_of(number) + " "), y, phone)
    draft.add("phone", phone, span, "Telephone")
    canvas.write(72, y + canvas.style.size * 1.25, "Attorney for Plaintiff")
    return y + 44


def _caption(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    align: Align = "center"
    state = rng.choice(_STATES)
    name = rng.choice(_COURTS).format(state=state)
    canvas.new_block()
    span = canvas.write(306, y, name, canvas.styled(bold=True), align)
    _add(
        draft,
        "court",
        name,
        span,
        "text",
        "Which court is it?|What is the name of the court?|In which court was it filed?|What court is named on the page?",
        "Before which court is the case?",
    )
    if rng.random() < 0.7:
        place = f"{rng.choice(['NORTHERN', 'SOUTHERN', 'EASTERN', 'CENTRAL'])} DISTRICT OF {state}"
        y += 17
        span = canvas.write(306, y, place, canvas.style, align)
        _add(
            draft,
            "district",
            place,
            span,
            "text",
            "Which district is it?|What is the district?|What district is named?",
            "For what district does the court sit?",
        )
    return y + 24


def _parties(draft: Draft, y: float) -> float:
    """Plaintiff and defendant at the left, case number and judge at the right."""
    rng, canvas = draft.rng, draft.canvas
    plaintiff, defendant = v.person(rng, formal=0).upper(), v.company(rng).upper()
    roles = rng.choice([("Plaintiff", "Defendant"), ("Petitioner", "Respondent"), ("Appellant", "Appellee")])
    canvas.new_block()
    top = y
    for role, name in zip(roles, (plaintiff, defendant), strict=True):
        span = canvas.write(72, y, f"{name},")
        low = role.lower()
        _add(
            draft,
            low,
            name,
            span,
            "person",
            f"Who is the {low}?|What is the name of the {low}?|{low}?|Who is named as {low}?",
            f"Which party is the {low} here?",
        )
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
    number = rng.choice(
        [
            f"{rng.randint(1, 9)}:{rng.randint(10, 24)}-cv-{v.digits(rng, 5)}",
            f"CV{v.digits(rng, 6)}",
            f"{rng.randint(1990, 2024)}-{v.digits(rng, 4)}",
        ]
    )
    canvas.new_block()
    lead = rng.choice(["Case No.", "CASE NO.:", "No.", "Civil Action No."])
    canvas.write(340, y, lead)
    span = canvas.write(340 + canvas.width_of(lead + " "), y, number)
    _add(
        draft,
        "case_number",
        number,
        span,
        "code",
        "What is the case number?|case number?|What is the case no.?|Which number does the case have?",
        "Under which number is the case kept?",
    )
    y += 24
    title = rng.choice(_DOCUMENTS)
    span = canvas.write(340, y, title, canvas.styled(bold=True, size=canvas.style.size * 0.9))
    _add(
        draft,
        "filing",
        title,
        span,
        "text",
        "What is the title of the document?|What kind of document is it?|What document is this?",
        "How is this filing called?",
    )
    y += 24
    judge = v.person(rng, formal=0)
    lead = rng.choice(["Judge:", "Hon.", "Before: Judge"])
    canvas.write(340, y, lead)
    span = canvas.write(340 + canvas.width_of(lead + " "), y, judge)
    _add(
        draft,
        "judge",
        judge,
        span,
        "person",
        "Who is the judge?|What is the name of the judge?|Which judge has the case?",
        "Who decides the case?",
    )
    y += 24
    day = v.write_date(draft.loc, v.draw_date(rng))
    label = rng.choice(["Filed:", "Date filed:", "Hearing date:", "Decided:"])
    canvas.write(340, y, label)
    span = canvas.write(340 + canvas.width_of(label + " "), y, day)
    verb = {"Filed:": "filed", "Date filed:": "filed", "Hearing date:": "heard", "Decided:": "decided"}[label]
    _add(
        draft,
        "filed",
        day,
        span,
        "date",
        f"When was it {verb}?|On what date was the case {verb}?|When was the case {verb}?|What is the {label.rstrip(':').lower()} date?",
        f"On which day was this {verb}?",
    )
    draft.hidden_fields |= {
        "form_date",
        "receipt_date",
        "invoice_date",
        "effective_date",
        "customer_number",
        "reference",
        "project_number",
    }
