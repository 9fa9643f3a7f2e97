"""A run from its first task to its CSV: skips what the journal holds, journals each row as it is made, exports.

The run owns the journal and is the only one that writes it; executors make the rows.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.batch.control import RunControl
from engine.batch.csv_file import CsvFormat, check_writable, write_csv
from engine.batch.executors import Done, Executor, Group
from engine.batch.journal import Journal
from engine.batch.table import Row
from engine.batch.tasks import Task
from engine.errors import CancelledError, OutputError, UsageError
from engine.readers.types import AnswerStatus

OnRow = Callable[[Task, Row, bool], None]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by status."""

    answered: int = 0
    unsure: int = 0
    not_found: int = 0
    error: int = 0

    @property
    def total(self) -> int:
        return self.answered + self.unsure + self.not_found + self.error


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: `counts` of the rows there are now, `resumed` of them from the journal, of `total` tasks.
    A cancelled run has fewer rows than tasks; running it again goes on where it stopped."""

    counts: Counts
    resumed: int
    total: int
    cancelled: bool


@dataclass(frozen=True, slots=True)
class RunOptions:
    """`on_row` hears of each row with its task, and whether it comes from the journal, in the thread of the run.

    Rows of an earlier start that say `error` are asked again unless `retry_errors` is off: a password may have been
    given since, a file mended.
    """

    on_row: OnRow | None = None
    control: RunControl = field(default_factory=RunControl)
    layout: CsvFormat = field(default_factory=CsvFormat)
    retry_errors: bool = True


class Run:
    """Questions × documents. `out` None leaves the export to the caller (`rows`)."""

    def __init__(
        self,
        tasks: Sequence[Task],
        executor: Executor,
        journal: Journal,
        out: Path | None,
        options: RunOptions | None = None,
    ) -> None:
        self._tasks = tasks
        self._executor = executor
        self._journal = journal
        self._out = out
        self._options = options or RunOptions()
        self._keys: dict[int, str] = {}
        self._statuses: Counter[AnswerStatus] = Counter()
        self._resumed = 0

    def execute(self) -> RunResult:
        """Carries out the tasks; blocks. The CSV is written when all are done and when the run is cancelled.

        Raises OutputError when journal or CSV cannot be written: rows already journalled are kept, and are in the
        CSV if that still can be written. UsageError when the output is one of the documents.
        """
        if self._out is not None:
            self._check_output(self._out)
        cancelled = False
        try:
            pending = self._pending()
        except CancelledError:
            return self._result(cancelled=True)
        try:
            for done in self._executor.execute(pending, self._options.control):
                self._keep(done)
        except CancelledError:
            cancelled = True
        except BaseException:
            # What ended the run is worth more to the caller than a second failure.
            with contextlib.suppress(OutputError):
                self._export()
            raise
        self._export()
        if not cancelled and self._out is not None:
            self._journal.forget_protected()
        return self._result(cancelled=cancelled)

    def rows(self) -> Iterator[Row]:
        """The rows there are, in input order, as the journal holds them. Once the CSV of a finished run is written,
        rows of protected documents are in it alone."""
        for task in self._tasks:
            key = self._keys.get(task.number)
            row = None if key is None else self._journal.find(key)
            if row is not None:
                yield row

    def _pending(self) -> Iterable[Group]:
        """The tasks left to do, by document. With a journal from before, all its rows are reported first: a run
        cancelled again must not lose from its CSV what it had."""
        by_document: dict[str, list[Task]] = {}
        for task in self._tasks:
            by_document.setdefault(task.document, []).append(task)
        if self._journal.is_empty():
            return (Group(path, sha256_of_file(path), tuple(tasks)) for path, tasks in by_document.items())
        groups: list[Group] = []
        for path, tasks in by_document.items():
            self._options.control.checkpoint()
            sha256 = sha256_of_file(path)
            left = tuple(task for task in tasks if not self._resume(task, task.key(sha256)))
            if left:
                groups.append(Group(path, sha256, left))
        return groups

    def _resume(self, task: Task, key: str) -> bool:
        row = self._journal.find(key)
        if row is None or (row.status is AnswerStatus.ERROR and self._options.retry_errors):
            return False
        self._resumed += 1
        self._count(task, key, row, resumed=True)
        return True

    def _keep(self, done: Done) -> None:
        key = done.task.key(done.row.sha256)
        self._journal.record(key, done.row, protected=done.protected)
        self._count(done.task, key, done.row, resumed=False)

    def _count(self, task: Task, key: str, row: Row, *, resumed: bool) -> None:
        self._keys[task.number] = key
        self._statuses[row.status] += 1
        if self._options.on_row is not None:
            self._options.on_row(task, row, resumed)

    def _check_output(self, out: Path) -> None:
        target = os.path.realpath(out)
        if any(os.path.realpath(task.document) == target for task in self._tasks):
            raise UsageError(f"{out} is one of the documents and would be overwritten.", "Choose another output.")
        check_writable(out)

    def _export(self) -> None:
        if self._out is not None and (self._keys or not self._tasks):
            write_csv(self._out, self.rows(), self._options.layout)

    def _result(self, *, cancelled: bool) -> RunResult:
        counts = Counts(**{status.value: self._statuses[status] for status in AnswerStatus})
        return RunResult(counts, self._resumed, len(self._tasks), cancelled)


def sha256_of_file(path: str) -> str:
    """The sha256 of a file's bytes in hex; empty where it cannot be read, which opening it will explain."""
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
