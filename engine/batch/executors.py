"""How the tasks of a run are carried out: here one after the other, or document by document on a cluster.

An executor only makes rows; the run that owns the journal writes them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import logging
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, Protocol

from engine.batch.control import RunControl
from engine.batch.scope import scope_pages
from engine.batch.table import Row, row_from_answer, row_from_error
from engine.batch.tasks import Task
from engine.documents.types import DocumentInfo, PageRef
from engine.errors import CancelledError, ErrorInfo, TesseraError, UsageError, internal_error
from engine.readers.names import EMBEDDED_NAME, is_cascade
from engine.readers.types import MODEL_PAGES, QUESTIONS_AT_ONCE, Answer

_POLL_S = 0.1
_CONNECT_S = 10

logger = logging.getLogger(__name__)


class Asker(Protocol):
    """What answers the questions of a run. Each call may raise TesseraError, which becomes the row's error, so
    whatever is worth a second try is tried again by the asker; CancelledError ends the run."""

    def open(self, path: str) -> DocumentInfo:
        """Opens the document at `path`."""

    def ask(self, document: DocumentInfo, question: str, pages: tuple[PageRef, ...], task: Task) -> Answer:
        """Answers `question` from `pages`, under `task.setting.policy` by `task.setting.reader`."""

    def ask_many(
        self, document: DocumentInfo, pages: tuple[PageRef, ...], tasks: Sequence[Task]
    ) -> Iterator[tuple[Task, Answer | ErrorInfo]]:
        """Asks a model the questions of `tasks`, which share their setting, about the same pages; yields each answer,
        or the error of that question alone, as it is made. An exception is none of a question's: those that have no
        answer yet are then asked one by one. Called where `asked_together` says so."""

    def close(self, document: DocumentInfo) -> None:
        """Lets go of a document all of whose questions were asked."""


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks still to do on one document. `sha256` of its bytes is empty where it could not be read."""

    path: str
    sha256: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """A row that was made. `protected`: its document needed a password."""

    task: Task
    row: Row
    protected: bool = False


class Executor(Protocol):
    def execute(self, groups: Iterable[Group], control: RunControl) -> Iterator[Done]:
        """One Done per task, as they are made. Takes groups lazily; raises CancelledError once cancelled."""


