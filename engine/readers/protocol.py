"""The Reader protocol: the whole contract between the reading worker and anything that answers questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.documents.types import PageRef, PageText, PageWords
from engine.geometry import Size
from engine.readers.types import Event, Request


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page's RGB pixels at native resolution, righted: `data` holds size.height rows of size.width RGB triples."""

    page: PageRef
    size: Size
    data: memoryview


class PageSource(Protocol):
    """Where a reader gets pages from. In the reading worker each call is brokered to the render worker."""

    def text(self, page: PageRef) -> PageText:
        """The text layer of `page`. Raises TesseraError."""

    def image(self, page: PageRef) -> PageImage:
        """The pixels of `page` at native resolution, in `page.orientation`. Raises TesseraError."""

    def cancelled(self) -> bool:
        """True once the running request is superseded; long loops check it and raise CancelledError."""


class WordSourceProtocol(Protocol):
    """Where a reader gets words from: text layer, OCR or their merge, cached."""

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:
        """The words of `page`, read now unless they are known. Raises TesseraError."""

    def known(self, page: PageRef) -> PageWords | None:
        """The words of `page` if they are known without reading, else None."""


class Reader(Protocol):
    """Anything that answers a question about page images."""

    def ask(self, request: Request) -> Iterator[Event]:
        """Progress and the like, then exactly one AnswerReady or Failed. Closing the iterator cancels."""


class ManyReader(Reader, Protocol):
    """A reader that answers several questions about the same pages faster than one by one."""

    def ask_many(self, request: Request, questions: Sequence[str]) -> Iterator[Event]:
        """Progress and the like and a QuestionAnswered for each question, then exactly one AllAnswered or Failed. The
        request's own question is not asked."""
