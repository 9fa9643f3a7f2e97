"""The window over the real workers: an answer with its evidence, killed workers, and what the process imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from app.answers import Stage
from app.main_window import MainWindow
from app.service import LazyService
from app.settings import Settings
from app.startup import NoticeRelay, make_supervisor
from app.theme import Theme
from engine.readers.types import AnswerStatus
from engine.resources import resource_path
from engine.service.messages import WorkerKind
from engine.service.supervisor import Supervisor

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

PATIENCE_MS = 120_000
TOTAL = "€2,967.13"


@pytest.fixture
def real(qtbot: QtBot, theme: Theme) -> Iterator[MainWindow]:
    """A window over a supervisor with workers, showing the sample invoice."""
    settings = Settings()
    relay = NoticeRelay()
    service = LazyService(lambda: make_supervisor(settings, relay))
    invoice = str(resource_path("samples", "invoice.pdf"))
    window = MainWindow(service, settings, theme, (invoice,))
    relay.came.connect(window.show_service_notice)
    with qtbot.waitSignal(window.begun):
        window.show()
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice, timeout=PATIENCE_MS)
    yield window
    window.close()
    window.deleteLater()


def kill(window: MainWindow, kind: WorkerKind) -> None:
    assert isinstance(window.service, LazyService)
    supervisor = window.service.made()
    assert isinstance(supervisor, Supervisor)
    pid = supervisor.worker_pid(kind)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def ask(window: MainWindow, question: str, qtbot: QtBot) -> None:
    window.panel.question.setPlainText(question)
    window.bench.asking.ask()
    qtbot.waitUntil(lambda: not window.bench.book.busy, timeout=PATIENCE_MS)


def test_workers_killed_at_work_are_announced_and_no_answer_is_lost(real: MainWindow, qtbot: QtBot) -> None:
    ask(real, "What is the invoice total?", qtbot)
    for number, kind in enumerate((WorkerKind.RENDER, WorkerKind.READING), start=1):
        real.panel.question.setPlainText("What is the invoice total?")
        real.bench.asking.ask()
        kill(real, kind)
        qtbot.waitUntil(lambda number=number: len(real.frame.messages.texts) >= number, timeout=PATIENCE_MS)
        qtbot.waitUntil(lambda: not real.bench.book.busy, timeout=PATIENCE_MS)
    records = real.bench.book.records
    assert [each.stage for each in records] == [Stage.DONE] * 3
    assert [each.answer.text for each in records if each.answer] == [TOTAL] * 3
    real.bench.pane.view.set_zoom(3.0)
    assert real.bench.pane.view.marks_of(0).has_evidence


def test_an_answer_stands_on_the_page_with_its_slices(real: MainWindow, qtbot: QtBot) -> None:
    ask(real, "What is the invoice total?", qtbot)
    record = real.bench.book.records[0]
    assert record.error is None
    answer = record.answer
    assert answer is not None
    assert (answer.text, answer.status) == (TOTAL, AnswerStatus.ANSWERED)
    marks = real.bench.pane.view.marks_of(0)
    best = max((mark for mark in marks.slices if mark.share), key=lambda mark: mark.share or 0.0)
    assert all(best.box.contains(box.center) for box in marks.answer_boxes)


ASK_AND_LIST_MODULES = """
import sys
from app import startup
from engine.resources import resource_path
class Window(startup.MainWindow):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.begun.connect(self.connect_bench)
    def connect_bench(self):
        self.bench.pane.place_changed.connect(self.ask_once)
        self.bench.book.finished.connect(self.report)
    def ask_once(self, path, page):
        if path and not self.bench.book.records:
            self.panel.question.setPlainText("What is the invoice total?")
            self.bench.asking.ask()
    def report(self, number):
        record = self.bench.book.record(number)
        print(record.error or record.answer.text)
        print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
        self.close()
startup.MainWindow = Window
sys.exit(startup.run([str(resource_path("samples", "invoice.pdf"))]))
"""
HEAVY = {"numpy", "PIL", "pymupdf", "fitz", "torch", "transformers", "onnxruntime", "rapidocr", "cv2"}


def test_the_window_process_imports_nothing_heavy_even_after_an_answer() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK_AND_LIST_MODULES], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer, modules = done.stdout.splitlines()[-2:]
    assert answer == TOTAL
    assert "PySide6" in modules.split()
    assert HEAVY & set(modules.split()) == set()