class LocalExecutor:
    """One question after the other, each document opened once for all of its; of a model, some at a time."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def execute(self, groups: Iterable[Group], control: RunControl) -> Iterator[Done]:
        for group in groups:
            control.checkpoint()
            yield from answer_group(self._asker, group, control)


class ClusterExecutor:
    """The questions of each document are one task of a dask cluster; dask sends them elsewhere when a machine dies.

    `make_asker` is a module-level function or a partial of one: it is sent by name and called once per worker
    process. Documents are opened by their paths, so all machines must see the folder. Raises UsageError where dask
    is missing or nobody answers at `address` (such as `tcp://host:8786`).
    """

    def __init__(self, address: str, make_asker: Callable[[], Asker], in_flight: int = 64) -> None:
        self._distributed = _load_distributed()
        self._address = address
        self._make_asker = pickle.dumps(make_asker)
        self._in_flight = in_flight

    def execute(self, groups: Iterable[Group], control: RunControl) -> Iterator[Done]:
        running: dict[Any, Group] = {}
        with self._connect() as client:
            try:
                for group in groups:
                    control.checkpoint()
                    running[client.submit(_answer_on_worker, self._make_asker, group, pure=False)] = group
                    while len(running) >= self._in_flight:
                        yield from self._collect(running, control)
                while running:
                    yield from self._collect(running, control)
            finally:
                client.cancel(list(running))

    def _connect(self) -> Any:
        try:
            return self._distributed.Client(self._address, timeout=_CONNECT_S)
        except (OSError, ValueError) as error:
            raise UsageError(f"No cluster answers at {self._address}.", "Check the scheduler's address.") from error

    def _collect(self, running: dict[Any, Group], control: RunControl) -> Iterator[Done]:
        """The rows of the documents that are done; returns after `_POLL_S` so that a cancel is seen."""
        control.checkpoint()
        try:
            self._distributed.wait(list(running), timeout=_POLL_S, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return
        for future in [each for each in running if each.done()]:
            group = running.pop(future)
            error = future.exception()
            yield from future.result() if error is None else _failed(group, error)


def answer_group(asker: Asker, group: Group, control: RunControl) -> Iterator[Done]:
    """One Done per task of `group`; whatever goes wrong with one becomes its row. Raises CancelledError.

    A pause lets questions that a model is asked together finish.
    """
    with contextlib.closing(_Session(asker, group)) as session:
        for tasks in asked_together(group.tasks):
            control.checkpoint()
            left = tasks
            if len(tasks) > 1:
                done: set[int] = set()
                for made in session.answer_many(tasks):
                    done.add(made.task.number)
                    yield made
                left = [task for task in tasks if task.number not in done]
            for task in left:
                control.checkpoint()
                yield session.answer(task)


def asked_together(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """`tasks` in their order, by what a model can be asked at once: questions in a row that share their setting,
    `QUESTIONS_AT_ONCE` at most. Questions to other readers stand alone."""

    def kind(task: Task) -> object:
        name = task.setting.reader.choice.name
        alone = task.error is not None or name == EMBEDDED_NAME or is_cascade(name)
        return task.number if alone else task.setting

    for _, alike in groupby(tasks, kind):
        while batch := list(islice(alike, QUESTIONS_AT_ONCE)):
            yield batch


class _Session:
    """One document while its questions are asked. Opened at the first question; a failure to open is kept."""

    def __init__(self, asker: Asker, group: Group) -> None:
        self._asker = asker
        self._group = group
        self._document: DocumentInfo | None = None
        self._failure: ErrorInfo | None = None

    def answer(self, task: Task) -> Done:
        known = task.error or self._failure
        if known is not None:
            return self._failed(task, known)
        try:
            return self._ask(task)
        except CancelledError:
            raise
        except TesseraError as error:
            return self._failed(task, error.info)
        except Exception as error:  # the border of a task: a bug costs its row, not the run
            logger.exception("a question of a run failed")
            return self._failed(task, internal_error(error))

    def answer_many(self, tasks: Sequence[Task]) -> Iterator[Done]:
        """The rows of as many of `tasks` as can be answered together: none where they are about more pages than a
        model is asked about, or where the document does not open. Raises CancelledError."""
        try:
            document, pages = self._pages(tasks[0])
            if len(pages) > MODEL_PAGES:
                return
            seen: set[int] = set()
            for task, outcome in self._asker.ask_many(document, pages, tasks):
                # A worker that died has begun anew, and tells again what it told.
                if task.number not in seen:
                    seen.add(task.number)
                    yield self._done(task, document, outcome)
        except CancelledError:
            raise
        except TesseraError as error:
            logger.warning("questions are asked one by one: %s", error)
        except Exception:  # the border of tasks: a bug costs their being asked together, not the run
            logger.exception("questions could not be asked together")

    def close(self) -> None:
        document, self._document = self._document, None
        if document is not None:
            try:
                self._asker.close(document)
            except TesseraError as error:
                logger.warning("%s was not closed: %s", self._group.path, error)

    def _ask(self, task: Task) -> Done:
        document, pages = self._pages(task)
        return self._done(task, document, self._asker.ask(document, task.question, pages, task))

    def _pages(self, task: Task) -> tuple[DocumentInfo, tuple[PageRef, ...]]:
        """The document, opened where it is not yet, and the pages that `task` is about."""
        if self._document is None:
            self._document = self._open()
        document = self._document
        numbers = scope_pages(task.setting.scope, len(document.pages), clip=True)
        return document, tuple(document.pages[number] for number in numbers)

    def _done(self, task: Task, document: DocumentInfo, outcome: Answer | ErrorInfo) -> Done:
        if isinstance(outcome, ErrorInfo):
            return self._failed(task, outcome)
        return Done(task, row_from_answer(task, document.id.sha256, outcome), document.protected)

    def _open(self) -> DocumentInfo:
        try:
            return self._asker.open(self._group.path)
        except CancelledError:
            raise
        except TesseraError as error:
            self._failure = error.info
            raise

    def _failed(self, task: Task, error: ErrorInfo) -> Done:
        protected = self._document is not None and self._document.protected
        sha256 = self._group.sha256 if self._document is None else self._document.id.sha256
        return Done(task, row_from_error(task, sha256, error), protected)


@functools.lru_cache(maxsize=1)
def _worker_asker(pickled: bytes) -> Asker:
    """The asker of this worker process. Kept by its bytes: each task brings an equal recipe, never the same one.
    They come from the owner of the run, whom dask lets run anything here already."""
    asker: Asker = pickle.loads(pickled)()
    return asker


def _answer_on_worker(make_asker: bytes, group: Group) -> list[Done]:
    return list(answer_group(_worker_asker(make_asker), group, RunControl()))


def _failed(group: Group, error: BaseException) -> Iterator[Done]:
    info = error.info if isinstance(error, TesseraError) else internal_error(error)
    logger.error("%s failed on the cluster", group.path, exc_info=error)
    for task in group.tasks:
        yield Done(task, row_from_error(task, group.sha256, info))


def _load_distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError:
        hint = "Install it with: pip install 'tessera-reader[cluster]'"
        raise UsageError("Runs on a cluster need dask, which is not installed.", hint) from None
