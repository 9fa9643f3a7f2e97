"""Hand-made pages: text set on a grid of fixed cells becomes words with boxes, with questions and their answers below.

A page file holds the page as text, a line `-----`, then one question a line: `question | answer || other wording`;
a question without answers is one that the page does not answer. Where an answer's text stands on several lines and
not each is right, words of the right ones follow: `What is the total? | 12.50 @ TOTAL`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.documents.types import DocumentId, PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size

CELL_WIDTH, LINE_HEIGHT, TEXT_HEIGHT, MARGIN = 6.0, 15.0, 11.4, 20.0
"""Page units: the width of a character, the distance of lines, the height of word boxes, the empty border."""

_RULE = "\n-----\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a page file and the answers that are right; none when the page does not say it. `lines` are the
    numbers of the text's lines that the answer must touch; none when any will do."""

    question: str
    golds: tuple[str, ...]
    lines: tuple[int, ...] = ()


def page_of(text: str, index: int = 0, name: str = "page.pdf") -> PageWords:
    """A page with each character in a cell of its own; as wide and high as its text needs."""
    words = []
    for line, content in enumerate(text.strip("\n").split("\n")):
        top = MARGIN + line * LINE_HEIGHT
        for found in re.finditer(r"\S+", content):
            left, right = MARGIN + found.start() * CELL_WIDTH, MARGIN + found.end() * CELL_WIDTH
            box = PageRect(left, top, right, top + TEXT_HEIGHT)
            words.append(Word(found.group(), box, WordSource.TEXT, 1.0, line))
    width = max((word.box.x1 for word in words), default=200.0) + MARGIN
    height = max((word.box.y1 for word in words), default=200.0) + MARGIN
    native = Size(round(2 * width), round(2 * height))
    return PageWords(PageRef(DocumentId(name, "0" * 64), index, str(index + 1), width, height, native), tuple(words))


def line_at(y: float) -> int:
    """The number of the typed line whose words have their middle at or near `y` page units, also after OCR's noise."""
    return round((y - MARGIN - TEXT_HEIGHT / 2) / LINE_HEIGHT)


def read_page(path: Path) -> tuple[PageWords, list[Asked]]:
    """The page of a page file and its questions. A ValueError names a question whose line is not on the page."""
    text, _, questions = path.read_text(encoding="utf-8").partition(_RULE)
    lines = [" ".join(line.split()) for line in text.strip("\n").split("\n")]
    asked = [_asked(line, lines, path) for line in questions.strip().split("\n")]
    return page_of(text, name=f"{path.stem}.pdf"), asked


def _asked(line: str, page: list[str], path: Path) -> Asked:
    question, _, rest = line.partition(" |")
    answers, _, words = rest.partition(" @ ")
    on = tuple(number for number, text in enumerate(page) if words.strip() in text) if words.strip() else ()
    if words.strip() and not on:
        raise ValueError(f"{path}: no line of the page holds the words after the @ of: {line}")
    return Asked(question.strip(), tuple(a.strip() for a in answers.split("||") if a.strip()), on)
