"""Forms: fax covers, order forms, questionnaires: upper-case labels with colons, typed or handwritten values, boxes."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas
from engine.training.synth.fields import FIELDS
from engine.training.synth.layout import PairStyle, Relation, draw_pair_style, wrap, write_pair
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_CATALOGUE = (
    "to", "from", "subject", "form_date", "page_count", "brand", "department", "job_title", "approved_by",
    "requested_by", "effective_date", "expiry_date", "project_number", "reference", "budget", "location", "phone",
    "fax", "email", "customer_number",
)  # fmt: skip
_TITLES = (
    "FAX TRANSMISSION", "FACSIMILE COVER SHEET", "REQUEST FORM", "REGISTRATION FORM", "ORDER FORM", "SAMPLE REQUEST",
    "PROJECT INITIATION", "INTER-OFFICE MEMORANDUM", "TRAVEL AUTHORIZATION", "SHIPMENT RECORD", "EMPLOYEE DATA SHEET",
)  # fmt: skip
_RELATIONS: tuple[Relation, ...] = ("inline", "inline", "column", "column", "below", "glued", "above", "right-aligned")


def form(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page of labelled blanks in one or two columns; each form keeps one manner with small deviations."""
    canvas = Canvas(rng.choice([595.0, 612.0, 754.0]), rng.choice([792.0, 842.0, 1000.0]), rng, _style(rng))
    draft = Draft(canvas, rng, loc, held)
    margin = rng.uniform(40, 80)
    y = _head(draft, margin)
    columns = rng.choice([1, 1, 2, 2, 3])
    step = (canvas.width - 2 * margin) / columns
    style = draw_pair_style(rng, canvas, _RELATIONS, rng.uniform(80, 150) if columns == 1 else min(95.0, step * 0.45))
    if style.relation == "right-aligned":
        style = draw_pair_style(rng, canvas, ("right-aligned",), step * 0.85)
    boxed = rng.random() < 0.3
    upper_values = rng.random() < 0.3
    pairs = _pairs(draft, rng.randint(6, 11 * columns))
    for start in range(0, len(pairs), columns):
        canvas.new_block()
        for column, (key, label, text) in enumerate(pairs[start : start + columns]):
            x = margin + column * step
            shown = text.upper() if upper_values and "@" not in text else text
            own = _manner(rng, canvas, style)
            if columns > 1 and _width(canvas, label, shown, own) > step - 8:
                continue
            _write(draft, (x, y), key, label, shown, own)
            if boxed:
                bottom = y + own.height - own.label.size
                canvas.shape(x - 3, y - own.label.size * 1.2, x + step - 6, bottom, stroke=(0.3,) * 3)
        y += style.height * rng.choice([1.0, 1.2, 1.5])
        if rng.random() < 0.1:
            y = _long_entry(draft, margin, y, style)
        if y > canvas.height - 90:
            break
    _foot(draft, margin, y + 20)
    return draft


def _style(rng: random.Random) -> TextStyle:
    return TextStyle(rng.choice(["cour", "helv", "tiro", "helv"]), rng.uniform(8.5, 12))


def _manner(rng: random.Random, canvas: Canvas, style: PairStyle) -> PairStyle:
    """The form's manner, now and then with the value set differently (handwriting: another size and height)."""
    if rng.random() < 0.85:
        return style
    value = canvas.styled(font="tiro", size=canvas.style.size * rng.uniform(1.1, 1.5))
    return PairStyle(style.relation, style.suffix, style.offset, style.label, value)


def _width(canvas: Canvas, label: str, text: str, style: PairStyle) -> float:
    """The room a pair takes across the page."""
    left, right = canvas.width_of(f"{label} :", style.label), canvas.width_of(f" {text}", style.value)
    match style.relation:
        case "below" | "above":
            return max(left, right)
        case "column":
            return max(left, style.offset) + right
        case _:
            return left + right


