"""The asker of window and command line: questions of a run go through the supervisor's workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from engine.batch.control import RunControl
from engine.batch.tasks import Task
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import ErrorInfo
from engine.readers.types import Answer, AnswerReady, PageRead, Progress, QuestionAnswered
from engine.service.messages import DocumentOpened
from engine.service.pending import Pending
from engine.service.supervisor import Supervisor

POLL_S = 0.1


class ServiceAsker:
    """An `Asker` over a supervisor. `password` opens protected files; `on_progress` hears of pages being read.

    A page found on its side keeps that orientation for the later questions on the same document.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        control: RunControl,
        password: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._supervisor = supervisor
        self._control = control
        self._password = password
        self._on_progress = on_progress
        self._turned: dict[int, PageRef] = {}

    def open(self, path: str) -> DocumentInfo:
        self._turned.clear()
        opened = self._wait(self._supervisor.open(path, self._password))
        if not isinstance(opened, DocumentOpened):
            raise TypeError(f"opening ended with {type(opened).__name__}")
        return opened.document

    def ask(self, document: DocumentInfo, question: str, pages: tuple[PageRef, ...], task: Task) -> Answer:  # noqa: ARG002 - the protocol's
        known = tuple(self._turned.get(page.index, page) for page in pages)
        setting = task.setting
        ready = self._wait(self._supervisor.ask(question, known, policy=setting.policy, reader=setting.reader.choice))
        if not isinstance(ready, AnswerReady):
            raise TypeError(f"asking ended with {type(ready).__name__}")
        return ready.answer

    def ask_many(
        self,
        document: DocumentInfo,  # noqa: ARG002 - the protocol's
        pages: tuple[PageRef, ...],
        tasks: Sequence[Task],
    ) -> Iterator[tuple[Task, Answer | ErrorInfo]]:
        known = tuple(self._turned.get(page.index, page) for page in pages)
        setting = tasks[0].setting
        questions = tuple(task.question for task in tasks)
        pending = self._supervisor.ask_many(questions, known, policy=setting.policy, reader=setting.reader.choice)
        try:
            for event in self._events(pending):
                if isinstance(event, QuestionAnswered):
                    outcome = event.answer or event.error
                    if outcome is not None:
                        yield tasks[event.number], outcome
        finally:
            # Does nothing to a request that is over; nobody takes the answers of one that is not.
            pending.cancel()

    def close(self, document: DocumentInfo) -> None:
        self._supervisor.forget(document.id.path)

    def _wait(self, pending: Pending) -> object:
        """The final event of `pending`, which is cancelled when the run is. Raises TesseraError."""
        for _ in self._events(pending):
            pass
        return pending.result()

    def _events(self, pending: Pending) -> Iterator[object]:
        """The events of `pending`, which is cancelled when the run is. Raises TesseraError where the last is Failed."""
        over = False
        while not over:
            try:
                for event in pending.events(POLL_S):
                    self._give_up_if_cancelled(pending)
                    self._on_event(event)
                    yield event
                over = True
            except TimeoutError:
                self._give_up_if_cancelled(pending)
        pending.result()

    def _give_up_if_cancelled(self, pending: Pending) -> None:
        if self._control.cancelled():
            pending.cancel()

    def _on_event(self, event: object) -> None:
        if isinstance(event, Progress) and self._on_progress is not None:
            self._on_progress(event)
        elif isinstance(event, PageRead) and event.words.page.orientation:
            self._turned[event.words.page.index] = event.words.page
