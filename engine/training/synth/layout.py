"""Ways to set a label and its value beside each other, and tables of rows and columns."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from engine.training.synth.canvas import Align, Canvas, Span
from engine.training.synth.types import TextStyle

Relation = Literal["inline", "column", "right-aligned", "below", "above", "glued"]


@dataclass(frozen=True, slots=True)
class PairStyle:
    """How a document sets its pairs: relation, what follows the label, where values start, and both styles."""

    relation: Relation
    suffix: str
    offset: float
    label: TextStyle
    value: TextStyle

    @property
    def height(self) -> float:
        lines = 3.0 if self.relation in ("below", "above") else 1.45
        return lines * max(self.label.size, self.value.size)


def draw_pair_style(rng: random.Random, canvas: Canvas, relations: tuple[Relation, ...], offset: float) -> PairStyle:
    relation = rng.choice(relations)
    suffix = (
        rng.choice([":", ":", ":", " :", "", "."]) if relation in ("inline", "glued") else rng.choice([":", "", ""])
    )
    label = canvas.styled(bold=rng.random() < 0.4, size=canvas.style.size * rng.choice([1, 1, 0.85]))
    value = canvas.styled(bold=not label.bold and rng.random() < 0.2)
    return PairStyle(relation, suffix if relation != "glued" else ":", offset, label, value)


def write_pair(canvas: Canvas, at: tuple[float, float], label: str, value: str, style: PairStyle) -> Span:
    """A label and its value from `at` (left, first baseline); the value's span."""
    x, y = at
    shown = label if label.endswith(tuple(":.")) and style.suffix != " :" else label + style.suffix
    step = 1.25 * max(style.label.size, style.value.size)
    match style.relation:
        case "inline":
            canvas.write(x, y, shown, style.label)
            gap = canvas.width_of(shown + "  ", style.label)
            return canvas.write(x + gap, y, value, style.value)
        case "glued":
            lead = label.rstrip(":") + ":"
            span = canvas.write(x, y, f"{lead} {value}", style.value)
            return Span(span.page, span.words[len(lead.split()) :])
        case "column":
            canvas.write(x, y, shown, style.label)
            start = max(style.offset, canvas.width_of(shown + " ", style.label))
            return canvas.write(x + start, y, value, style.value)
        case "right-aligned":
            canvas.write(x, y, shown, style.label)
            return canvas.write(x + style.offset, y, value, style.value, "right")
        case "below":
            canvas.write(x, y, shown, style.label)
            return canvas.write(x, y + step, value, style.value)
        case "above":
            span = canvas.write(x, y, value, style.value)
            canvas.write(x, y + step, label, style.label)
            return span


@dataclass(frozen=True, slots=True)
class Column:
    """A table column: left edge, right edge and alignment of its cells."""

    left: float
    right: float
    align: Align = "left"

    @property
    def anchor(self) -> float:
        return {"left": self.left, "right": self.right, "center": (self.left + self.right) / 2}[self.align]


def even_columns(left: float, right: float, first_share: float, count: int, align: Align = "right") -> list[Column]:
    """A wide first column and `count` equal ones."""
    split = left + (right - left) * first_share
    step = (right - split) / max(count, 1)
    rest = [Column(split + i * step + 4, split + (i + 1) * step, align) for i in range(count)]
    return [Column(left, split - 4), *rest]


def write_row(canvas: Canvas, y: float, cells: list[str], columns: list[Column], style: TextStyle) -> list[Span]:
    """One row of cells on one baseline, each cut at a word to fit its column."""
    return [
        canvas.write(column.anchor, y, fit(canvas, cell, column.right - column.left, style), style, column.align)
        for cell, column in zip(cells, columns, strict=True)
    ]


def fit(canvas: Canvas, text: str, width: float, style: TextStyle) -> str:
    """`text` without the last words that do not fit; at least its first word."""
    words = text.split()
    while len(words) > 1 and canvas.width_of(" ".join(words), style) > width:
        words.pop()
    return " ".join(words)


def wrap(canvas: Canvas, text: str, width: float, style: TextStyle) -> list[str]:
    """`text` in lines no wider than `width` where words allow."""
    lines: list[str] = []
    for word in text.split():
        if lines and canvas.width_of(f"{lines[-1]} {word}", style) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines
