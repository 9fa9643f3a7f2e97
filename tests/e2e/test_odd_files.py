"""Every odd file through the real render worker: its documented message, and a worker that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.documents.types import DocumentInfo
from engine.errors import ErrorInfo, TesseraError
from engine.service.messages import DocumentOpened, TextReady, WorkerKind
from engine.service.supervisor import Supervisor
from tests.odd_files import OddFile, make_odd_files

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.close()


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OddFile]:
    return make_odd_files(tmp_path_factory.mktemp("odd"))


def outcome(supervisor: Supervisor, path: Path) -> DocumentInfo | ErrorInfo:
    """The document, or the error that opening it without a password gives."""
    try:
        opened = supervisor.open(str(path)).result(PATIENCE_S)
    except TesseraError as error:
        return error.info
    assert isinstance(opened, DocumentOpened)
    return opened.document


def test_every_odd_file_gives_its_documented_outcome(supervisor: Supervisor, odd_files: dict[str, OddFile]) -> None:
    supervisor.warm_up(WorkerKind.RENDER)
    pid = supervisor.worker_pid(WorkerKind.RENDER)
    for name, odd in odd_files.items():
        found = outcome(supervisor, odd.path)
        if isinstance(found, ErrorInfo):
            assert found.code == odd.code, name
            assert found.message, name
            assert found.hint, name
            assert "Traceback" not in str(found), name
            continue
        assert odd.code is None, f"{name} opened, expected {odd.code}"
        assert len(found.pages) == odd.pages, name
        assert odd.notice in " ".join(found.notices), name
        assert odd.native in (None, found.pages[0].native), name
        assert isinstance(supervisor.text(found.pages[0]).result(PATIENCE_S), TextReady), name
        supervisor.forget(str(odd.path))
    assert supervisor.worker_pid(WorkerKind.RENDER) == pid, "the worker died on the way"


def test_a_password_opens_a_protected_file_and_a_wrong_one_says_so(
    supervisor: Supervisor, odd_files: dict[str, OddFile]
) -> None:
    protected = next(odd for odd in odd_files.values() if odd.code == "password-needed")
    with pytest.raises(TesseraError) as caught:
        supervisor.open(str(protected.path), "not it").result(PATIENCE_S)
    assert caught.value.info.code == "password-wrong"
