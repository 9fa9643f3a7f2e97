from __future__ import annotations

import functools
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.batch.control import RunControl
from engine.batch.csv_file import read_csv
from engine.batch.documents import find_documents
from engine.batch.executors import Asker, ClusterExecutor, LocalExecutor
from engine.batch.journal import Journal, runs_folder
from engine.batch.questions import Question
from engine.batch.run import Run, RunOptions, RunResult
from engine.batch.table import Row, row_from_answer
from engine.batch.tasks import Setting, Task, plan_tasks, run_id
from engine.errors import (
    CancelledError,
    FileDamagedError,
    OutputError,
    PasswordNeededError,
    RunBusyError,
    UsageError,
    WorkerDiedError,
)
from engine.readers.types import AnswerStatus
from tests.unit.batch_fakes import FakeAsker, make_answer, make_document, make_task

QUESTIONS = tuple(Question(str(number), f"Question {number}?") for number in (1, 2, 3))


class Desk:
    """A folder of documents, a journal folder and an output file."""

    def __init__(self, root: Path, questions: tuple[Question, ...] = QUESTIONS) -> None:
        self.root = root
        self.out = root / "out.csv"
        self.docs = [root / "docs" / f"d{number}.pdf" for number in (1, 2, 3)]
        (root / "docs").mkdir()
        for path in self.docs:
            path.write_text(path.name)
        self.questions = questions

    def tasks(self, setting: Setting | None = None) -> tuple[Task, ...]:
        return plan_tasks(find_documents(self.docs), self.questions, setting or Setting())

    def run(self, asker: Asker, options: RunOptions | None = None, tasks: tuple[Task, ...] | None = None) -> RunResult:
        tasks = tasks or self.tasks()
        with Journal(run_id(tasks, self.out), self.root) as journal:
            return Run(tasks, LocalExecutor(asker), journal, self.out, options).execute()

    def rows(self) -> list[Row]:
        return read_csv(self.out)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def stop_after(count: int, control: RunControl) -> Callable[[Task, Row, bool], None]:
    seen: list[int] = []

    def on_row(task: Task, row: Row, resumed: bool) -> None:
        seen.append(task.number)
        if len(seen) == count:
            control.cancel()

    return on_row


def test_a_run_asks_everything_once_and_opens_each_document_once(desk: Desk) -> None:
    asker = FakeAsker()
    result = desk.run(asker)
    paths = [str(path) for path in desk.docs]
    assert asker.opened == asker.closed == paths
    assert asker.asked == [(path, question.text) for path in paths for question in QUESTIONS]
    assert asker.pages[0] == (0, 1)
    assert [(row.document, row.id) for row in desk.rows()] == [(path, q.id) for path in paths for q in QUESTIONS]
    assert (result.total, result.counts.total, result.resumed, result.cancelled) == (9, 9, 0, False)
    assert result.counts.answered == sum(row.status is AnswerStatus.ANSWERED for row in desk.rows())
    assert desk.rows()[0].sha256 == hashlib.sha256(b"d1.pdf").hexdigest()


def test_a_cancelled_run_keeps_its_rows_and_goes_on_where_it_stopped(desk: Desk) -> None:
    desk.run(FakeAsker())
    whole = desk.rows()
    with Journal(run_id(desk.tasks(), desk.out), desk.root) as journal:
        journal.forget_all()
    control = RunControl()
    first = FakeAsker()
    result = desk.run(first, RunOptions(on_row=stop_after(4, control), control=control))
    assert (result.cancelled, result.counts.total, len(first.asked)) == (True, 4, 4)
    assert desk.rows() == whole[:4]
    second = FakeAsker()
    result = desk.run(second)
    assert (result.resumed, len(second.asked), result.cancelled) == (4, 5, False)
    assert desk.rows() == whole
    third = FakeAsker()
    assert desk.run(third).resumed == 9
    assert third.opened == []


