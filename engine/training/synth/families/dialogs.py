"""Screenshots of programs: title bar, menus, tabs, labelled fields, drop-downs, check boxes, buttons, status line."""

from __future__ import annotations

import random

from engine.training.synth import values as v
from engine.training.synth import wordlists as words
from engine.training.synth.canvas import Canvas
from engine.training.synth.fields import ASKED, SETTINGS
from engine.training.synth.questions import Draft, Fact
from engine.training.synth.types import TextStyle

_MENUS = ("File", "Edit", "View", "Insert", "Format", "Tools", "Data", "Window", "Help", "Options")
_BUTTONS = (
    "OK",
    "Cancel",
    "Apply",
    "Help",
    "Close",
    "Browse...",
    "Save",
    "Reset",
    "Next >",
    "< Back",
    "Finish",
    "Print",
)
_TABS = (
    "General",
    "Advanced",
    "Security",
    "Network",
    "Display",
    "Sound",
    "Privacy",
    "Details",
    "Layout",
    "Paper",
    "Margins",
)


def dialog(rng: random.Random, loc: v.Locale, held: bool) -> Draft:
    """One dialog or program window, as a screenshot in pixels."""
    canvas = Canvas(
        rng.choice([480.0, 640.0, 800.0, 1024.0]),
        rng.choice([360.0, 480.0, 600.0, 720.0]),
        rng,
        TextStyle("helv", rng.uniform(11, 14)),
    )
    draft = Draft(canvas, rng, loc, held)
    y = _frame(draft)
    count = min(rng.randint(4, 14), int((canvas.height - y - 70) / 28))
    pairs = _pairs(draft, count)
    columns = 2 if canvas.width >= 800 and rng.random() < 0.5 else 1
    _fields(draft, pairs, y, columns)
    _buttons(draft)
    return draft


def _frame(draft: Draft) -> float:
    """Title bar, menus and tabs; the first baseline under them."""
    rng, canvas = draft.rng, draft.canvas
    title = rng.choice(
        [
            v.office_phrase(rng, 1, 2),
            f"{rng.choice(['Print', 'Save As', 'Properties', 'Settings', 'Export'])}",
            f"{v.coined(rng)} {rng.choice(['Studio', 'Office', 'Manager'])}",
        ]
    )
    canvas.shape(0, 0, canvas.width, 26, fill=rng.choice([(0.2, 0.4, 0.7), (0.9, 0.9, 0.9), (0.15, 0.15, 0.2)]))
    span = canvas.write(10, 18, title, canvas.styled(bold=True))
    canvas.write(canvas.width - 22, 18, "X")
    draft.say("window_title", title, span)
    y = 50.0
    for pool, chance in ((_MENUS, 0.5), (_TABS, 0.5)):
        if rng.random() < chance:
            x = 12.0
            canvas.new_block()
            for name in rng.sample(pool, rng.randint(3, 5)):
                canvas.write(x, y, name)
                x += canvas.width_of(name) + rng.uniform(14, 24)
            y += 28
    return y + 14


def _pairs(draft: Draft, count: int) -> list[tuple[str, str]]:
    rng = draft.rng
    pairs = [
        (label, rng.choice(options))
        for label, options in rng.sample(sorted(SETTINGS.items()), min(count, int(count * 0.7) + 1))
    ]
    while len(pairs) < count:
        kind = rng.choice(["number", "date", "time", "code", "percent", "person", "email", "text"])
        label = v.office_phrase(rng, 1, 2)
        if label.lower() not in {known.lower() for known, _ in pairs}:
            pairs.append((label, v.typed(rng, kind, draft.loc)))
    rng.shuffle(pairs)
    return pairs


def _fields(draft: Draft, pairs: list[tuple[str, str]], y: float, columns: int) -> None:
    rng, canvas = draft.rng, draft.canvas
    above = rng.random() < 0.3
    mark = rng.choice([":", ":", ""])
    offset = rng.uniform(110, 170)
    step = (canvas.width - 32) / columns
    for number, (label, text) in enumerate(pairs):
        column, row = number % columns, number // columns
        x, line = 16 + column * step, y + row * (44 if above else 28)
        if line > canvas.height - 66:
            break
        canvas.new_block()
        canvas.write(x, line, label + mark)
        start = (x + 4, line + 18) if above else (x + max(offset, canvas.width_of(label) + 20), line)
        span = canvas.write(*start, text)
        boxed = rng.random() < 0.7
        if boxed:
            canvas.shape(
                start[0] - 4,
                start[1] - 14,
                start[0] + max(120, canvas.width_of(text) + 24),
                start[1] + 5,
                stroke=(0.5, 0.5, 0.5),
            )
        if boxed and rng.random() < 0.15:
            canvas.write(start[0] + canvas.width_of(text) + 10, start[1], "v")
        asks = ASKED["setting"].questions(held=draft.held, label=rng.choice([label, label.lower()]))
        draft.facts.append(Fact(f"setting:{label}", (text,), span, label, "label", "text", asks))
    printed = canvas.all_text().lower()
    missing = [label for label in SETTINGS if not any(word in printed for word in label.lower().split())]
    for label in rng.sample(missing, min(2, len(missing))):
        draft.absent.append((rng.choice(ASKED["setting"].questions(held=draft.held, label=label)), "text"))


def _buttons(draft: Draft) -> None:
    rng, canvas = draft.rng, draft.canvas
    x, y = canvas.width - 16, canvas.height - 38
    canvas.new_block()
    for name in rng.sample(_BUTTONS, rng.randint(2, 4)):
        width = canvas.width_of(name) + 30
        canvas.shape(x - width, y - 16, x, y + 8, stroke=(0.4, 0.4, 0.4), fill=(0.92, 0.92, 0.92))
        canvas.write(x - width / 2, y, name, align="center")
        x -= width + 10
    if rng.random() < 0.4:
        status = f"{rng.choice(words.OFFICE_WORDS).capitalize()} {rng.randint(1, 99)} of {rng.randint(100, 400)}"
        canvas.write(8, canvas.height - 8, status, canvas.styled(size=10))
