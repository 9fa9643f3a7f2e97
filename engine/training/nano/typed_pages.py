"""Hand-made pages set as documents are: the grid of their text becomes words of a face, a size and a spacing."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from engine.errors import FileMissingError
from engine.training.grid_pages import Asked, read_page
from engine.training.synth.canvas import Canvas, Span
from engine.training.synth.types import SyntheticDocument, SyntheticQuestion, TextStyle

FOLDER = Path(__file__).parents[3] / "tests" / "unit" / "embedded_pages"
_CELL = re.compile(r"\S+(?: \S+)*")
_MARKS = ".,;:!?()[]\"'“”„«»"
_FONTS = ("helv", "helv", "tiro", "cour")
_MARGIN = 30.0


@dataclass(frozen=True, slots=True)
class TypedPage:
    """A hand-made page: its lines of text and what is asked about it."""

    name: str
    lines: tuple[str, ...]
    asked: tuple[Asked, ...]


@dataclass(slots=True)
class _Cell:
    """Words that stand a blank apart: where they begin and end on the grid, and whether they stand flush right."""

    text: str
    first: int
    last: int
    right: bool = False


@cache
def typed_pages() -> tuple[TypedPage, ...]:
    """All hand-made pages but those that are for measuring. Raises FileMissingError where the source tree is not."""
    paths = sorted((*FOLDER.glob("*.txt"), *FOLDER.glob("paraphrased/*.txt")))
    if not paths:
        raise FileMissingError(f"{FOLDER} holds no pages to train on.", "Train Tessera-nano from its source tree.")
    pages = []
    for path in paths:
        text = path.read_text(encoding="utf-8").partition("\n-----\n")[0]
        pages.append(TypedPage(path.stem, tuple(text.strip("\n").split("\n")), tuple(read_page(path)[1])))
    return tuple(pages)


def typeset(page: TypedPage, rng: random.Random) -> SyntheticDocument:
    """The page in a face, size and spacing of its own, with the questions whose answers stand on one line once, or on
    the line that is said."""
    style = TextStyle(rng.choice(_FONTS), rng.uniform(7.5, 11.5))
    canvas = Canvas(4000, 6000, rng, style)
    lines = [_cells(line) for line in page.lines]
    _mark_right(lines)
    unit = max(style.size * rng.uniform(0.42, 0.62), _narrowest(canvas, lines))
    y, lead, blank = rng.uniform(24, 60), style.size * rng.uniform(1.2, 1.75), rng.uniform(0.5, 1.0)
    spans: list[list[Span]] = []
    for cells in lines:
        spans.append([_write(canvas, cell, y, unit) for cell in cells])
        canvas.new_block()
        y += lead if cells else blank * lead
    widest = max((cell.last for cells in lines for cell in cells), default=20)
    canvas.width, canvas.height = 2 * _MARGIN + widest * unit, y + 20
    questions = tuple(made for asked in page.asked for made in _questions(canvas, spans, asked))
    pages, art = canvas.finish(f"{page.name}.pdf")
    return SyntheticDocument(page.name, pages, questions, art)


def _cells(line: str) -> list[_Cell]:
    return [_Cell(found.group(), found.start(), found.end()) for found in _CELL.finditer(line)]


def _mark_right(lines: Sequence[Sequence[_Cell]]) -> None:
    """A cell that ends where a longer or shorter one near it ends, and begins where none does, stands flush right."""
    for number, cells in enumerate(lines):
        near = [cell for other in lines[max(number - 2, 0) : number + 3] for cell in other]
        for cell in cells:
            ends = any(other.last == cell.last and other.first != cell.first for other in near)
            begins = any(other.first == cell.first and other.last != cell.last for other in near)
            cell.right = ends and not begins and cell.first > 0


def _narrowest(canvas: Canvas, lines: Sequence[Sequence[_Cell]]) -> float:
    """The least width of a place of the grid at which no cell reaches the next one."""
    least = 0.0
    for cells in lines:
        for cell, after in pairwise(cells):
            room = (after.last if after.right else after.first) - cell.first
            wide = canvas.width_of(cell.text) + (canvas.width_of(after.text) if after.right else 0.0)
            if not cell.right:
                least = max(least, (wide + 0.9 * canvas.style.size) / room)
    return least


def _write(canvas: Canvas, cell: _Cell, y: float, unit: float) -> Span:
    if cell.right:
        return canvas.write(_MARGIN + cell.last * unit, y, cell.text, align="right")
    return canvas.write(_MARGIN + cell.first * unit, y, cell.text)


def _questions(canvas: Canvas, spans: Sequence[Sequence[Span]], asked: Asked) -> list[SyntheticQuestion]:
    """The question, if it has no answer, or one that stands in one place of the page."""
    if not asked.golds:
        return [SyntheticQuestion(asked.question, (), 0, None, "label", False)]
    lines = [line for number, line in enumerate(spans) if not asked.lines or number in asked.lines]
    for gold in asked.golds:
        found = [span for line in lines for span in _standing(canvas, line, gold)]
        if len(found) == 1:
            return [SyntheticQuestion(asked.question, (gold,), 0, canvas.box_of(found[0]), "label", True)]
    return []


def _standing(canvas: Canvas, line: Sequence[Span], gold: str) -> list[Span]:
    """The words of a line that spell `gold`, but for the marks around them."""
    words = [word for span in line for word in span.words]
    texts = [canvas.text_of(Span(0, (word,))) for word in words]
    wanted = gold.split()
    found = []
    for start in range(len(words) - len(wanted) + 1):
        said = " ".join(texts[start : start + len(wanted)])
        if said == gold or said.strip(_MARKS) == gold or said.strip(_MARKS) == gold.strip(_MARKS):
            found.append(Span(0, tuple(words[start : start + len(wanted)])))
    return found
