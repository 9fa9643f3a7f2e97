"""Workers killed in the middle of real work: they come back, and no request is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.documents.types import DocumentInfo
from engine.readers.types import AnswerReady, Progress
from engine.service.messages import DocumentOpened, WorkerKind
from engine.service.requests import Notice, TilePixels, TileSpec
from engine.service.supervisor import Supervisor

PATIENCE_S = 120.0


@dataclass
class Running:
    supervisor: Supervisor
    notices: list[Notice] = field(default_factory=list)

    def kill(self, kind: WorkerKind) -> None:
        pid = self.supervisor.worker_pid(kind)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def running() -> Iterator[Running]:
    notices: list[Notice] = []
    supervisor = Supervisor(notices.append)
    yield Running(supervisor, notices)
    supervisor.close()


@pytest.fixture
def screenshot(tmp_path: Path) -> Path:
    """A picture without a text layer: it must be read by OCR, which takes long enough to be killed in."""
    image = Image.new("RGB", (700, 260), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=28)
    draw.text((40, 40), "Invoice number: INV-2044", fill="black", font=font)
    draw.text((40, 110), "Date: 12 March 2024", fill="black", font=font)
    draw.text((40, 180), "Total: 1,204.50 EUR", fill="black", font=font)
    path = tmp_path / "screen.png"
    image.save(path)
    return path


def opened(running: Running, path: Path) -> DocumentInfo:
    event = running.supervisor.open(str(path)).result(PATIENCE_S)
    assert isinstance(event, DocumentOpened)
    return event.document


def test_an_answer_survives_the_death_of_the_reading_worker(running: Running, screenshot: Path) -> None:
    document = opened(running, screenshot)
    pending = running.supervisor.ask("What is the invoice number?", document.pages)
    events = pending.events(PATIENCE_S)
    assert isinstance(next(events), Progress)
    running.kill(WorkerKind.READING)
    *_, last = events
    assert isinstance(last, AnswerReady)
    assert last.answer.text == "INV-2044"
    assert any(notice.kind is WorkerKind.READING for notice in running.notices)


def test_an_answer_survives_the_death_of_the_render_worker(running: Running, screenshot: Path) -> None:
    document = opened(running, screenshot)
    pending = running.supervisor.ask("What is the total?", document.pages)
    running.kill(WorkerKind.RENDER)
    ready = pending.result(PATIENCE_S)
    assert isinstance(ready, AnswerReady)
    assert "1,204.50" in ready.answer.text


def test_tiles_come_after_the_render_worker_died(running: Running, screenshot: Path) -> None:
    page = opened(running, screenshot).pages[0]
    spec = TileSpec(page, 1.0, 0, 0, 0, 256, 256)
    before = running.supervisor.tile(spec).result(PATIENCE_S)
    running.kill(WorkerKind.RENDER)
    after = running.supervisor.tile(spec).result(PATIENCE_S)
    assert isinstance(before, TilePixels)
    assert isinstance(after, TilePixels)
    assert after.data == before.data
    assert any(notice.kind is WorkerKind.RENDER for notice in running.notices)
