"""The batch window: rows as they come, pause, stop, going on, errors, evidence."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, Qt

from app.batch.evidence import EvidenceOpener, answer_of_row
from app.batch.model import ANSWER, CONFIDENCE, DOCUMENT, PAGE, SECONDS, STATUS, BatchModel
from app.batch.runner import RowMade
from app.batch.setup import BatchSetup, load_setup, setup_path
from app.batch.window import BatchWindow
from app.main_window import MainWindow
from app.service import Holds
from engine.batch.control import RunControl
from engine.batch.csv_file import read_csv
from engine.batch.executors import Asker
from engine.batch.table import row_from_answer
from engine.batch.tasks import Setting, Task
from engine.documents.types import DocumentId, DocumentInfo, PageRef
from engine.errors import CancelledError, FileDamagedError
from engine.readers.types import Answer, AnswerStatus, Progress
from tests.gui.fake_service import FakeService, make_answer, make_document, make_words, turned_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@dataclass
class FakeAsker:
    """Answers at once, or waits for `go` before each answer."""

    control: RunControl
    asked: list[str]
    waiting: bool = False
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def open(self, path: str) -> DocumentInfo:
        if "damaged" in path:
            raise FileDamagedError("damaged.pdf is damaged.")
        info = make_document(path)
        return replace(info, id=DocumentId(path, hashlib.sha256(Path(path).read_bytes()).hexdigest()))

    def ask(self, document: DocumentInfo, question: str, pages: tuple[PageRef, ...], task: Task) -> Answer:
        while self.waiting and not self.go.acquire(timeout=0.05):
            if self.control.cancelled():
                raise CancelledError("Cancelled.")
        self.asked.append(f"{document.name} {question}")
        status = AnswerStatus.NOT_FOUND if "IBAN" in question else AnswerStatus.ANSWERED
        return make_answer(pages[0], "42.00", status)

    def close(self, document: DocumentInfo) -> None:
        pass


@dataclass
class Askers:
    """Makes askers and remembers what they were asked."""

    waiting: bool = False
    asked: list[str] = field(default_factory=list)
    last: FakeAsker | None = None

    def make(self, control: RunControl, on_progress: Callable[[Progress], None]) -> Asker:
        self.last = FakeAsker(control, self.asked, self.waiting)
        return self.last


@pytest.fixture
def askers() -> Askers:
    return Askers()


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Two documents and a damaged one."""
    paths = [tmp_path / name for name in ("a.pdf", "b.pdf", "damaged.pdf")]
    for path in paths:
        path.write_bytes(path.name.encode())
    return [str(path) for path in paths]


@pytest.fixture
def make_batch(window: MainWindow, askers: Askers, qtbot: QtBot) -> Iterator[Callable[[], BatchWindow]]:
    made: list[BatchWindow] = []

    def make() -> BatchWindow:
        batch = BatchWindow(askers.make, BatchSetup(), lambda: ("/docs/open.pdf",), window)
        made.append(batch)
        return batch

    yield make
    for batch in made:
        batch.runner.close()
        qtbot.waitUntil(lambda batch=batch: not batch.runner.running)
        batch.deleteLater()


@pytest.fixture
def batch(make_batch: Callable[[], BatchWindow]) -> BatchWindow:
    return make_batch()


def fill(batch: BatchWindow, files: list[str], out: Path, questions: str = "total?\nIBAN?") -> None:
    batch.form.add_documents(files)
    batch.form.questions.setPlainText(questions)
    batch.form.out.setText(str(out))


def column(batch: BatchWindow, number: int) -> list[str]:
    return [batch.model.index(row, number).data() for row in range(batch.model.rowCount())]


def test_start_waits_for_documents_questions_and_a_file(batch: BatchWindow, files: list[str], tmp_path: Path) -> None:
    assert not batch.start_button.isEnabled()
    fill(batch, files, tmp_path / "out.csv")
    assert batch.start_button.isEnabled()
    batch.form.questions.clear()
    assert not batch.start_button.isEnabled()