def test_a_resumed_run_that_is_cancelled_at_once_loses_no_row_of_its_csv(desk: Desk) -> None:
    desk.run(FakeAsker())
    before = desk.rows()
    desk.questions += (Question("4", "One more?"),)
    control = RunControl()
    desk.run(FakeAsker(), RunOptions(on_row=stop_after(10, control), control=control))
    assert len(desk.rows()) == 10
    assert [row for row in desk.rows() if row.id != "4"] == before
    control.cancel()
    assert desk.run(FakeAsker(), RunOptions(control=control)).cancelled
    assert len(desk.rows()) == 10


def test_an_asker_that_gives_up_on_cancel_ends_the_run(desk: Desk) -> None:
    def before(path: str, question: str) -> None:
        if question == "Question 2?":
            raise CancelledError("The question was cancelled.")

    asker = FakeAsker(before=before)
    assert desk.run(asker).cancelled
    assert [row.id for row in desk.rows()] == ["1"]
    assert asker.closed == [str(desk.docs[0])]


def test_a_paused_run_waits_and_can_be_resumed_or_cancelled(desk: Desk) -> None:
    control = RunControl()
    waiting = threading.Event()

    def on_row(task: Task, row: Row, resumed: bool) -> None:
        if task.number in (2, 5):
            control.pause()
            waiting.set()

    results: list[RunResult] = []
    options = RunOptions(on_row=on_row, control=control)
    thread = threading.Thread(target=lambda: results.append(desk.run(FakeAsker(), options)))
    thread.start()
    assert waiting.wait(10)
    assert control.paused()
    waiting.clear()
    control.resume()
    assert waiting.wait(10)
    control.cancel()
    thread.join(10)
    assert [result.counts.total for result in results] == [6]


def test_a_file_that_fails_becomes_rows_with_its_error(desk: Desk) -> None:
    bad = str(desk.docs[1])
    asker = FakeAsker(failures={bad: FileDamagedError("d2.pdf is broken.")})
    result = desk.run(asker)
    assert result.counts.error == 3
    assert asker.opened.count(bad) == 1
    failed = [row for row in desk.rows() if row.document == bad]
    assert {row.status for row in failed} == {AnswerStatus.ERROR}
    assert failed[0].error.startswith("d2.pdf is broken. Fetch or export")
    assert (failed[0].page, failed[0].confidence, failed[0].answer) == (None, None, "")
    assert failed[0].sha256 == hashlib.sha256(b"d2.pdf").hexdigest()


def test_a_missing_file_becomes_rows(desk: Desk) -> None:
    desk.docs[0].unlink()
    assert desk.run(FakeAsker()).counts.error == 3
    assert "There is no file" in desk.rows()[0].error
    assert desk.rows()[0].sha256 == ""


def test_errors_are_asked_again_and_answers_are_not(desk: Desk) -> None:
    locked = str(desk.docs[2])
    desk.run(FakeAsker(failures={locked: PasswordNeededError("d3.pdf is locked.")}))
    kept = FakeAsker()
    assert desk.run(kept, RunOptions(retry_errors=False)).counts.error == 3
    assert kept.opened == []
    asker = FakeAsker()
    assert desk.run(asker).counts.error == 0
    assert asker.opened == [locked]


def test_a_changed_document_is_read_again(desk: Desk) -> None:
    desk.run(FakeAsker())
    desk.docs[1].write_text("changed")
    asker = FakeAsker()
    desk.run(asker)
    assert asker.opened == [str(desk.docs[1])]
    assert desk.rows()[3].sha256 == hashlib.sha256(b"changed").hexdigest()


def test_duplicates_keep_their_rows(desk: Desk) -> None:
    desk.questions = (QUESTIONS[0], QUESTIONS[0])
    desk.docs = [desk.docs[0], desk.docs[1], desk.docs[0]]
    control = RunControl()
    desk.run(FakeAsker(), RunOptions(on_row=stop_after(3, control), control=control))
    assert desk.run(FakeAsker()).resumed == 3
    assert [Path(row.document).name for row in desk.rows()] == ["d1.pdf"] * 2 + ["d2.pdf"] * 2 + ["d1.pdf"] * 2


