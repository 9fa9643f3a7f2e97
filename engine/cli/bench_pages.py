"""The documents of a bench: opened through the window's own workers, their pages fetched when a reading needs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path

from engine.batch.documents import Source
from engine.bench.pages import BenchPage, page_in_pixels
from engine.bench.seam_questions import KnownQuestion
from engine.bench.seam_test import SeamQuestion
from engine.cli.console import print_notice
from engine.cli.desk import Desk, open_document
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import FileMissingError, TesseraError, UsageError
from engine.geometry import PageRect
from engine.service.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page of a document and what is asked of it."""

    page: BenchPage
    questions: tuple[SeamQuestion, ...] = ()


def document_pages(
    supervisor: Supervisor, sources: Sequence[Source], asked: Sequence[KnownQuestion]
) -> Iterator[AskedPage]:
    """Every page of every document but those that are `asked` about. What does not open is told of and left out."""
    known = {(str(each.file.absolute()), each.page) for each in asked}
    for source in sources:
        try:
            if source.error is not None:
                raise FileMissingError(source.error.message)
            document = open_document(supervisor, source.path, None)
        except TesseraError as error:
            print_notice(f"{Path(source.path).name} is left out: {error.info}")
            continue
        for page in document.pages:
            if (source.path, page.index) not in known:
                yield AskedPage(_bench_page(supervisor, document, page))


def question_pages(supervisor: Supervisor, questions: Sequence[KnownQuestion]) -> Iterator[AskedPage]:
    """The pages that `questions` are about, each once. Raises what opening a document raises, and UsageError for a
    page that it does not have."""
    ordered = sorted(questions, key=lambda each: (str(each.file), each.page))
    for file, of_file in groupby(ordered, key=lambda each: each.file):
        document = open_document(supervisor, str(file), None)
        for number, asked in groupby(of_file, key=lambda each: each.page):
            if number >= len(document.pages):
                raise UsageError(
                    f"{file.name} has {len(document.pages)} pages, and a question is about page {number} (from 0)."
                )
            page = document.pages[number]
            yield AskedPage(_bench_page(supervisor, document, page), tuple(_question(each, page) for each in asked))


def _bench_page(supervisor: Supervisor, document: DocumentInfo, page: PageRef) -> BenchPage:
    pixels = partial(Desk(supervisor, document).image, page)
    return BenchPage(page_in_pixels(page), pixels, keep=not document.protected)


def _question(each: KnownQuestion, page: PageRef) -> SeamQuestion:
    boxes = [page.to_px(box) for box in each.boxes]
    return SeamQuestion(
        each.question, each.answers, tuple(PageRect(box.x, box.y, box.right, box.bottom) for box in boxes)
    )
