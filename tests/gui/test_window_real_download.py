"""The dialog of models over the real download worker and a hub on this machine: stopped half way, gone on with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from app.main_window import MainWindow
from app.model_dialog import ModelDialog
from app.model_facts import Step
from app.service import LazyService
from app.settings import Settings
from app.startup import NoticeRelay, make_supervisor
from app.theme import Theme
from engine.models.installed import find, partial_folders
from tests.hub_server import MODEL, WEIGHTS, Conduct, Hub, running_hub

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

PATIENCE_MS = 60_000
HALF = 150_000


@pytest.fixture
def hub(loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def real(hub: Hub, qtbot: QtBot, theme: Theme) -> Iterator[MainWindow]:
    settings = Settings()
    service = LazyService(lambda: make_supervisor(settings, NoticeRelay()))
    window = MainWindow(service, settings, theme)
    with qtbot.waitSignal(window.begun):
        window.show()
    qtbot.waitUntil(lambda: window.bench.keeper.ready, timeout=PATIENCE_MS)
    yield window
    window.close()
    window.deleteLater()


def bytes_here() -> int:
    """How much of the weights has been written."""
    return max((path.stat().st_size for path in partial_folders(MODEL).rglob(f"{WEIGHTS}.part")), default=0)


def test_a_model_is_looked_up_fetched_stopped_gone_on_with_and_removed(
    hub: Hub, real: MainWindow, qtbot: QtBot
) -> None:
    release = threading.Event()
    hub.conducts[WEIGHTS] = [Conduct(cut_after=HALF, wait_for=release)]
    real.bench.choosing.show_models(MODEL)
    (dialog,) = real.findChildren(ModelDialog)
    downloads = real.bench.choosing.downloads
    assert hub.requests == []
    dialog.sheet.buttons[Step.LOOK_UP].click()
    qtbot.waitUntil(lambda: Step.DOWNLOAD in dialog.sheet.buttons, timeout=PATIENCE_MS)
    assert dialog.sheet.buttons[Step.DOWNLOAD].text() == "Download 300 kB"
    assert hub.asked_for(WEIGHTS) == []

    dialog.sheet.buttons[Step.DOWNLOAD].click()
    qtbot.waitUntil(lambda: downloads.of(MODEL).file == WEIGHTS and bytes_here() == HALF, timeout=PATIENCE_MS)
    dialog.sheet.buttons[Step.CANCEL].click()
    release.set()
    assert dialog.sheet.buttons[Step.DOWNLOAD].text().startswith("Go on, ")
    dialog.sheet.buttons[Step.DOWNLOAD].click()
    qtbot.waitUntil(lambda: Step.USE in dialog.sheet.buttons, timeout=PATIENCE_MS)
    assert hub.asked_for(WEIGHTS) == [None, f"bytes={HALF}-"]
    assert find(MODEL).problem == ""
    assert real.toolbar.reader_box.currentText() == "Cascade"

    dialog.sheet.buttons[Step.REMOVE].click()
    dialog.sheet.buttons[Step.REMOVE].click()
    qtbot.waitUntil(lambda: real.toolbar.reader_box.currentText() == "Embedded", timeout=PATIENCE_MS)
