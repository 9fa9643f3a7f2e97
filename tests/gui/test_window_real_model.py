"""The window over a real model: a tiny untrained checkpoint that the real reading worker loads, asks and measures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.answers import Stage
from app.main_window import MainWindow
from app.service import LazyService
from app.settings import MAX_TOKENS, Settings
from app.startup import NoticeRelay, make_supervisor
from app.theme import Theme
from engine.evidence.types import EvidenceMethod
from engine.resources import resource_path
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

PATIENCE_MS = 120_000
CANCELLED_WITHIN_S = 0.2
TOTAL = "€2,967.13"
MAKE_CHECKPOINT = """
import sys
from pathlib import Path
from engine.uhd.checkpoints import save
from tests.unit.sliced_models import tiny_loaded
save(tiny_loaded(), Path(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by another process: this one stays without torch."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    folder.mkdir()
    command = [sys.executable, "-c", MAKE_CHECKPOINT, str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=120)
    return folder


@pytest.fixture
def real(qtbot: QtBot, theme: Theme, checkpoint: Path) -> Iterator[MainWindow]:
    """A window over a supervisor with workers, the tiny model chosen, showing the sample invoice."""
    settings = Settings()
    settings.set(MAX_TOKENS, 8)
    relay = NoticeRelay()
    service = LazyService(lambda: make_supervisor(settings, relay))
    invoice = str(resource_path("samples", "invoice.pdf"))
    window = MainWindow(service, settings, theme, (invoice,))
    with qtbot.waitSignal(window.begun):
        window.show()
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice, timeout=PATIENCE_MS)
    window.bench.choosing.import_from(str(checkpoint))
    qtbot.waitUntil(lambda: window.bench.shelf.chosen == str(checkpoint), timeout=PATIENCE_MS)
    yield window
    window.close()
    window.deleteLater()


def ask(window: MainWindow, question: str) -> int:
    window.panel.question.setPlainText(question)
    window.bench.asking.ask()
    return window.bench.book.records[-1].number


def reader_of(window: MainWindow, number: int) -> str:
    record = window.bench.book.record(number)
    return record.answer.reader if record is not None and record.answer is not None else ""


def test_a_model_writes_looks_is_measured_cancelled_and_changed(
    real: MainWindow, checkpoint: Path, qtbot: QtBot
) -> None:
    book = real.bench.book
    pieces: list[str] = []
    looks: list[tuple[int, str]] = []
    book.written.connect(lambda _number, piece: pieces.append(piece))
    book.measured.connect(
        lambda number: looks.append((len(book.record(number).found), book.record(number).stage.value))  # type: ignore[union-attr]  # it is there
    )
    number = ask(real, "What is the invoice total?")
    qtbot.waitUntil(lambda: not book.busy, timeout=PATIENCE_MS)
    record = book.record(number)
    assert record is not None
    assert record.error is None
    answer = record.answer
    assert answer is not None
    assert answer.evidence is not None
    slices = len(answer.plans[0][1].slices)
    assert "".join(pieces).strip() == answer.text
    assert looks == [(count, "provisional") for count in range(1, slices + 1)]
    assert answer.evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert len(answer.evidence.contributions) == slices
    assert real.bench.asking.shown == number
    assert real.toolbar.device.text() == "CPU"

    readers: list[str] = []
    book.changed.connect(lambda number: readers.append(reader_of(real, number)))
    real.bench.shelf.choose("cascade")
    number = ask(real, "What is the colour of the logo?")
    qtbot.waitUntil(lambda: not book.busy, timeout=PATIENCE_MS)
    record = book.record(number)
    assert record is not None
    assert record.error is None
    assert readers[0] == "embedded"
    assert readers[-1] == "model"

    real.bench.shelf.choose(str(checkpoint))
    ask(real, "What is the invoice date?")
    with qtbot.waitSignal(book.written, timeout=PATIENCE_MS):
        pass
    began_s = time.monotonic()
    real.actions_by_key["cancel"].trigger()
    assert time.monotonic() - began_s < CANCELLED_WITHIN_S
    assert book.records[-1].stage is Stage.CANCELLED

    real.bench.shelf.choose("embedded")
    number = ask(real, "What is the invoice total?")
    qtbot.waitUntil(lambda: not book.busy, timeout=PATIENCE_MS)
    embedded = book.record(number)
    assert embedded is not None
    assert embedded.answer is not None
    assert embedded.answer.text == TOTAL
