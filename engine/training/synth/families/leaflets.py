"""Packages and leaflets: nutrition tables, doses by column, instructions with quantities, lists of contents."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_NUTRIENTS = (
    "Energy",
    "Fat",
    "of which saturates",
    "Carbohydrate",
    "of which sugars",
    "Fibre",
    "Protein",
    "Salt",
    "Calcium",
)
_SOILED = ("Lightly soiled", "Normally soiled", "Heavily soiled", "Delicates", "Small load", "Large load")
_WATER = ("Soft water", "Medium water", "Hard water")
_PATIENTS = ("Adults", "Children 6-12 years", "Children under 6 years", "Elderly patients", "Body weight 20-40 kg")
_DOSES = ("Morning", "Noon", "Evening", "Maximum per day")
_PLANTS = ("Tomato", "Carrot", "Spinach", "Pumpkin", "Basil", "Lettuce", "Radish", "Leek")
_SOWING = ("Depth", "Spacing", "Germination", "Harvest")
_PRODUCTS = ("Crunch", "Liquid", "Tablets", "Drops", "Granules", "Spread", "Cleaner", "Snack", "Powder")
_STEPS = {
    "Keep the lid closed for [[{k}|{t} minutes]].": (
        "How long should the lid be kept closed?",
        "For how many minutes should the lid stay closed?",
    ),
    "Do not store above [[{k}|{t} °C]].": (
        "At what temperature should it be stored?",
        "Above which temperature should it not be stored?",
    ),
    "Use within [[{k}|{t} days]] of opening.": (
        "Within how many days should it be used?",
        "How long can it be used after opening?",
    ),
    "Take no more than [[{k}|{t} tablets]] in 24 hours.": (
        "What is the maximum number of tablets in 24 hours?",
        "How many tablets may be taken in 24 hours?",
    ),
    "Dilute [[{k}|{t} ml]] in a bucket of water.": (
        "How much should be diluted in a bucket of water?",
        "How many ml go into a bucket of water?",
    ),
    "Wait [[{k}|{t} hours]] before the second coat.": (
        "How long should one wait before the second coat?",
        "After how many hours can the second coat be applied?",
    ),
    "Rinse with water for [[{k}|{t} minutes]].": (
        "How long should one rinse with water?",
        "For how many minutes should it be rinsed?",
    ),
}
_LISTED = (
    "oat flakes",
    "sugar",
    "sunflower oil",
    "honey",
    "salt",
    "cocoa",
    "soap",
    "perfume",
    "glycerol",
    "starch",
    "milk powder",
)
_FOOT = {
    "Best before": ("date", ("What is the best before date?", "Until when is it good?", "best before?")),
    "Lot": ("code", ("What is the lot number?", "Which lot is it?", "lot number")),
    "Net weight": ("weight", ("What is the net weight?", "How much does the package contain?", "net weight?")),
    "Distributed by": (
        "company",
        ("Who distributes the product?", "Which company distributes it?", "Who is the distributor?"),
    ),
    "Made in": ("country", ("In which country is it made?", "Where is it made?", "Where does the product come from?")),
    "Article no.": ("code", ("What is the article number?", "article number?")),
    "Customer service": ("phone", ("What is the phone number of the customer service?", "What number can be called?")),
    "Manufacturer": ("company", ("Who is the manufacturer?", "Who makes the product?", "Which company made it?")),
}  # fmt: skip


def leaflet(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One label or leaflet."""
    canvas = Canvas(rng.choice([420.0, 560.0]), 720, rng, TextStyle("helv", rng.uniform(8, 10)))
    draft = Draft(canvas, rng, loc, held)
    name = f"{v.coined(rng).upper()} {rng.choice(_PRODUCTS)}"
    draft.who = name
    canvas.new_block()
    span = canvas.write(40, 50, name, canvas.styled(size=17, bold=True))
    asks = ("What is the name of the product?", "Which product is it?", "What is the product called?")
    draft.facts.append(Fact("product", (name,), span, "", "position", "text", asks))
    parts = [_table, _steps, _contents]
    rng.shuffle(parts)
    y = 84.0
    for part in parts:
        y = part(draft, y) + 16
    _foot(draft, y + 4)
    return draft


def _grid(draft: Draft) -> tuple[str, tuple[str, ...], list[str], str]:
    """A heading, the row labels, the column heads and the unit of the cells."""
    rng = draft.rng
    match rng.choice(["nutrition", "soap", "dose", "seed"]):
        case "nutrition":
            heads = rng.sample(["per 100 g", "per serving", "per 45 g serving", "per portion"], rng.randint(1, 2))
            return "NUTRITION", tuple(_NUTRIENTS[: rng.randint(5, 9)]), heads, "g"
        case "soap":
            return "DOSAGE (ml)", tuple(rng.sample(_SOILED, 3)), list(_WATER), rng.choice(["", "ml"])
        case "dose":
            return "DOSAGE", tuple(rng.sample(_PATIENTS, 3)), rng.sample(_DOSES, 3), rng.choice(["ml", "tablets", "mg"])
        case _:
            return "SOWING GUIDE", tuple(rng.sample(_PLANTS, 5)), rng.sample(_SOWING, 3), rng.choice(["cm", "days", ""])


