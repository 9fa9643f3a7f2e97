"""Search, settings, the task idiom, export, notices, the crash log, and what the window process imports."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox
from shiboken6 import delete

from app.borders import show_bugs
from app.main_window import MainWindow
from app.search import PageIndex
from app.settings import BUDGET_S, DIM_REST, FILE_NAME, SETTINGS, THEME, VECTOR_DPI, Settings
from app.settings_dialog import SettingsDialog
from app.startup import NoticeRelay, keep_crash, parse_arguments
from app.stop_signals import StopSignals
from app.task import CANCELLED, Task, in_thread, mailbox
from engine.batch.csv_file import read_csv
from engine.errors import ErrorInfo, SettingsError, UsageError
from engine.readers.types import Failed, PageRead, Progress
from engine.service.requests import Notice
from tests.gui.fake_service import FakePending, FakeService, make_answer, make_document, make_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"


# Search.


def test_words_are_found_across_words_without_case_and_accents() -> None:
    page = make_document(INVOICE).pages[0]
    index = PageIndex(make_words(page, "Größe der Rechnung: Café Zürich total Total"))
    assert len(index.find("total")) == 2
    assert len(index.find("cafe zurich")) == 1
    assert len(index.find("cafe zurich")[0].boxes) == 1
    assert index.find("absent") == []
    assert index.find("  ") == []


def test_search_counts_hits_and_walks_through_them(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    info = service.add(make_document(INVOICE, pages=3))
    service.words[INVOICE, 0] = make_words(info.pages[0], "total one")
    service.words[INVOICE, 2] = make_words(info.pages[2], "the total and the total")
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.store.read_count(INVOICE) == 3)
    window.actions_by_key["find"].trigger()
    window.bench.pane.search.field.setText("total")
    assert len(window.bench.pane.search.hits) == 3
    pages = []
    for _ in range(4):
        window.actions_by_key["find-next"].trigger()
        pages.append(window.bench.pane.page)
    assert pages == [0, 2, 2, 0]
    window.actions_by_key["find-previous"].trigger()
    assert window.bench.pane.page == 2
    assert any(label.text() == "3 of 3" for label in window.bench.pane.search.findChildren(QLabel))
    window.actions_by_key["cancel"].trigger()
    assert window.bench.pane.search.isHidden()


def test_search_says_when_not_all_pages_are_read(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    info = service.add(make_document(INVOICE, pages=2))
    service.auto_read = False
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: bool(service.of_kind("read")))
    window.actions_by_key["find"].trigger()
    window.bench.pane.search.field.setText("total")
    assert any(
        label.text() == "no match · 0 of 2 pages read" for label in window.bench.pane.search.findChildren(QLabel)
    )
    first = service.of_kind("read")[0]
    first.send(PageRead(first.request, make_words(info.pages[0], "total")))
    qtbot.waitUntil(lambda: len(window.bench.pane.search.hits) == 1)


# Settings.


def test_settings_keep_values_and_unknown_keys(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(json.dumps({"theme": "dark", "of_a_later_version": 5}))
    settings = Settings(None, tmp_path)
    assert settings.get(THEME) == "dark"
    settings.set(BUDGET_S, 20)
    stored = json.loads((tmp_path / FILE_NAME).read_text())
    assert (stored["theme"], stored["budget_s"], stored["of_a_later_version"]) == ("dark", 20, 5)
    assert Settings(None, tmp_path).get(BUDGET_S) == 20


@pytest.mark.parametrize(
    "stored", ['{"theme": "pink", "vector_dpi": "high", "dim_rest": 1}', "not JSON", "[]", '{"vector_dpi": 9999}']
)
def test_bad_values_become_defaults(tmp_path: Path, stored: str) -> None:
    (tmp_path / FILE_NAME).write_text(stored)
    settings = Settings(None, tmp_path)
    for setting in SETTINGS:
        assert settings.get(setting) == setting.default


def test_a_value_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        Settings(None, tmp_path).set(VECTOR_DPI, 5.0)


def test_keys_of_settings_are_unique() -> None:
    assert len({setting.key for setting in SETTINGS}) == len(SETTINGS)


def test_the_dialog_shows_and_changes_every_setting_with_a_label(window: MainWindow) -> None:
    dialog = SettingsDialog(window.settings, window)
    assert set(dialog.editors) == {setting.key for setting in SETTINGS if setting.label}
    dim, budget, theme = (dialog.editors[each.key] for each in (DIM_REST, BUDGET_S, THEME))
    assert isinstance(dim, QCheckBox)
    assert isinstance(budget, QSpinBox)
    assert isinstance(theme, QComboBox)
    dim.click()
    budget.setValue(30)
    assert window.settings.get(DIM_REST) is False
    assert window.settings.get(BUDGET_S) == 30
    dialog.deleteLater()


def test_the_grid_is_toggled_by_its_key_and_remembered(window: MainWindow, qtbot: QtBot) -> None:
    before = window.actions_by_key["grid"].isChecked()
    window.frame.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_G)
    assert window.actions_by_key["grid"].isChecked() is not before
    assert Settings().get(next(each for each in SETTINGS if each.key == "grid_visible")) is not before


# Tasks.


def begin_with(events: list[object]) -> Callable[[Callable[[object], None]], FakePending]:
    def begin(listener: Callable[[object], None]) -> FakePending:
        for event in events:
            listener(event)
        return FakePending(1, "test", listener)

    return begin


def test_events_arrive_in_order_on_the_gui_thread(qtbot: QtBot) -> None:
    parent = QObject()
    heard: list[object] = []

    def begin(listener: Callable[[object], None]) -> FakePending:
        def run() -> None:
            for done in range(50):
                listener(Progress(1, done, 50, ""))
            listener("the result")

        threading.Thread(target=run).start()
        return FakePending(1, "test", listener)

    threads = set()

    def hear(event: object) -> None:
        threads.add(threading.current_thread())
        heard.append(event.done if isinstance(event, Progress) else event)

    Task(parent, begin).on_progress(hear).on_result(hear).start()
    qtbot.waitUntil(lambda: len(heard) == 51)
    assert heard == [*range(50), "the result"]
    assert threads == {threading.main_thread()}


def test_nothing_is_heard_after_the_final_event_or_a_cancel(qtbot: QtBot) -> None:
    parent = QObject()
    heard: list[object] = []
    Task(parent, begin_with(["first", "second"])).on_result(heard.append).start()
    cancelled = Task(parent, begin_with(["never"])).on_result(heard.append).start()
    cancelled.cancel()
    last = Task(parent, begin_with(["last"])).on_result(heard.append).start()
    qtbot.waitUntil(lambda: not last.running)
    assert heard == ["first", "last"]


def test_a_task_whose_parent_is_gone_is_silent(qtbot: QtBot) -> None:
    parent, other = QObject(), QObject()
    heard: list[object] = []
    Task(parent, begin_with(["never"])).on_result(heard.append).start()
    delete(parent)
    last = Task(other, begin_with(["last"])).on_result(heard.append).start()
    qtbot.waitUntil(lambda: not last.running)
    assert heard == ["last"]


def test_an_error_without_a_callback_is_shown_by_the_window(window: MainWindow, qtbot: QtBot) -> None:
    error = ErrorInfo("output", "answers.csv cannot be written.", "Choose another folder.")
    Task(window, begin_with([Failed(1, error)])).start()
    qtbot.waitUntil(
        lambda: window.bench.pane.messages.texts == ("answers.csv cannot be written. Choose another folder.",)
    )


def test_a_cancelled_request_is_no_error(window: MainWindow, qtbot: QtBot) -> None:
    shown: list[object] = []
    mailbox().failed.connect(shown.append)
    task = Task(window, begin_with([Failed(1, ErrorInfo(CANCELLED, "Cancelled.", ""))])).start()
    qtbot.waitUntil(lambda: not task.running)
    assert shown == []


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (UsageError("no"), "usage"),
        (PermissionError(13, "Permission denied", "x"), "output"),
        (KeyError("k"), "internal"),
    ],
)
def test_whatever_a_thread_raises_becomes_one_line(qtbot: QtBot, problem: Exception, code: str) -> None:
    parent = QObject()
    errors: list[ErrorInfo] = []

    def job() -> object:
        raise problem

    Task(parent, in_thread(job)).on_error(errors.append).start()
    qtbot.waitUntil(lambda: len(errors) == 1)
    assert errors[0].code == code


# Export and notices.


def test_answer_cards_are_exported_as_the_table_of_a_run(
    window: MainWindow, service: FakeService, qtbot: QtBot, tmp_path: Path
) -> None:
    info = service.add(make_document(INVOICE, pages=2))
    service.answer = lambda question, pages: make_answer(pages[0])
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: bool(window.bench.pane.path))
    for question in ("total?", "=date?"):
        window.panel.question.setPlainText(question)
        window.bench.asking.ask()
    qtbot.waitUntil(lambda: not window.bench.book.busy)
    service.answer = None
    window.panel.question.setPlainText("under way?")
    window.bench.asking.ask()
    window.bench.commands.export_to(str(tmp_path / "answers.csv"))
    qtbot.waitUntil(lambda: any("2 answers were written" in text for text in window.bench.pane.messages.texts))
    rows = read_csv(tmp_path / "answers.csv")
    assert [row.question for row in rows] == ["total?", "=date?"]
    assert rows[0].sha256 == info.id.sha256
    assert rows[0].slices[0].row == 3


def test_an_export_that_cannot_be_written_is_explained(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.bench.commands.export_to(str(tmp_path / "missing" / "answers.csv"))
    qtbot.waitUntil(lambda: bool(window.bench.pane.messages.texts))
    assert "cannot be written" in window.bench.pane.messages.texts[0]


def test_a_restarted_worker_is_announced(window: MainWindow, qtbot: QtBot) -> None:
    relay = NoticeRelay()
    relay.came.connect(window.show_service_notice)
    thread = threading.Thread(target=relay.post, args=(Notice("The render process stopped; it was started again."),))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: window.bench.pane.messages.texts == ("The render process stopped; it was started again.",))


def test_a_bug_in_a_slot_or_a_thread_is_one_line_and_a_traceback_in_the_log(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    show_bugs()

    def bug() -> None:
        raise KeyError("a bug")

    thread = threading.Thread(target=bug)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(window.frame.messages.texts) == 1)
    assert "Something went wrong inside Tessera (KeyError: 'a bug')" in window.frame.messages.texts[0]
    assert "Traceback" in caplog.text
    window.frame.messages.clear()
    try:
        bug()
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)
    assert len(window.frame.messages.texts) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_a_signal_to_stop_closes_the_window_in_order(qtbot: QtBot) -> None:
    stopped: list[bool] = []
    parent = QObject()
    signals = StopSignals(lambda: stopped.append(True), parent)
    signal.raise_signal(signal.SIGTERM)
    qtbot.waitUntil(lambda: stopped == [True])
    assert signals.came
    signals.close()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    delete(parent)


# Starting.


def test_a_crash_log_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "window-crash.log"
    assert keep_crash(path) is None
    path.write_text("")
    assert keep_crash(path) is None
    path.write_text("Fatal Python error: Segmentation fault")
    kept = keep_crash(path)
    assert kept is not None
    assert "Segmentation" in kept.read_text()
    assert not path.exists()


def test_arguments_are_files_and_a_policy(capsys: pytest.CaptureFixture[str]) -> None:
    options = parse_arguments(["a.pdf", "--policy", "minicpm-v-16x:9", "b.png"])
    assert (options.files, options.policy) == (("a.pdf", "b.png"), "minicpm-v-16x")
    with pytest.raises(SystemExit) as stopped:
        parse_arguments(["--policy", "none-such"])
    assert stopped.value.code == 2
    assert "There is no slicing policy" in capsys.readouterr().err


HEAVY = {"numpy", "PIL", "pymupdf", "fitz", "torch", "transformers", "onnxruntime", "rapidocr", "cv2"}
START_AND_IMPORT_ALL = """
import sys, pkgutil, importlib
import app
for module in pkgutil.walk_packages(app.__path__, "app."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_no_module_of_the_window_imports_anything_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START_AND_IMPORT_ALL], capture_output=True, text=True, timeout=60, check=True
    )
    assert HEAVY & set(done.stdout.split()) == set()
    assert "PySide6" in done.stdout
