"""Recipes: title, times and servings, ingredients with quantities, numbered steps."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.fields import KEYS
from engine.training.synth.layout import draw_pair_style, write_pair
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_DISHES = (
    "Lentil Soup", "Apple Tart", "Chicken Curry", "Pumpkin Bread", "Mushroom Risotto", "Fish Stew", "Oat Cookies",
    "Bean Chili", "Lemon Cake", "Potato Salad", "Beef Goulash", "Rice Pudding",
)  # fmt: skip
_STYLES = ("Quick", "Grandma's", "Easy", "Spicy", "Classic", "Rustic", "Creamy", "Old-Fashioned")
_FOODS = (
    "flour", "sugar", "butter", "milk", "olive oil", "salt", "rice", "red lentils", "chopped onions", "grated cheese",
    "baking powder", "cinnamon", "tomato paste", "lemon juice", "chicken stock", "oats", "honey", "yeast",
)  # fmt: skip
_COUNTED = (
    "eggs", "carrots", "apples", "potatoes", "cloves of garlic", "tomatoes", "limes", "onions", "bay leaves",
)  # fmt: skip
_UNITS = ("g", "ml", "cups", "tbsp", "tsp", "oz", "kg", "cup")


def recipe(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One page."""
    canvas = Canvas(612, 792, rng, TextStyle(rng.choice(["helv", "tiro"]), rng.uniform(10, 12)))
    draft = Draft(canvas, rng, loc, held)
    title = f"{rng.choice(_STYLES)} {rng.choice(_DISHES)}"
    draft.who = title
    canvas.new_block()
    draft.say("dish", title, canvas.write(60, 64, title, canvas.styled(size=20, bold=True)))
    y = _facts(draft, 92)
    _method(draft, _ingredients(draft, y + 22) + 20)
    return draft


def _facts(draft: Draft, y: float) -> float:
    rng, canvas, known = draft.rng, draft.canvas, KEYS["recipe"]
    chosen = rng.sample(sorted(known), rng.randint(3, len(known)))
    style = draw_pair_style(rng, canvas, ("inline", "below", "column", "glued"), 90)
    across = style.relation == "below" or rng.random() < 0.3
    bold = canvas.styled(bold=True)
    x = 60.0
    canvas.new_block()
    for number, label in enumerate(chosen):
        text = _fact_value(draft, label)
        if across and number and number % 3 == 0:
            x, y = 60.0, y + style.height
        span = write_pair(canvas, (x, y), label, text, style)
        asks = known[label].questions(held=draft.held)
        draft.facts.append(Fact(f"recipe:{label}", (text,), span, label, "label", known[label].value, asks))
        if across:
            lead = 0.0 if style.relation == "below" else max(style.offset, canvas.width_of(f"{label}: ", bold))
            x += max(128.0, lead + canvas.width_of(text, bold) + 14)
        else:
            y += style.height
    for label in sorted(known.keys() - set(chosen)):
        draft.absent.append((rng.choice(known[label].questions(held=draft.held)), known[label].value))
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
            short = f"{rng.randint(5, 55)} {rng.choice(['min', 'minutes', 'mins'])}"
            return rng.choice([short, f"{rng.randint(1, 3)} h {rng.randint(5, 55)} min"])


def _ingredients(draft: Draft, y: float) -> float:
    rng, canvas = draft.rng, draft.canvas
    canvas.new_block()
    canvas.write(60, y, "Ingredients", canvas.styled(bold=True, size=14))
    foods, counted = rng.sample(_FOODS, rng.randint(4, 8)), rng.sample(_COUNTED, rng.randint(1, 3))
    bullet = rng.choice(["", "-", "•", ""])
    box: Span | None = None
    for food in foods + counted:
        y += canvas.style.size * 1.5
        size = rng.choice([str(rng.randint(2, 9)), str(rng.randint(2, 50) * 10), "1 1/2", "0.5", "1/4"])
        amount = str(rng.randint(1, 8)) if food in counted else f"{size} {rng.choice(_UNITS)}"
        span = canvas.write(60, y, f"{bullet} {amount} {food}".strip())
        box = span if box is None else box + span
        skip = 1 if bullet else 0
        part = Span(span.page, span.words[skip : skip + len(amount.split())])
        draft.say("counted_ingredient" if food in counted else "ingredient", amount, part, "sentence", food=food)
    printed = " ".join(foods + counted)
    missing = [food for food in _FOODS if food.split()[-1] not in printed]
    draft.absent += [(f"How much {food} is needed?", "number") for food in rng.sample(missing, 2)]
    if box is not None and rng.random() < 0.4:
        draft.say("ingredient_count", str(len(foods + counted)), box, "count")
    return y + 12


def _method(draft: Draft, y: float) -> None:
    rng, canvas = draft.rng, draft.canvas
    heading = rng.choice(["Method", "Directions", "Instructions"])
    canvas.write(60, y + 6, heading, canvas.styled(bold=True, size=14))
    answers = {
        "oven": f"{rng.randint(14, 24) * 10} °{rng.choice('CF')}",
        "bake": f"{rng.randint(10, 90)} minutes",
    }
    steps = (
        f"Heat the oven to [[oven|{answers['oven']}]].",
        "Mix the dry things in a large bowl and stir well.",
        f"Bake for [[bake|{answers['bake']}]] until golden.",
        "Leave to cool on a rack and serve.",
    )
    y += 26
    for number, step in enumerate(steps, start=1):
        spans, y = canvas.paragraph(60, y, 490, f"{number}. {step}")
        for key in sorted(spans.keys() & answers.keys()):
            draft.say(key, answers[key], spans[key], "sentence")