def test_pages_a_short_document_lacks_are_left_out(desk: Desk) -> None:
    asker = FakeAsker()
    desk.run(asker, tasks=desk.tasks(Setting("2-9")))
    assert set(asker.pages) == {(1,)}
    assert desk.run(FakeAsker(), tasks=desk.tasks(Setting("3"))).counts.error == 9
    assert "there are 2 pages" in desk.rows()[0].error


def test_a_worker_that_dies_costs_one_row(desk: Desk) -> None:
    def before(path: str, question: str) -> None:
        if path == str(desk.docs[1]) and question == "Question 2?":
            raise WorkerDiedError("The reading worker died.")

    assert desk.run(FakeAsker(before=before)).counts.error == 1
    assert [row.status is AnswerStatus.ERROR for row in desk.rows()].index(True) == 4


def test_a_bug_costs_one_row(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def before(path: str, question: str) -> None:
        if (path, question) == (str(desk.docs[0]), "Question 1?"):
            raise ZeroDivisionError("oops")

    assert desk.run(FakeAsker(before=before)).counts.error == 1
    assert desk.rows()[0].error.startswith("Something went wrong inside Tessera (ZeroDivisionError: oops)")
    assert "Traceback" not in desk.out.read_text("utf-8-sig")


def test_an_output_that_cannot_be_written_is_named_before_any_question(desk: Desk) -> None:
    desk.out = desk.root / "missing" / "out.csv"
    asker = FakeAsker()
    with pytest.raises(OutputError):
        desk.run(asker)
    assert asker.opened == []


def test_a_run_never_overwrites_a_document(desk: Desk) -> None:
    desk.out = desk.docs[1]
    with pytest.raises(UsageError, match="one of the documents"):
        desk.run(FakeAsker())
    assert desk.docs[1].read_text() == "d2.pdf"


def test_a_full_disk_ends_the_run_and_keeps_what_was_answered(desk: Desk) -> None:
    tasks = desk.tasks()
    with Journal(run_id(tasks, desk.out), desk.root) as journal:
        (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
        journal._db.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(OutputError, match="full"):
            Run(tasks, LocalExecutor(FakeAsker()), journal, desk.out).execute()
    kept = desk.rows()
    assert 0 < len(kept) < 9
    assert desk.run(FakeAsker()).resumed == len(kept)
    assert desk.rows()[: len(kept)] == kept


def test_rows_of_protected_documents_do_not_stay_in_the_journal(desk: Desk) -> None:
    control = RunControl()
    desk.run(FakeAsker(protected=True), RunOptions(on_row=stop_after(4, control), control=control))
    assert desk.run(FakeAsker(protected=True)).resumed == 4
    assert len(desk.rows()) == 9
    for path in desk.root.glob("*.sqlite*"):
        assert b"Question 1?" not in path.read_bytes()


def test_rows_of_a_cluster_are_those_of_one_machine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run(FakeAsker())
    local = desk.rows()
    monkeypatch.setitem(sys.modules, "distributed", fake_distributed())
    tasks = desk.tasks()
    with Journal("cluster", desk.root) as journal:
        executor = ClusterExecutor("tcp://host:8786", FakeAsker, in_flight=2)
        result = Run(tasks, executor, journal, desk.out).execute()
    assert result.counts.total == 9
    assert desk.rows() == local


def test_a_document_that_a_cluster_loses_becomes_rows(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", fake_distributed(lost=str(desk.docs[1])))
    with Journal("cluster", desk.root) as journal:
        result = Run(desk.tasks(), ClusterExecutor("host", FakeAsker), journal, desk.out).execute()
    assert (result.counts.total, result.counts.error) == (9, 3)


def test_a_missing_dask_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as caught:
        ClusterExecutor("tcp://host:8786", FakeAsker)
    assert "tessera-reader[cluster]" in caught.value.hint


class CountedAsker(FakeAsker):
    """Counts how many of it were made in this process."""

    made = 0

    def __init__(self, name: str) -> None:
        super().__init__()
        CountedAsker.made += 1


def test_a_cluster_makes_one_asker_per_worker(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", fake_distributed())
    with Journal("cluster", desk.root) as journal:
        executor = ClusterExecutor("host", functools.partial(CountedAsker, "a"))
        assert Run(desk.tasks(), executor, journal, desk.out).execute().counts.error == 0
    assert CountedAsker.made == 1


def fake_distributed(lost: str = "") -> types.ModuleType:
    """Futures that are done the second time somebody waits for them; the document `lost` dies with its machine."""

    class Future:
        def __init__(self, call: Callable[[], Any], error: Exception | None) -> None:
            self.call, self.error, self.waits = call, error, 0

        def done(self) -> bool:
            return self.waits > 1

        def exception(self) -> Exception | None:
            return self.error

        def result(self) -> Any:
            return self.call()

    class Client:
        def __init__(self, address: str, timeout: float) -> None:
            self.cancelled: list[Future] = []

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *error: object) -> None:
            return None

        def submit(self, function: Any, make_asker: Any, group: Any, pure: bool) -> Future:
            error = RuntimeError("KilledWorker") if group.path == lost else None
            return Future(lambda: function(make_asker, group), error)

        def cancel(self, futures: list[Future]) -> None:
            self.cancelled += futures

    def wait(futures: list[Future], timeout: float, return_when: str) -> None:
        futures[-1].waits += 1
        if not futures[-1].done():
            raise TimeoutError

    module = types.ModuleType("distributed")
    module.Client, module.wait = Client, wait  # type: ignore[attr-defined]
    return module


def sample() -> Row:
    document = make_document("/docs/a\udce9.pdf", "ab")
    return row_from_answer(make_task(document=document.id.path), "ab", make_answer(document.pages[0], "1\u202e2"))


def test_the_journal_gives_rows_back_as_they_were(tmp_path: Path) -> None:
    with Journal("r", tmp_path) as journal:
        assert journal.is_empty()
        journal.record("k", sample())
        journal.record("k", replace(sample(), answer="later"))
    with Journal("r", tmp_path) as journal:
        assert journal.find("k") == replace(sample(), answer="later")
        assert journal.find("other") is None


def test_a_second_owner_is_refused_and_a_dead_one_is_followed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from engine.batch.journal import Journal\n"
        "journal = Journal('r', Path(sys.argv[1])); print('ready', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        with pytest.raises(RunBusyError):
            Journal("r", tmp_path)
        with Journal("another", tmp_path):
            pass
        owner.kill()
    with Journal("r", tmp_path), pytest.raises(RunBusyError):
        Journal("r", tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_only_the_user_can_read_a_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA_STATE_DIR", str(tmp_path / "state"))
    with Journal("r") as journal:
        journal.record("k", sample())
        assert journal.path.parent == runs_folder() == tmp_path / "state" / "runs"
        assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in journal.path.parent.iterdir()} == {0o600}


def test_a_damaged_or_foreign_journal_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "r.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 20)
    with pytest.raises(OutputError) as caught:
        Journal("r", tmp_path)
    assert "Move it away" in caught.value.hint
    with sqlite3.connect(tmp_path / "s.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(OutputError, match="another version"):
        Journal("s", tmp_path)


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("TESSERA_STATE_DIR", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="state folder"):
        runs_folder()


def test_importing_runs_imports_nothing_heavy() -> None:
    script = (
        "import sys, engine.batch.run\n"
        "heavy = {'numpy', 'PIL', 'torch', 'pymupdf', 'onnxruntime', 'rapidocr', 'PySide6', 'distributed', 'click'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
