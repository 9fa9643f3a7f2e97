"""Questions asked in the window and what became of them. Owns the list of answers and the requests under way."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from app.contributions import Look, Shown, place_of, shown_of, worth_showing
from app.documents import DocumentStore
from app.service import Listener, PendingRequest, Service
from app.task import Task
from engine.documents.types import DocumentId, DocumentInfo, PageRef
from engine.errors import ErrorInfo
from engine.evidence.types import Contribution
from engine.readers.types import (
    EMBEDDED,
    Answer,
    AnswerReady,
    ContributionFound,
    PageRead,
    Preview,
    Progress,
    ReaderChoice,
    Token,
)


class Stage(StrEnum):
    """What became of a question so far."""

    WAITING = "waiting"
    PROVISIONAL = "provisional"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One question to one document. `pages` are the 0-based pages asked, `asked_s` the Unix time.

    `protected`: the document needed a password, so nothing of this record may reach the disk unless allowed.
    `found` are the contributions measured since the answer came; a final answer holds its own.
    """

    number: int
    question: str
    document: DocumentId
    document_name: str
    pages: tuple[int, ...]
    page_count: int
    policy: str
    asked_s: float
    protected: bool
    stage: Stage = Stage.WAITING
    answer: Answer | None = None
    error: ErrorInfo | None = None
    reader: ReaderChoice = EMBEDDED
    found: tuple[Contribution, ...] = ()

    @property
    def under_way(self) -> bool:
        return self.stage in (Stage.WAITING, Stage.PROVISIONAL)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """The slices of the answer as far as they are known."""
        evidence = self.answer.evidence if self.answer is not None else None
        return shown_of(evidence, self.found) if evidence is not None else ()

    def came_from(self, path: str, page: int, row: int | None, col: int | None) -> bool:
        """Whether the slice contributed to the answer."""
        if self.document.path != path:
            return False
        measured = [each for each in self.shown if each.look is not Look.PREVIEW]
        return any(each.place == (page, row, col) for each in worth_showing(measured))


@dataclass(frozen=True, slots=True)
class Manner:
    """How a question is asked: the slicing policy, the reader, and how long it may take (None: as long as it does)."""

    policy: str
    reader: ReaderChoice = EMBEDDED
    budget_s: float | None = None


