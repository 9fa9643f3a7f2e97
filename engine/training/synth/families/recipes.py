"""Recipes: title, times and servings, ingredients with quantities, numbered steps, nutrition."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.layout import draw_pair_style, write_pair
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_DISHES = (
    "Lentil Soup",
    "Apple Tart",
    "Chicken Curry",
    "Pumpkin Bread",
    "Mushroom Risotto",
    "Fish Stew",
    "Oat Cookies",
    "Bean Chili",
    "Lemon Cake",
    "Potato Salad",
    "Beef Goulash",
    "Rice Pudding",
)
_STYLES = ("Quick", "Grandma's", "Easy", "Spicy", "Classic", "Rustic", "Creamy", "Old-Fashioned")
_FOODS = (
    "flour",
    "sugar",
    "butter",
    "milk",
    "olive oil",
    "salt",
    "rice",
    "red lentils",
    "chopped onions",
    "grated cheese",
    "baking powder",
    "cinnamon",
    "tomato paste",
    "lemon juice",
    "chicken stock",
    "oats",
    "honey",
    "yeast",
)
_COUNTED = ("eggs", "carrots", "apples", "potatoes", "cloves of garlic", "tomatoes", "limes", "onions", "bay leaves")
_UNITS = ("g", "ml", "cups", "tbsp", "tsp", "oz", "kg", "cup")
_TIMES = (
    ("Prep time", ("What is the prep time?", "How long does the preparation take?", "How long is the prep time?"), ("How many minutes go into preparing?",)),
    ("Cook time", ("What is the cook time?", "How long does it cook?", "How long is the cooking time?"), ("For how long is it on the stove?",)),
    ("Total time", ("What is the total time?", "How long does it take in total?"), ("After how long is everything done?",)),
    ("Servings", ("How many servings does it make?", "How many people does it serve?", "What is the number of servings?", "servings?"), ("For how many eaters is it enough?",)),
    ("Calories", ("How many calories does it have?", "What are the calories per serving?", "calories?"), ("How much energy is in one portion?",)),
    ("Difficulty", ("What is the difficulty?", "How difficult is the recipe?"), ("How hard is it to make?",)),
    ("Author", ("Who wrote the recipe?", "Who is the author?", "Whose recipe is it?"), ("Who thought this dish up?",)),
)  # fmt: skip


def recipe(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(10, 12)))
    draft = Draft(canvas, rng, loc, held)
    title = f"{rng.choice(_STYLES)} {rng.choice(_DISHES)}"
    draft.who = title
    canvas.new_block()
    span = canvas.write(60, 64, title, canvas.styled(size=20, bold=True))
    asks = (
        "What is the recipe for?",
        "What is the name of the recipe?",
        "What is the name of the dish?",
        "What dish is made?",
        "What is the title?",
    )
    draft.facts.append(
        Fact("dish", (title,), span, "", "position", "text", ("What is being cooked?",) if held else asks)
    )
    y = _facts(draft, 92)
    _method(draft, _ingredients(draft, y + 22) + 20)
    return draft


def _facts(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    chosen = rng.sample(_TIMES, rng.randint(3, len(_TIMES)))
    style = draw_pair_style(rng, canvas, ("inline", "below", "column", "glued"), 90)
    across = style.relation == "below" or rng.random() < 0.3
    x = 60.0
    canvas.new_block()
    for number, (label, asks, held) in enumerate(chosen):
        text = _fact_value(draft, label)
        if across and number and number % 4 == 0:
            x, y = 60.0, y + style.height
        span = write_pair(canvas, (x, y), label, text, style)
        draft.facts.append(
            Fact(
                f"recipe:{label}",
                (text,),
                span,
                label,
                "label",
                "time" if "time" in label else "text",
                held if draft.held else asks,
            )
        )
        if across:
            lead = max(style.offset, canvas.width_of(f"{label}: ", canvas.styled(bold=True)))
            x += max(128.0, lead + canvas.width_of(text, canvas.styled(bold=True)) + 14)
        else:
            y += style.height
    for label, asks, held in _TIMES:
        if all(label != one[0] for one in chosen):
            draft.absent.append((rng.choice(held if draft.held else asks), "time" if "time" in label else "text"))
    return y + (style.height if across else 0)


def _fact_value(draft: Draft, label: str) -> str:
    rng = draft.rng
    match label:
        case "Servings":
            return rng.choice([str(rng.randint(2, 12)), f"{rng.randint(2, 6)}-{rng.randint(7, 9)}"])
        case "Calories":
            return f"{rng.randint(80, 900)}{rng.choice([' kcal', '', ' cal'])}"
        case "Difficulty":
            return rng.choice(["Easy", "Medium", "Hard"])
        case "Author":
            return v.person(rng, formal=0)
        case _:
            return rng.choice(
                [
                    f"{rng.randint(5, 55)} {rng.choice(['min', 'minutes', 'mins'])}",
                    f"{rng.randint(1, 3)} h {rng.randint(5, 55)} min",
                ]
            )


def _ingredients(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    canvas.write(60, y, "Ingredients", canvas.styled(bold=True, size=14))
    foods, counted = rng.sample(_FOODS, rng.randint(4, 8)), rng.sample(_COUNTED, rng.randint(1, 3))
    bullet = rng.choice(["", "-", "•", ""])
    rows: list[Span] = []
    for food in foods + counted:
        y += canvas.style.size * 1.5
        if food in counted:
            amount = str(rng.randint(1, 8))
            asks = (f"How many {food} are needed?", f"How many {food} does the recipe use?", f"How many {food}?")
        else:
            amount = f"{rng.choice([str(rng.randint(2, 9)), str(rng.randint(2, 50) * 10), '1 1/2', '0.5', '1/4'])} {rng.choice(_UNITS)}"
            asks = (
                f"How much {food} is needed?",
                f"How much {food} does the recipe use?",
                f"What quantity of {food} is used?",
                f"{food}?",
            )
        held = (f"The amount of {food} to buy", f"What do we take of {food}?")
        span = canvas.write(60, y, f"{bullet} {amount} {food}".strip())
        skip = 1 if bullet else 0
        part = Span(span.page, span.words[skip : skip + len(amount.split())])
        draft.facts.append(Fact("ingredient", (amount,), part, "", "sentence", "number", held if draft.held else asks))
        rows.append(span)
    for food in _FOODS:
        if food not in foods and food.split()[-1] not in " ".join(foods + counted) and len(draft.absent) < 5:
            draft.absent.append((f"How much {food} is needed?", "number"))
    if rng.random() < 0.4:
        box = rows[0]
        for row in rows[1:]:
            box = box + row
        asks = ("How many ingredients are there?", "How many ingredients are listed?")
        draft.facts.append(
            Fact(
                "ingredients",
                (str(len(rows)),),
                box,
                "",
                "count",
                "number",
                ("The number of ingredients",) if draft.held else asks,
            )
        )
    return y + 12


def _method(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    canvas.write(60, y + 6, rng.choice(["Method", "Directions", "Instructions"]), canvas.styled(bold=True, size=14))
    degrees, minutes = f"{rng.randint(14, 24) * 10} °{rng.choice('CF')}", f"{rng.randint(10, 90)} minutes"
    steps = (
        f"Heat the oven to [[oven|{degrees}]].",
        "Mix the dry things in a large bowl and stir well.",
        f"Bake for [[bake|{minutes}]] until golden.",
        "Leave to cool on a rack and serve.",
    )
    y += 26
    asks = {
        "oven": (
            "To what temperature is the oven heated?",
            "What is the oven temperature?",
            "At what temperature is it baked?",
        ),
        "bake": ("How long is it baked?", "How long does it bake?", "For how many minutes is it baked?"),
    }
    held = {
        "oven": ("How hot must it be inside the oven?",),
        "bake": ("After what time does it come out of the oven?",),
    }
    answers = {"oven": degrees, "bake": minutes}
    for number, step in enumerate(steps, start=1):
        spans, y = canvas.paragraph(60, y, 490, f"{number}. {step}")
        for key in spans.keys() & answers.keys():
            draft.facts.append(
                Fact(key, (answers[key],), spans[key], "", "sentence", "number", (held if draft.held else asks)[key])
            )
