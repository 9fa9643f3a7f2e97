"""Hand-made pages: text set on a grid of fixed cells becomes words with boxes, with questions and their answers below.

A page file holds the page as text, a line `-----`, then one question a line: `question | answer || other wording`;
a question without answers is one that the page does not answer.
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
    """A question of a page file and the answers that are right; none when the page does not say it."""

    question: str
    golds: tuple[str, ...]


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


def read_page(path: Path) -> tuple[PageWords, list[Asked]]:
    """The page of a page file and its questions."""
    text, _, questions = path.read_text(encoding="utf-8").partition(_RULE)
    asked = []
    for line in questions.strip().split("\n"):
        question, _, answers = line.partition(" |")
        asked.append(Asked(question.strip(), tuple(a.strip() for a in answers.split("||") if a.strip())))
    return page_of(text, name=f"{path.stem}.pdf"), asked
