"""The supervisor: requests reach their worker, a dead or stuck one is replaced, and every request ends exactly once."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.documents.types import DocumentId, PageRef
from engine.errors import CancelledError, TesseraError, WorkerDiedError
from engine.geometry import Size
from engine.readers.types import AnswerReady, Failed
from engine.service.messages import DocumentOpened, TextReady, WorkerKind
from engine.service.requests import Notice, ServiceOptions, TilePixels, TileSpec
from engine.service.supervisor import Supervisor

FAKE = Path(__file__).with_name("fake_worker.py")
PAGE = PageRef(DocumentId("/a", "ff"), 0, "1", 10.0, 10.0, Size(10, 10))
PATIENCE_S = 60.0


@pytest.fixture
def notices() -> list[Notice]:
    return []


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, notices: list[Notice]) -> Iterator[Supervisor]:
    monkeypatch.setattr("engine.service.process.worker_command", lambda kind: [sys.executable, str(FAKE), kind.value])
    options = ServiceOptions(open_deadline_s=60, page_deadline_s=2.0, cancel_grace_s=0.5, log_folder=tmp_path)
    supervisor = Supervisor(notices.append, options)
    yield supervisor
    supervisor.close()


def page_called(label: str) -> PageRef:
    return replace(PAGE, label=label)


def test_a_document_is_opened(supervisor: Supervisor) -> None:
    opened = supervisor.open("/a").result(PATIENCE_S)
    assert isinstance(opened, DocumentOpened)
    assert opened.document.id.path == "/a"


def test_a_tile_comes_back_as_the_bytes_the_worker_wrote(supervisor: Supervisor) -> None:
    tile = supervisor.tile(TileSpec(PAGE, 1.0, 0, 7, 0, 4, 2)).result(PATIENCE_S)
    assert isinstance(tile, TilePixels)
    assert tile.size == Size(4, 2)
    assert tile.data == bytes([7]) * 32


def test_more_tiles_than_slots_all_come(supervisor: Supervisor) -> None:
    tiles = [supervisor.tile(TileSpec(PAGE, 1.0, 0, number, 0, 2, 2)) for number in range(150)]
    for number, pending in enumerate(tiles):
        tile = pending.result(PATIENCE_S)
        assert isinstance(tile, TilePixels)
        assert tile.data[0] == number


def test_a_question_gets_its_events_and_one_final_one(supervisor: Supervisor) -> None:
    events = list(supervisor.ask("hello", (PAGE,)).events(PATIENCE_S))
    assert [type(event).__name__ for event in events] == ["Progress", "AnswerReady"]


def test_what_the_reading_worker_needs_comes_from_the_render_worker(supervisor: Supervisor) -> None:
    supervisor.open("/a").result(PATIENCE_S)
    ready = supervisor.ask("need text", (PAGE,)).result(PATIENCE_S)
    assert isinstance(ready, AnswerReady)
    assert ready.answer.text == "share 0.1"


def test_a_failure_is_raised_with_its_message(supervisor: Supervisor) -> None:
    with pytest.raises(TesseraError) as caught:
        supervisor.ask("fail", (PAGE,)).result(PATIENCE_S)
    assert caught.value.info.code == "file-damaged"
    assert caught.value.info.exit_code == 3


def test_a_worker_that_dies_is_restarted_and_the_question_asked_again(
    supervisor: Supervisor, notices: list[Notice], tmp_path: Path
) -> None:
    ready = supervisor.ask(f"die once {tmp_path / 'flag'}", (PAGE,)).result(PATIENCE_S)
    assert isinstance(ready, AnswerReady)
    assert "started again" in notices[0].text


def test_a_question_that_kills_twice_fails_and_others_go_on(supervisor: Supervisor) -> None:
    poison = supervisor.ask("die", (PAGE,))
    behind = supervisor.ask("hello", (PAGE,))
    with pytest.raises(WorkerDiedError):
        poison.result(PATIENCE_S)
    assert isinstance(behind.result(PATIENCE_S), AnswerReady)


def test_a_killed_render_worker_has_its_documents_again(supervisor: Supervisor) -> None:
    supervisor.open("/a").result(PATIENCE_S)
    supervisor.open("/b").result(PATIENCE_S)
    pid = supervisor.worker_pid(WorkerKind.RENDER)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ready = supervisor.text(PAGE).result(PATIENCE_S)
    assert isinstance(ready, TextReady)
    assert ready.text.image_share == pytest.approx(0.2)  # the fake counts its open documents


def test_a_page_past_its_deadline_is_given_up_and_the_next_one_comes(supervisor: Supervisor) -> None:
    stuck = supervisor.text(page_called("hang"))
    behind = supervisor.text(PAGE)
    with pytest.raises(TesseraError) as caught:
        stuck.result(PATIENCE_S)
    assert caught.value.info.code == "page-timeout"
    assert "Page 1" in caught.value.info.message
    assert isinstance(behind.result(PATIENCE_S), TextReady)


def test_cancelling_ends_the_request_at_once_and_frees_a_stuck_worker(supervisor: Supervisor) -> None:
    pending = supervisor.ask("hang", (PAGE,))
    pending.cancel()
    with pytest.raises(CancelledError):
        pending.result(0.2)
    assert isinstance(supervisor.ask("hello", (PAGE,)).result(PATIENCE_S), AnswerReady)


def test_closing_ends_every_request(supervisor: Supervisor) -> None:
    pending = supervisor.ask("hang", (PAGE,))
    supervisor.close()
    last = list(pending.events(PATIENCE_S))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "cancelled"
    with pytest.raises(CancelledError):
        supervisor.open("/a").result(PATIENCE_S)


def test_protected_pages_do_not_travel_over_the_disk(supervisor: Supervisor) -> None:
    opened = supervisor.open("/protected").result(PATIENCE_S)
    assert isinstance(opened, DocumentOpened)
    assert not supervisor._keep_on_disk(opened.document.pages[0])
