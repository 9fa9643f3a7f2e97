"""Fixtures of the window's tests: a window over a fake service, and the rule that nothing is left running."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from app.machine import MachineView
from app.main_window import MainWindow
from app.settings import Settings
from app.theme import Theme
from tests.gui.fake_service import FakeService
from tests.gui.model_fakes import install_model
from tests.gui.reader_steps import opened

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

THREAD_GRACE_S = 5.0


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test that leaves a thread, a running timer or a top-level widget behind."""
    if "qtbot" not in request.fixturenames:
        # Such a test has no event loop and so nothing that could go on running.
        yield
        return
    threads = set(threading.enumerate())
    widgets = set(map(id, qapp.topLevelWidgets()))
    yield
    for thread in set(threading.enumerate()) - threads:
        thread.join(THREAD_GRACE_S)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    gc.collect()
    left = [thread.name for thread in set(threading.enumerate()) - threads]
    assert not left, f"threads still run: {left}"
    # type(), not isinstance(): lazy modules of other tests' libraries would be loaded by a look at their __class__.
    timers = [each for each in gc.get_objects() if issubclass(type(each), QTimer) and isValid(each) and each.isActive()]
    assert not timers, f"timers still run: {[timer.parent() for timer in timers]}"
    shown = [widget for widget in qapp.topLevelWidgets() if id(widget) not in widgets and widget.isVisible()]
    assert not shown, f"top-level widgets are left: {shown}"


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp, "light")


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture(autouse=True)
def plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of which nothing is known: tests say the same on every one."""
    monkeypatch.setattr("app.readers.look_at_machine", MachineView)


@pytest.fixture
def make_window(qtbot: QtBot, theme: Theme, service: FakeService) -> Iterator[Callable[..., MainWindow]]:
    """Makes windows that have begun: painted, the session loaded."""
    made: list[MainWindow] = []

    def make(*files: str) -> MainWindow:
        window = MainWindow(service, Settings(), theme, files)
        made.append(window)
        with qtbot.waitSignal(window.begun):
            window.show()
        qtbot.waitUntil(lambda: window.bench.keeper.ready)
        return window

    yield make
    for window in made:
        if isValid(window):
            window.close()
            window.deleteLater()


@pytest.fixture
def window(make_window: Callable[..., MainWindow]) -> MainWindow:
    return make_window()


@pytest.fixture
def with_model(make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot) -> MainWindow:
    """A window on a machine with a model, showing an invoice."""
    install_model()
    return opened(make_window(), service, qtbot, models=1)
