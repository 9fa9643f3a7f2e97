"""What tests of the embedded reader share: hand-made pages in memory and asking about them."""

from __future__ import annotations

from pathlib import Path

from engine.documents.types import PageRef, PageWords
from engine.readers.embedded import EmbeddedReader
from engine.readers.types import Answer, AnswerReady, Event, Request
from engine.training.grid_pages import Asked, page_of, read_page

__all__ = ["PAGES", "PageShelf", "answer_to", "events_of", "page_file", "page_of"]

PAGES = Path(__file__).parent / "embedded_pages"


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


def page_file(name: str) -> tuple[PageWords, list[Asked]]:
    """A page of `embedded_pages` and its questions."""
    return read_page(PAGES / f"{name}.txt")