def _table(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    title, rows, heads, unit = _grid(draft)
    canvas.new_block()
    canvas.write(40, y, title, canvas.styled(bold=True))
    left = 46 + max(canvas.width_of(row) for row in rows)
    step = min(110.0, (canvas.width - left - 30) / len(heads))
    y += rng.choice([0, canvas.style.size * 1.6])
    for at, head in enumerate(heads, start=1):
        canvas.write(left + step * at, y, head, canvas.styled(size=canvas.style.size * 0.9), "right")
    for row in rows:
        y += canvas.style.size * 1.55
        canvas.write(40, y, row)
        for at, head in enumerate(heads, start=1):
            figure = rng.choice([str(rng.randint(1, 140)), f"{rng.randint(0, 70)}.{rng.randint(1, 9)}"])
            shown = "kcal" if row == "Energy" else unit
            text = f"{figure} {shown}".strip()
            span = canvas.write(left + step * at, y, text, align="right")
            if rng.random() < 0.35:
                fact = Fact("label_cell", (text, figure), span, "", "table", "number", _cell_asks(row, head, shown))
                draft.facts.append(fact)
    return y


def _cell_asks(row: str, head: str, unit: str) -> tuple[str, ...]:
    low, head = row.lower().removeprefix("of which "), head.lower()
    if head.startswith("per "):
        return (
            f"How much {low} is there {head}?", f"How much {low} does it contain {head}?",
            f"What is the {low} content {head}?", f"{low} {head}?",
        )  # fmt: skip
    many = (
        [f"How many {unit} are needed for {low} with {head}?", f"How many {unit} for {low} and {head}?"] if unit else []
    )
    return (
        f"What is the dosage for {low} with {head}?", f"What is given for {low} under {head}?",
        f"What is the {head} for {low}?", *many,
    )  # fmt: skip


def _steps(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    chosen = rng.sample(sorted(_STEPS), rng.randint(2, 4))
    parts = [step.format(k=f"s{n}", t=rng.randint(2, 60)) for n, step in enumerate(chosen)]
    canvas.new_block()
    canvas.write(
        40, y, rng.choice(["Directions", "How to use", "IMPORTANT", "Instructions for use"]), canvas.styled(bold=True)
    )
    y += canvas.style.size * 1.5
    if rng.random() < 0.5:
        parts = [f"{n}. {part}" if rng.random() < 0.9 else part for n, part in enumerate(parts, start=1)]
    spans: dict[str, Span] = {}
    for text in parts if rng.random() < 0.5 else [" ".join(parts)]:
        found, y = canvas.paragraph(40, y, canvas.width - 80, text)
        spans |= {key: span for key, span in found.items() if key}
    for number, step in enumerate(chosen):
        span = spans[f"s{number}"]
        text = canvas.text_of(span).rstrip(".")
        draft.facts.append(Fact("step", (text,), span, "", "sentence", "number", _STEPS[step]))
    return y


def _contents(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    chosen = rng.sample(_LISTED, rng.randint(3, 6))
    shares = {name: f"{rng.randint(1, 60)}%" for name in chosen if rng.random() < 0.6}
    text = ", ".join(f"{name} ([[{name}|{shares[name]}]])" if name in shares else name for name in chosen)
    spans, y = canvas.paragraph(
        40, y, canvas.width - 80, f"{rng.choice(['Ingredients', 'INGREDIENTS', 'Contains'])}: {text}."
    )
    for name, share in shares.items():
        asks = (
            f"What is the percentage of {name}?",
            f"How much {name} does it contain?",
            f"What share of it is {name}?",
        )
        draft.facts.append(Fact("share", (share, f"({share})"), spans[name], "", "sentence", "percent", asks))
    missing = [name for name in _LISTED if name not in chosen]
    draft.absent.append((f"How much {rng.choice(missing)} does it contain?", "percent"))
    return y


def _foot(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    chosen = rng.sample(sorted(_FOOT), rng.randint(3, 6))
    x = 40.0
    mark = rng.choice([":", "", ":"])
    canvas.new_block()
    for label in chosen:
        kind, asks = _FOOT[label]
        match kind:
            case "weight":
                text = f"{rng.randint(20, 990)} {rng.choice(['g', 'ml'])}"
            case "country":
                text = rng.choice(words.NATIONS)
            case _:
                text = v.typed(rng, kind, draft.loc)
        lead = f"{label}{mark}"
        canvas.write(x, y, lead)
        span = canvas.write(x + canvas.width_of(f"{lead} "), y, text)
        draft.facts.append(Fact(f"foot:{label}", (text,), span, label, "label", "text", asks))
        x += canvas.width_of(f"{lead} {text}") + 26
        if x > canvas.width * 0.5:
            x, y = 40.0, y + canvas.style.size * 1.6
    for label in sorted(_FOOT.keys() - set(chosen))[:2]:
        draft.absent.append((rng.choice(_FOOT[label][1]), _FOOT[label][0]))