def _head(draft: Draft, margin: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    y = margin
    if rng.random() < 0.6:
        name = v.company(rng, draft.language)
        draft.who = name
        canvas.new_block()
        span = canvas.write(canvas.width / 2, y, name, canvas.styled(bold=True, size=14), "center")
        draft.say("form_company", name, span)
        y += 18
    title = rng.choice(_TITLES)
    canvas.new_block()
    span = canvas.write(rng.choice([margin, canvas.width / 3]), y, title, canvas.styled(bold=True, size=13))
    draft.say("form_title", title, span)
    if rng.random() < 0.4:
        canvas.write(canvas.width - margin, margin - 20, v.write_date(draft.loc, v.draw_date(rng)), align="right")
    return y + 34


def _pairs(draft: Draft, count: int) -> list[tuple[str, str, str]]:
    """(field, label, value): catalogue fields and fields of made-up labels, no label twice."""
    rng = draft.rng
    known = rng.sample(_CATALOGUE, min(len(_CATALOGUE), max(2, int(count * rng.uniform(0.3, 0.8)))))
    pairs = [(key, draft.label(key), _value(draft, key)) for key in known]
    while len(pairs) < count:
        kind = rng.choice(v.VALUE_TYPES)
        label = v.office_phrase(rng) if rng.random() < 0.8 else v.coined(rng)
        if rng.random() < 0.3:
            label = label.upper()
        pairs.append((f"free:{kind}", label, v.typed(rng, kind, draft.loc)))
    rng.shuffle(pairs)
    seen: set[str] = set()
    unique = []
    for key, label, text in pairs:
        if label.lower() not in seen:
            unique.append((key, label, text))
        seen.add(label.lower())
    return unique


def _value(draft: Draft, key: str) -> str:
    rng, kind = draft.rng, FIELDS[key].value
    if key == "page_count":
        return str(rng.randint(1, 24))
    if key in ("to", "from") and rng.random() < 0.3:
        return f"{v.person(rng)}, {v.company(rng, draft.language)}"
    if key == "brand":
        return rng.choice(words.BRAND_WORDS).upper() + rng.choice(["", " LIGHTS", " Ultra", f" {rng.randint(10, 120)}"])
    if key == "subject":
        return f"{rng.choice(words.TOPICS)} {rng.choice(['Study', 'Meeting', 'Proposal', 'Update', 'Samples'])}"
    return v.typed(rng, kind, draft.loc)


def _write(draft: Draft, at: tuple[float, float], key: str, label: str, text: str, style: PairStyle) -> None:
    canvas, rng = draft.canvas, draft.rng
    value = key.split(":")[1] if key.startswith("free:") else ""
    if rng.random() < 0.08:
        canvas.write(*at, label + rng.choice([":", ": ______", ""]), style.label)
        draft.miss(key, label, value)
        return
    span = write_pair(canvas, at, label, text, style)
    draft.add(key, text, span, label, value=value)


def _long_entry(draft: Draft, margin: float, y: float, style: PairStyle) -> float:
    """An entry of several lines under or beside its label; the next baseline."""
    rng, canvas = draft.rng, draft.canvas
    label = rng.choice(
        ["Purpose", "REMARKS", "Description", "Comments", "OBJECTIVE", "Reason for request", "Special instructions"]
    )
    beside = rng.random() < 0.5
    x = margin + (canvas.width_of(label + ": ", style.label) + 6 if beside else 0)
    canvas.new_block()
    canvas.write(margin, y, label + ":", style.label)
    text = v.sentence(rng)
    first = y if beside else y + style.label.size * 1.3
    lines = wrap(canvas, text, min(260.0, canvas.width - margin - x), style.value)
    span, y = canvas.write_lines(x, first, lines, style.value)
    draft.add("free:long", text, span, label, kind="section", value="text")
    return y + 8


def _foot(draft: Draft, margin: float, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    if rng.random() < 0.5 and y < canvas.height - 60:
        _, y = canvas.paragraph(
            margin, y, canvas.width - 2 * margin, " ".join(v.sentence(rng) for _ in range(rng.randint(1, 4)))
        )
    if rng.random() < 0.35 and y < canvas.height - 50:
        canvas.write(margin, y + 20, f"Signature: {'_' * 20}")
        canvas.write(canvas.width / 2 + 20, y + 20, v.person(rng))
    if rng.random() < 0.4:
        canvas.write(canvas.width - margin, canvas.height - 18, v.digits(rng, 8), align="right")
