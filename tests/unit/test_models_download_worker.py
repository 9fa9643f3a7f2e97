"""The download worker: what it says while it works, how it fails, and that it alone may reach the hub."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from engine.errors import CancelledError, DownloadError
from engine.models.hub import STALL_S
from engine.readers.types import Failed, Progress
from engine.service.download_worker import DownloadWorker, Reporter
from engine.service.messages import DescribeModel, ModelDescribed, ModelPulled, PullModel, Reply
from engine.service.requests import ServiceOptions
from tests.hub_server import COMMIT, MODEL, WEIGHTS, Conduct, Hub, running_hub


@pytest.fixture
def hub(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def sent() -> list[Reply]:
    return []


def test_a_description_is_the_last_word_of_its_request(hub: Hub, sent: list[Reply]) -> None:
    DownloadWorker(sent.append, lambda request: False).handle(DescribeModel(7, MODEL))
    assert len(sent) == 1
    assert isinstance(sent[0], ModelDescribed)
    assert sent[0].request == 7
    assert sent[0].listing.revision == COMMIT


def test_a_pull_describes_then_progresses_then_ends(hub: Hub, sent: list[Reply]) -> None:
    DownloadWorker(sent.append, lambda request: False).handle(PullModel(7, MODEL, None))
    assert isinstance(sent[0], ModelDescribed)
    assert isinstance(sent[-1], ModelPulled)
    progress = [event for event in sent[1:-1] if isinstance(event, Progress)]
    assert len(progress) == len(sent) - 2
    assert {event.text for event in progress} == {file.name for file in sent[0].listing.files}
    assert progress[-1].done == progress[-1].total == sent[0].listing.size_bytes


def test_a_refusal_is_a_failure_with_its_line(hub: Hub, sent: list[Reply]) -> None:
    hub.metadata = Conduct(status=403)
    DownloadWorker(sent.append, lambda request: False).handle(PullModel(7, MODEL, None))
    assert isinstance(sent[-1], Failed)
    assert sent[-1].error.code == DownloadError.code
    assert "accept its terms" in sent[-1].error.message


def test_a_cancelled_pull_says_so(hub: Hub, sent: list[Reply]) -> None:
    cancelled = threading.Event()

    def note(reply: Reply) -> None:
        sent.append(reply)
        if isinstance(reply, Progress) and reply.text == WEIGHTS:
            cancelled.set()

    DownloadWorker(note, lambda request: cancelled.is_set()).handle(PullModel(7, MODEL, None))
    assert isinstance(sent[-1], Failed)
    assert sent[-1].error.code == CancelledError.code


def test_a_bug_is_an_internal_error_and_not_the_end_of_the_worker(
    sent: list[Reply], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model_id: str, revision: str | None = None) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("engine.service.download_worker.describe", broken)
    DownloadWorker(sent.append, lambda request: False).handle(DescribeModel(7, MODEL))
    assert isinstance(sent[0], Failed)
    assert sent[0].error.code == "internal"


def test_progress_is_not_said_for_every_piece(sent: list[Reply]) -> None:
    reporter = Reporter(7, sent.append)
    for done in range(10_000):
        reporter.report(done, 20_000, "a")
    reporter.report(10_000, 20_000, "b")
    assert len(sent) < 100
    assert sent[-1] == Progress(7, 10_000, 20_000, "b")


def test_a_silent_hub_is_noticed_before_a_cancelled_worker_is_killed() -> None:
    assert ServiceOptions().cancel_grace_s > STALL_S


def test_nobody_but_the_download_worker_imports_what_opens_sockets() -> None:
    code = (
        "import sys, engine.models, engine.models.catalogue, engine.models.checks, engine.service.supervisor,"
        " engine.service.worker, engine.cli.models;"
        "print(sorted(name for name in ('httpx2', 'huggingface_hub', 'torch', 'transformers') if name in sys.modules))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout.strip() == "[]"
