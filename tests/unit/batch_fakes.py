"""A fake asker and small builders for the tests of runs. Answers depend on document and question alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.batch.tasks import Setting, Task
from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, Word, WordSource
from engine.errors import ErrorInfo, FileMissingError, TesseraError, UsageError
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect, Size
from engine.readers.types import Answer, AnswerStatus


def make_task(number: int = 0, document: str = "/docs/a.pdf", question: str = "What is the total?") -> Task:
    return Task(number, document, str(number + 1), question, Setting())


def make_page(document: DocumentId, index: int = 0) -> PageRef:
    return PageRef(document, index, str(index + 1), 595.0, 842.0, Size(1240, 1754), native_dpi=150.0)


def make_document(path: str, sha256: str, pages: int = 2, *, protected: bool = False) -> DocumentInfo:
    identity = DocumentId(path, sha256)
    refs = tuple(make_page(identity, index) for index in range(pages))
    return DocumentInfo(identity, Path(path).name, DocumentKind.PDF, refs, protected=protected)


def make_answer(page: PageRef, text: str, status: AnswerStatus = AnswerStatus.ANSWERED) -> Answer:
    box = PageRect(10.004, 20.0, 60.126, 32.5)
    words = (Word(text, box, WordSource.TEXT), Word("Total", PageRect(1, 20, 9, 32), WordSource.OCR))
    left = Contribution(page.index, 0, 0, PageRect(0, 0, 297.5, 421), 0.2, 0.123456)
    right = Contribution(page.index, 0, 1, PageRect(297.5, 0, 595, 421), 0.9, 1.25)
    evidence = Evidence(page, box, words, 1, (left, right), 2.0, EvidenceMethod.HIDDEN_WORDS)
    return Answer(
        text=text,
        status=status,
        confidence=0.971234,
        calibrated=True,
        evidence=evidence,
        alternatives=(),
        plans=(),
        pages_read=(page.index,),
        pages_asked=(page.index,),
        reader="embedded",
        model="printed-words",
        revision="7",
        precision="fp32",
        device="CPU",
        pixels=page.native,
        seconds=0.12345,
    )


def answer_from_words(question: str, page: PageRef) -> Answer:
    """An answer whose text and status follow from the question and the document's bytes."""
    digest = hashlib.sha256(f"{question}|{page.document.sha256}".encode()).hexdigest()
    status = (AnswerStatus.ANSWERED, AnswerStatus.UNSURE, AnswerStatus.NOT_FOUND)[int(digest[0], 16) % 3]
    return replace(make_answer(page, f"={digest[:8]}"), status=status)


@dataclass
class FakeAsker:
    """Answers from `answer_from_words`. `failures` maps paths to the error of opening them, `before` runs before
    each answer and may raise (a UsageError is the question's own where some are asked together); `opened`, `asked`,
    `together` and `closed` are what happened."""

    failures: dict[str, TesseraError] = field(default_factory=dict)
    before: Callable[[str, str], None] | None = None
    protected: bool = False
    opened: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    pages: list[tuple[int, ...]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    together: list[list[int]] = field(default_factory=list)

    def open(self, path: str) -> DocumentInfo:
        self.opened.append(path)
        if path in self.failures:
            raise self.failures[path]
        if not Path(path).exists():
            raise FileMissingError(f"There is no file {path}.")
        digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return make_document(path, digest, protected=self.protected)

    def ask(self, document: DocumentInfo, question: str, pages: tuple[PageRef, ...], task: Task) -> Answer:
        if self.before is not None:
            self.before(document.id.path, question)
        self.asked.append((document.id.path, question))
        self.pages.append(tuple(page.index for page in pages))
        return answer_from_words(question, pages[0])

    def ask_many(
        self, document: DocumentInfo, pages: tuple[PageRef, ...], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Answer | ErrorInfo]]:
        self.together.append([task.number for task in tasks])
        for task in tasks:
            try:
                yield task, self.ask(document, task.question, pages, task)
            except UsageError as error:
                yield task, error.info

    def close(self, document: DocumentInfo) -> None:
        self.closed.append(document.id.path)
