"""Hand-made pages for tests of the embedded reader: text set on a grid of fixed cells becomes words with boxes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.documents.types import DocumentId, PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size
from engine.readers.embedded import EmbeddedReader
from engine.readers.types import Answer, AnswerReady, Event, Request

CELL_WIDTH, LINE_HEIGHT, TEXT_HEIGHT, MARGIN = 6.0, 15.0, 11.4, 20.0
PAGES = Path(__file__).parent / "embedded_pages"


def page_of(text: str, index: int = 0, name: str = "page.pdf") -> PageWords:
    """A page with each character in a cell of its own; lines are as in `text`, widths as its longest line."""
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


class PageShelf:
    """A word source over pages in memory; `unknown` are indices of pages that are not known without reading."""

    def __init__(self, *pages: PageWords, unknown: frozenset[int] = frozenset()) -> None:
        self.pages = {page.page.index: page for page in pages}
        self.unknown = unknown
        self.read: list[int] = []

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:
        self.read.append(page.index)
        return self.pages[page.index]

    def known(self, page: PageRef) -> PageWords | None:
        return None if page.index in self.unknown else self.pages[page.index]


def events_of(question: str, *pages: PageWords, policy: str = "minicpm-v-16x") -> list[Event]:
    request = Request(1, question, tuple(page.page for page in pages), policy)
    return list(EmbeddedReader(PageShelf(*pages)).ask(request))


def answer_to(question: str, *pages: PageWords, policy: str = "minicpm-v-16x") -> Answer:
    last = events_of(question, *pages, policy=policy)[-1]
    assert isinstance(last, AnswerReady)
    return last.answer


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a page file and the answers that are right; none when the page does not say it."""

    question: str
    golds: tuple[str, ...]


def page_file(name: str) -> tuple[PageWords, list[Asked]]:
    """A page of `embedded_pages` and its questions: one a line after the rule, answers after `|`, variants by `||`."""
    text, _, questions = (PAGES / f"{name}.txt").read_text(encoding="utf-8").partition("\n-----\n")
    asked = []
    for line in questions.strip().split("\n"):
        question, _, answers = line.partition(" |")
        asked.append(Asked(question.strip(), tuple(a.strip() for a in answers.split("||") if a.strip())))
    return page_of(text, name=f"{name}.pdf"), asked
