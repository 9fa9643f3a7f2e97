"""`tessera batch`: questions x documents to CSV, resumable."""

from __future__ import annotations

import functools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click
from rich.progress import Progress as Bar
from rich.progress import TaskID

from engine.batch.control import RunControl
from engine.batch.csv_file import CsvFormat
from engine.batch.documents import find_documents
from engine.batch.executors import Asker, ClusterExecutor, Executor, LocalExecutor
from engine.batch.journal import Journal
from engine.batch.questions import read_questions
from engine.batch.run import Run, RunOptions, RunResult
from engine.batch.service_asker import ServiceAsker
from engine.batch.table import Row
from engine.batch.tasks import ReaderId, Setting, Task, plan_tasks, run_id
from engine.cli.console import errors, print_notice, progress_bar
from engine.cli.desk import running_supervisor
from engine.cli.options import (
    dpi_option,
    pages_option,
    password_option,
    policy_option,
    reader_options,
    service_options,
)
from engine.errors import ExitCode, UsageError
from engine.readers.revisions import reader_revision
from engine.readers.types import Progress, ReaderChoice
from engine.service.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class BatchOptions:
    out: Path
    password: str | None
    dpi: float
    layout: CsvFormat
    fresh: bool
    cluster: str | None


@click.command("batch")
@click.argument("documents", nargs=-1, required=True)
@click.option("--questions", required=True, type=click.Path(path_type=Path), help="CSV or TXT of questions.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="The CSV to write.")
@pages_option
@policy_option
@password_option
@dpi_option
@reader_options
@click.option("--delimiter", type=click.Choice([",", ";"]), default=",", show_default=True)
@click.option("--plain", is_flag=True, help="Leave out the byte order mark that Excel wants.")
@click.option("--fresh", is_flag=True, help="Ask everything again instead of going on with a stopped run.")
@click.option("--cluster", metavar="ADDRESS", help="Spread documents over a dask cluster, as in tcp://host:8786.")
def command(
    documents: tuple[str, ...],
    questions: Path,
    out: Path,
    pages: str,
    policy: str,
    password: str | None,
    dpi: float,
    reader: ReaderChoice,
    delimiter: str,
    plain: bool,
    fresh: bool,
    cluster: str | None,
) -> int:
    """Ask every question of every one of DOCUMENTS (files and folders) and write a CSV.

    A run that was stopped goes on where it was when the same command is given again. The table of questions has a
    column `question`, and may have `id` and `document`; a question with a document is asked of that one only.
    """
    if cluster is not None and password is not None:
        raise UsageError("A password is not sent to a cluster.", "Run protected documents without --cluster.")
    if out.exists() and questions.exists() and out.samefile(questions):
        raise UsageError(f"{out} is the table of questions itself.", "Choose another file for the answers.")
    # The resolution is part of what was read: rows of another one are not taken over.
    setting = Setting(pages, policy, ReaderId(reader, reader_revision(reader.name), f"{dpi:g} dpi"))
    tasks = plan_tasks(find_documents(documents), read_questions(questions), setting, questions.absolute().parent)
    options = BatchOptions(out, password, dpi, CsvFormat(delimiter, bom=not plain), fresh, cluster)
    return _run(tasks, options)


def make_cluster_asker(dpi: float) -> Asker:
    """Called once per process of a cluster; its supervisor lives as long as that process."""
    return ServiceAsker(Supervisor(options=service_options(dpi)), RunControl())


def _run(tasks: tuple[Task, ...], options: BatchOptions) -> int:
    control = RunControl()
    with Journal(run_id(tasks, options.out)) as journal, _interruptible(control), progress_bar() as bar:
        if options.fresh:
            journal.forget_all()
        line = bar.add_task("Starting", total=len(tasks))

        def on_row(task: Task, row: Row, resumed: bool) -> None:  # noqa: ARG001 - the protocol's
            bar.update(line, advance=1, description=Path(task.document).name)

        run_options = RunOptions(on_row, control, options.layout)
        with _executor(options, control, bar, line) as executor:
            result = Run(tasks, executor, journal, options.out, run_options).execute()
    _print_result(result, options.out)
    if result.cancelled:
        return ExitCode.CANCELLED
    return ExitCode.SOME_FAILED if result.counts.error else ExitCode.OK


@contextmanager
def _executor(options: BatchOptions, control: RunControl, bar: Bar, line: TaskID) -> Iterator[Executor]:
    if options.cluster is not None:
        yield ClusterExecutor(options.cluster, functools.partial(make_cluster_asker, options.dpi))
        return

    def on_progress(progress: Progress) -> None:
        bar.update(line, description=progress.text)

    with running_supervisor(service_options(options.dpi)) as supervisor:
        yield LocalExecutor(ServiceAsker(supervisor, control, options.password, on_progress))


@contextmanager
def _interruptible(control: RunControl) -> Iterator[None]:
    """Ctrl+C and SIGTERM stop the run in good order: the question at hand is given up, the CSV is written."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        control.cancel()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _print_result(result: RunResult, out: Path) -> None:
    counts = result.counts
    resumed = f", {result.resumed} of them from an earlier start" if result.resumed else ""
    errors().print(
        f"{counts.total} of {result.total} rows in {out}{resumed}: {counts.answered} answered, {counts.unsure} unsure, "
        f"{counts.not_found} not found, {counts.error} with an error.",
        markup=False,
    )
    if result.cancelled:
        print_notice("Stopped. Give the same command again to go on.")