class AnswerBook(QObject):
    """All answers, newest last, and the questions being answered."""

    added = Signal(int)
    changed = Signal(int)
    removed = Signal(int)
    progressed = Signal(int, object)
    """(number, Progress)."""
    written = Signal(int, str)
    """(number, piece): a model goes on writing its answer."""
    measured = Signal(int)
    """A contribution was added to a record."""
    finished = Signal(int)
    """The question has its final answer or error."""
    busy_changed = Signal(bool)

    def __init__(self, store: DocumentStore, service: Service, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._service = service
        self._records: dict[int, AnswerRecord] = {}
        self._tasks: dict[int, Task] = {}
        self._written: dict[int, str] = {}
        self._last = 0

    @property
    def records(self) -> tuple[AnswerRecord, ...]:
        return tuple(self._records.values())

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def record(self, number: int) -> AnswerRecord | None:
        return self._records.get(number)

    def written_of(self, number: int) -> str:
        """What a model has written of its answer so far, while it is writing."""
        return self._written.get(number, "")

    def ask(self, question: str, document: DocumentInfo, pages: tuple[PageRef, ...], manner: Manner) -> int:
        """Ask about pages of one document; the number of the new record."""
        self._last += 1
        number = self._last
        self._records[number] = AnswerRecord(
            number,
            question,
            document.id,
            document.name,
            tuple(page.index for page in pages),
            len(document.pages),
            manner.policy,
            time.time(),
            document.protected,
            reader=manner.reader,
        )
        task = Task(self, lambda listener: self._begin(question, pages, manner, listener))
        task.on_event(lambda event: self._on_event(number, event))
        task.on_progress(lambda progress: self._on_progress(number, progress))
        task.on_result(lambda event: self._on_answer(number, event))
        task.on_error(lambda error: self._on_failed(number, error))
        self._tasks[number] = task
        self.added.emit(number)
        self.busy_changed.emit(True)
        task.start()
        return number

    def _begin(self, question: str, pages: tuple[PageRef, ...], manner: Manner, listener: Listener) -> PendingRequest:
        return self._service.ask(
            question, pages, policy=manner.policy, reader=manner.reader, budget_s=manner.budget_s, listener=listener
        )

    def cancel(self) -> None:
        """Give up all questions under way; a provisional answer is kept as what it is."""
        tasks = dict(self._tasks)
        self._tasks.clear()
        self._written.clear()
        for number, task in tasks.items():
            task.cancel()
            self._put(replace(self._records[number], stage=Stage.CANCELLED))
            self.finished.emit(number)
        if tasks:
            self.busy_changed.emit(False)

    def ask_again(self, number: int, budget_s: float | None) -> int | None:
        """Ask a question once more that got no answer, in place of its record; None if its document is not open."""
        record = self._records.get(number)
        again = self.ask_another(number, record.reader, budget_s) if record is not None else None
        if again is not None:
            self.remove(number)
        return again

    def ask_another(self, number: int, reader: ReaderChoice, budget_s: float | None) -> int | None:
        """Put the question of a record to another reader too; None if its document is not open."""
        record = self._records.get(number)
        info = self._store.document(record.document.path) if record is not None else None
        if record is None or info is None or info.id != record.document:
            return None
        pages = tuple(info.pages[index] for index in record.pages)
        return self.ask(record.question, info, pages, Manner(record.policy, reader, budget_s))

    def restore(self, records: tuple[AnswerRecord, ...]) -> None:
        """Take over the records of the last session, numbered anew."""
        for record in records:
            self._last += 1
            self._records[self._last] = replace(record, number=self._last)
            self.added.emit(self._last)

    def remove(self, number: int) -> None:
        task = self._tasks.pop(number, None)
        self._written.pop(number, None)
        if task is not None:
            task.cancel()
            self.busy_changed.emit(self.busy)
        if self._records.pop(number, None) is not None:
            self.removed.emit(number)

    def _on_event(self, number: int, event: object) -> None:
        if isinstance(event, PageRead):
            self._store.take_words(event.words)
        elif isinstance(event, Token):
            self._written[number] = self._written.get(number, "") + event.text
            self.written.emit(number, event.text)
        elif isinstance(event, Preview):
            # What a model writes from here on is another answer: that of a later step.
            self._written.pop(number, None)
            self._put(replace(self._records[number], stage=Stage.PROVISIONAL, answer=event.answer, found=()))
        elif isinstance(event, ContributionFound):
            self._take_contribution(number, event.contribution)

    def _take_contribution(self, number: int, contribution: Contribution) -> None:
        record = self._records[number]
        others = tuple(each for each in record.found if place_of(each) != place_of(contribution))
        self._records[number] = replace(record, found=(*others, contribution))
        self.measured.emit(number)

    def _on_progress(self, number: int, progress: Progress) -> None:
        self.progressed.emit(number, progress)

    def _on_answer(self, number: int, event: object) -> None:
        assert isinstance(event, AnswerReady)
        if event.answer.error is not None:
            self._on_failed(number, event.answer.error)
        else:
            self._finish(replace(self._records[number], stage=Stage.DONE, answer=event.answer, found=()))

    def _on_failed(self, number: int, error: ErrorInfo) -> None:
        self._finish(replace(self._records[number], stage=Stage.FAILED, error=error))

    def _finish(self, record: AnswerRecord) -> None:
        self._tasks.pop(record.number, None)
        self._written.pop(record.number, None)
        self._put(record)
        self.finished.emit(record.number)
        self.busy_changed.emit(self.busy)

    def _put(self, record: AnswerRecord) -> None:
        self._records[record.number] = record
        self.changed.emit(record.number)
