"""A reading worker whose GPU was lost says so once and leaves, because CUDA never recovers in its process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import DeviceError, DeviceLostError, TesseraError
from engine.readers.types import Event, Failed, Request
from engine.service.messages import Ask, Reply
from engine.service.reading_worker import ReadingWorker


class FailingReaders:
    def __init__(self, error: TesseraError) -> None:
        self._error = error

    def ask(self, request: Request) -> Iterator[Event]:
        yield Failed(request.id, self._error.info)


def told_by(error: TesseraError, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Reply], bool]:
    """What the worker sent, and whether it left."""
    pages: Any = type("Pages", (), {"current": 0})()
    sent: list[Reply] = []
    worker = ReadingWorker(pages, sent.append, lambda request: False)
    monkeypatch.setattr(worker, "_readers", FailingReaders(error))
    request: Any = type("Question", (), {"id": 7})()
    try:
        worker.handle(Ask(request))
    except SystemExit:
        return sent, True
    return sent, False


def test_a_lost_device_is_said_and_the_worker_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = DeviceLostError("The device cuda:0 was lost.")
    assert told_by(lost, monkeypatch) == ([Failed(7, lost.info)], True)


def test_another_device_error_leaves_the_worker_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = DeviceError("There is no NVIDIA GPU here.")
    assert told_by(refused, monkeypatch) == ([Failed(7, refused.info)], False)
