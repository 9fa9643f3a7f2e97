"""Bar charts: title, axis ticks, categories under the axis, values over the bars, legend, source."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.questions import Draft
from engine.training.synth.types import TextStyle

_AXES = ("Sales in thousands", "Share of answers (%)", "Number of patients", "Output (tonnes)", "Visitors", "Score")
_SOURCES = ("Ministry of Transport", "Survey of Households", "Annual Reports", "Institute of Statistics", "Own survey")
_FILLS = ((0.2, 0.45, 0.7), (0.85, 0.45, 0.2), (0.3, 0.6, 0.35), (0.5, 0.5, 0.55))


def chart(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One figure with up to nine bars, upright or lying."""
    canvas = Canvas(rng.choice([520.0, 640.0]), rng.choice([380.0, 460.0]), rng, TextStyle("helv", rng.uniform(8, 10)))
    draft = Draft(canvas, rng, loc, held)
    title = f"{rng.choice(words.TOPICS)}{rng.choice(['', ' by Region', f', {rng.randint(1990, 2025)}'])}"
    canvas.new_block()
    draft.say(
        "chart_title", title, canvas.write(canvas.width / 2, 30, title, canvas.styled(bold=True, size=13), "center")
    )
    axis = rng.choice(_AXES)
    canvas.new_block()
    draft.say("axis", axis, canvas.write(16, 54, axis, canvas.styled(size=8)))
    names = rng.sample(words.NATIONS + words.CITIES["de"], rng.randint(4, 9))
    numbers = [rng.randint(3, 990) for _ in names]
    (_lying if rng.random() < 0.4 else _upright)(draft, names, numbers, axis.lower().split(" (")[0])
    if rng.random() < 0.6:
        source = rng.choice(_SOURCES)
        canvas.new_block()
        span = canvas.write(16, canvas.height - 12, f"Source: {source}", canvas.styled(size=7.5))
        draft.say("source", source, Span(span.page, span.words[1:]), "label")
    return draft


def _bar(draft: Draft, name: str, number: int, span: Span, axis: str) -> None:
    draft.say("bar", str(number), span, "table", name=name, axis=axis)


def _upright(draft: Draft, names: list[str], numbers: list[int], axis: str) -> None:
    rng, canvas = draft.rng, draft.canvas
    floor, top = canvas.height - 56, 84.0
    step = (canvas.width - 70) / len(names)
    canvas.new_block()
    for tick in range(0, 1001, 200):
        canvas.write(44, floor - tick / 1000 * (floor - top) + 3, str(tick), canvas.styled(size=7.5), "right")
    fill = rng.choice(_FILLS)
    small = canvas.styled(size=min(canvas.style.size, step / max(len(name) for name in names) * 1.7))
    canvas.new_block()
    for i, (name, number) in enumerate(zip(names, numbers, strict=True)):
        middle, height = 56 + step * (i + 0.5), number / 1000 * (floor - top)
        canvas.shape(middle - step * 0.3, floor - height, middle + step * 0.3, floor, fill=fill)
        _bar(draft, name, number, canvas.write(middle, floor - height - 4, str(number), align="center"), axis)
    canvas.new_block()
    for i, name in enumerate(names):
        canvas.write(56 + step * (i + 0.5), floor + 14, name, small, "center")


def _lying(draft: Draft, names: list[str], numbers: list[int], axis: str) -> None:
    rng, canvas = draft.rng, draft.canvas
    left = 24 + max(canvas.width_of(name) for name in names)
    step = (canvas.height - 130) / len(names)
    fill = rng.choice(_FILLS)
    for i, (name, number) in enumerate(zip(names, numbers, strict=True)):
        y, length = 84 + step * i, number / 1000 * (canvas.width - left - 60)
        canvas.new_block()
        canvas.shape(left, y - 9, left + length, y + 4, fill=fill)
        canvas.write(left - 6, y, name, align="right")
        _bar(draft, name, number, canvas.write(left + length + 5, y, str(number)), axis)
