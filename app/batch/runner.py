"""Carries a run out in a thread of its own, over the window's service. No widget is touched here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Signal

from app.batch.setup import BatchSetup, save_setup, setup_path
from app.documents import DocumentStore
from app.service import Holds, LazyService, Listener, Service
from app.task import Step, steps_in_thread
from app.task import Task as WindowTask
from engine.batch.control import RunControl
from engine.batch.executors import Asker, LocalExecutor
from engine.batch.journal import Journal
from engine.batch.run import Run, RunOptions, RunResult
from engine.batch.service_asker import ServiceAsker
from engine.batch.table import Row
from engine.batch.tasks import Task, run_id
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import ErrorInfo
from engine.readers.types import Answer, Progress
from engine.service.supervisor import Supervisor

CLOSE_GRACE_S = 3.0
"""How long a closing window waits for a run to write its CSV; the journal is safe in any case."""


@dataclass(frozen=True, slots=True)
class Planned(Step):
    """The rows that there will be."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class RowMade(Step):
    """A row, new or (`resumed`) from the journal. `answer` is known for new ones only."""

    task: Task
    row: Row
    resumed: bool
    answer: Answer | None


MakeAsker = Callable[[RunControl, Callable[[Progress], None]], Asker]


class BatchRunner(QObject):
    """One run at a time."""

    planned = Signal(object)
    row_made = Signal(object)
    progressed = Signal(object)
    finished = Signal(object)
    """RunResult."""
    failed = Signal(object)
    """ErrorInfo."""

    def __init__(self, make_asker: MakeAsker, parent: QObject) -> None:
        super().__init__(parent)
        self._make_asker = make_asker
        self._control = RunControl()
        self._over = threading.Event()
        self._over.set()
        self._setup = BatchSetup()
        self.running = False

    @property
    def paused(self) -> bool:
        return self._control.paused()

    def start(self, setup: BatchSetup, *, fresh: bool = False) -> None:
        """Carry a run out, or go on with it; `fresh` asks everything again."""
        self._control = RunControl()
        self._setup = setup
        self._over.clear()
        self.running = True
        control = self._control
        task = WindowTask(self, steps_in_thread(lambda emit: self._run(setup, control, fresh, emit)))
        task.on_event(self._on_step).on_progress(self.progressed.emit)
        task.on_result(self._on_finished).on_error(self._on_failed).start()

    def pause(self, paused: bool) -> None:
        """The question at hand is finished first."""
        if paused:
            self._control.pause()
        else:
            self._control.resume()

    def cancel(self) -> None:
        """Stop; what was answered is in the CSV, and the run can be gone on with."""
        self._control.cancel()

    def close(self) -> None:
        """Stop and wait a moment: the window closes."""
        self.cancel()
        self._over.wait(CLOSE_GRACE_S)

    def _run(self, setup: BatchSetup, control: RunControl, fresh: bool, emit: Listener) -> RunResult:
        """In a thread of its own, as is everything that it calls."""
        try:
            tasks = setup.tasks()
            emit(Planned(tasks))
            save_setup(setup_path(), replace(setup, finished=False))
            out = Path(setup.out)
            with Journal(run_id(tasks, out)) as journal:
                if fresh:
                    journal.forget_all()
                asker = _AnswerKeeper(self._make_asker(control, emit))

                def on_row(task: Task, row: Row, resumed: bool) -> None:
                    emit(RowMade(task, row, resumed, asker.take(task)))

                options = RunOptions(on_row, control)
                result = Run(tasks, LocalExecutor(asker), journal, out, options).execute()
            save_setup(setup_path(), replace(setup, finished=not result.cancelled))
            return result
        finally:
            self._over.set()

    def _on_step(self, step: object) -> None:
        if isinstance(step, Planned):
            self.planned.emit(step.tasks)
        elif isinstance(step, RowMade):
            self.row_made.emit(step)

    def _on_finished(self, result: object) -> None:
        self.running = False
        self.finished.emit(result)

    def _on_failed(self, error: ErrorInfo) -> None:
        self.running = False
        self.failed.emit(error)


class _AnswerKeeper:
    """An asker that keeps each answer until its row is made: the row alone cannot show evidence on the page."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._answers: dict[int, Answer] = {}

    def open(self, path: str) -> DocumentInfo:
        return self._asker.open(path)

    def ask(self, document: DocumentInfo, question: str, pages: tuple[PageRef, ...], task: Task) -> Answer:
        answer = self._asker.ask(document, question, pages, task)
        self._answers[task.number] = answer
        return answer

    def ask_many(
        self, document: DocumentInfo, pages: tuple[PageRef, ...], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Answer | ErrorInfo]]:
        for task, outcome in self._asker.ask_many(document, pages, tasks):
            if isinstance(outcome, Answer):
                self._answers[task.number] = outcome
            yield task, outcome

    def close(self, document: DocumentInfo) -> None:
        self._asker.close(document)

    def take(self, task: Task) -> Answer | None:
        return self._answers.pop(task.number, None)


class WindowAsker(ServiceAsker):
    """Shares documents with the window: one that is open there is neither opened again nor closed."""

    def __init__(
        self,
        supervisor: Supervisor,
        control: RunControl,
        on_progress: Callable[[Progress], None],
        known: Callable[[str], DocumentInfo | None],
        holds: Holds,
    ) -> None:
        super().__init__(supervisor, control, None, on_progress)
        self._known = known
        self._holds = holds

    def open(self, path: str) -> DocumentInfo:
        self._holds.take(path)
        info = self._known(path)
        try:
            return info if info is not None else super().open(path)
        except BaseException:
            self._holds.release(path)
            raise

    def close(self, document: DocumentInfo) -> None:
        if self._holds.release(document.id.path):
            super().close(document)


def window_asker(service: Service, store: DocumentStore) -> MakeAsker:
    """Askers over the window's own service."""

    def make(control: RunControl, on_progress: Callable[[Progress], None]) -> Asker:
        made = service.made() if isinstance(service, LazyService) else service
        # A run needs more of the supervisor than the window's protocol names; outside tests it is one.
        supervisor = cast("Supervisor", made)
        return WindowAsker(supervisor, control, on_progress, store.document, store.holds)

    return make