def test_rows_come_in_input_order_and_the_csv_is_written(
    batch: BatchWindow, files: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    fill(batch, files, tmp_path / "out.csv")
    with qtbot.waitSignal(batch.runner.finished):
        batch.start_button.click()
    assert column(batch, DOCUMENT) == ["a.pdf", "a.pdf", "b.pdf", "b.pdf", "damaged.pdf", "damaged.pdf"]
    assert column(batch, STATUS) == ["answered", "not found", "answered", "not found", "error", "error"]
    assert column(batch, ANSWER)[0] == "42.00"
    assert column(batch, ANSWER)[4].startswith("damaged.pdf is damaged.")
    assert column(batch, CONFIDENCE)[0] == "97 %"
    assert column(batch, PAGE)[:2] == ["1", ""]
    assert column(batch, SECONDS)[0] == "0.4"
    assert [row.status.value for row in read_csv(tmp_path / "out.csv")][:2] == ["answered", "not_found"]
    assert batch.message.text().startswith("Done. 6 of 6 rows")


def test_a_stopped_run_is_remembered_and_gone_on_with(
    make_batch: Callable[[], BatchWindow], askers: Askers, files: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    askers.waiting = True
    first = make_batch()
    fill(first, files[:2], tmp_path / "out.csv")
    first.start()
    qtbot.waitUntil(lambda: askers.last is not None)
    assert askers.last is not None
    askers.last.go.release()
    qtbot.waitUntil(lambda: first.model.done == 1)
    with qtbot.waitSignal(first.runner.finished):
        first.stop_button.click()
    assert first.message.text().startswith("Stopped. 1 of 4 rows")
    setup = load_setup(setup_path())
    assert setup is not None
    assert not setup.finished

    askers.waiting = False
    second = make_batch()
    qtbot.waitUntil(lambda: "was not finished" in second.message.text())
    with qtbot.waitSignal(second.runner.finished):
        second.start_button.click()
    assert column(second, SECONDS)[0] == "before"
    assert second.model.done == 4
    assert askers.asked == ["a.pdf total?", "a.pdf IBAN?", "b.pdf total?", "b.pdf IBAN?"]
    assert len(read_csv(tmp_path / "out.csv")) == 4
    with qtbot.waitSignal(second.runner.finished):
        second.fresh_button.click()
    assert len(askers.asked) == 8


def test_a_paused_run_asks_nothing_more_until_it_goes_on(
    batch: BatchWindow, askers: Askers, files: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    askers.waiting = True
    fill(batch, files[:1], tmp_path / "out.csv")
    batch.start()
    qtbot.waitUntil(lambda: askers.last is not None)
    assert askers.last is not None
    batch.pause_button.click()
    assert batch.pause_button.text() == "Go on"
    askers.last.go.release(2)
    qtbot.waitUntil(lambda: batch.model.done == 1)
    assert askers.asked == ["a.pdf total?"]
    with qtbot.waitSignal(batch.runner.finished):
        batch.pause_button.click()
    assert len(askers.asked) == 2


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        ("id,text\n1,total?\n", "no column named 'question'"),
        ("question\n", "holds no question"),
    ],
)
def test_a_bad_file_of_questions_is_explained(
    batch: BatchWindow, files: list[str], tmp_path: Path, qtbot: QtBot, questions: str, said: str
) -> None:
    (tmp_path / "q.csv").write_text(questions)
    fill(batch, files, tmp_path / "out.csv")
    batch.form.questions_file.setText(str(tmp_path / "q.csv"))
    with qtbot.waitSignal(batch.runner.failed):
        batch.start_button.click()
    assert said in batch.message.text()
    assert batch.form.isEnabled()


def test_an_output_folder_that_is_missing_is_explained_before_anything_is_asked(
    batch: BatchWindow, askers: Askers, files: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    fill(batch, files, tmp_path / "missing" / "out.csv")
    with qtbot.waitSignal(batch.runner.failed):
        batch.start_button.click()
    assert "cannot be written" in batch.message.text()
    assert askers.asked == []


def test_open_documents_are_added_once(batch: BatchWindow) -> None:
    batch.form.add_documents(["/docs/open.pdf", "/docs/open.pdf"])
    batch.form._add_open()
    assert batch.form.setup().documents == ("/docs/open.pdf",)


def test_a_double_click_asks_for_the_evidence_of_a_row(
    batch: BatchWindow, files: list[str], tmp_path: Path, qtbot: QtBot
) -> None:
    fill(batch, files[:1], tmp_path / "out.csv")
    with qtbot.waitSignal(batch.runner.finished):
        batch.start_button.click()
    with qtbot.waitSignal(batch.evidence_wanted) as wanted:
        batch.table.activated.emit(batch.model.index(0, 0))
    made = wanted.args[0]
    assert isinstance(made, RowMade)
    assert made.answer is not None
    assert not batch.model.index(0, 0, batch.model.index(0, 0)).isValid()
    assert batch.model.rowCount(QModelIndex()) == 2
    assert batch.model.headerData(DOCUMENT, Qt.Orientation.Horizontal) == "Document"


@pytest.fixture
def opener(window: MainWindow, service: FakeService) -> EvidenceOpener:
    return EvidenceOpener(window.bench.store, window.service, window.bench.asking, window)


def row_of(info: DocumentInfo, answer: Answer, path: str | None = None, sha256: str | None = None) -> RowMade:
    task = Task(0, path or info.id.path, "1", "total?", Setting())
    return RowMade(task, row_from_answer(task, sha256 or info.id.sha256, answer), True, None)


def test_the_evidence_of_a_row_opens_its_document(
    window: MainWindow, service: FakeService, opener: EvidenceOpener, qtbot: QtBot
) -> None:
    info = service.add(make_document("/docs/a.pdf", pages=2))
    opener.show_row(row_of(info, make_answer(info.pages[1])))
    qtbot.waitUntil(lambda: window.bench.pane.path == "/docs/a.pdf")
    view = window.bench.pane.view
    qtbot.waitUntil(lambda: view.marks_of(1).has_evidence)
    assert window.bench.pane.page == 1
    assert len(view.marks_of(1).answer_boxes) == 1


def test_the_evidence_of_a_row_on_a_righted_page_waits_for_the_righting(
    window: MainWindow, service: FakeService, opener: EvidenceOpener, qtbot: QtBot
) -> None:
    info = service.add(make_document("/docs/a.pdf"))
    righted = info.pages[0].turned(90)
    service.words["/docs/a.pdf", 0] = turned_words(make_words(info.pages[0], "side"), 90)
    opener.show_row(row_of(info, make_answer(righted)))
    qtbot.waitUntil(lambda: bool(window.bench.pane.path) and window.bench.pane.view.marks_of(0).has_evidence)
    assert window.bench.pane.view.pages[0].orientation == 90


def test_the_evidence_of_a_changed_document_is_not_shown(
    window: MainWindow, service: FakeService, opener: EvidenceOpener, qtbot: QtBot
) -> None:
    info = service.add(make_document("/docs/a.pdf"))
    opener.show_row(row_of(info, make_answer(info.pages[0]), sha256="another"))
    qtbot.waitUntil(lambda: any("has changed" in text for text in window.bench.pane.messages.texts))
    assert not window.bench.pane.view.marks_of(0).has_evidence


def test_an_answer_made_of_a_row_is_that_of_the_row() -> None:
    info = make_document("/docs/a.pdf")
    answer = make_answer(info.pages[0])
    made = answer_of_row(row_of(info, answer).row, info)
    assert made.evidence is not None
    assert answer.evidence is not None
    assert (made.text, made.status, made.plans) == (answer.text, answer.status, answer.plans)
    assert made.evidence.answer_words == 1
    assert [(each.row, each.col) for each in made.evidence.contributions] == [(3, 1), (2, 1), (0, 0)]


@pytest.mark.parametrize(
    ("model", "revision", "precision"),
    [
        ("openbmb/MiniCPM-V-4.6", "0123abc", "int8"),
        ("/my models/tiny (old)", "", "fp32"),
        ("rules", "", ""),
    ],
)
def test_an_answer_made_of_a_row_names_the_model_as_it_was_named(model: str, revision: str, precision: str) -> None:
    info = make_document("/docs/a.pdf")
    answer = replace(make_answer(info.pages[0]), reader="model", model=model, revision=revision, precision=precision)
    made = answer_of_row(row_of(info, answer).row, info)
    assert (made.model, made.revision, made.precision) == (model, revision, precision)
    assert not made.calibrated


def test_the_confidence_of_a_model_is_told_from_a_calibrated_one() -> None:
    info = make_document("/docs/a.pdf")
    model = BatchModel()
    answers = (make_answer(info.pages[0]), replace(make_answer(info.pages[0]), reader="model", calibrated=False))
    made = [row_of(info, answer) for answer in answers]
    model.set_tasks(tuple(replace(each.task, number=number) for number, each in enumerate(made)))
    for number, each in enumerate(made):
        model.add(replace(each, task=replace(each.task, number=number)))
    assert [model.index(row, CONFIDENCE).data() for row in (0, 1)] == ["97 %", "≈ 97 %"]
    tip = model.index(1, CONFIDENCE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "Not calibrated: no probability of being right"


def test_a_document_is_closed_by_whoever_uses_it_last() -> None:
    holds = Holds()
    holds.take("/docs/a.pdf")
    holds.take("/docs/a.pdf")
    assert not holds.release("/docs/a.pdf")
    assert holds.release("/docs/a.pdf")
