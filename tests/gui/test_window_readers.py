"""Choosing the reader: the list, the default, precision, offers of cards, the reader of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QLabel, QPushButton

from app.answers import Stage
from app.machine import MachineView
from app.main_window import MainWindow
from app.panels.reader_box import ReaderBox
from app.readers import ReaderShelf
from app.settings import BEST_SLICES, CONTRIBUTIONS, KEEP_BY, KEEP_TOKENS, MAX_TOKENS, PRECISION, READER, TOP_P
from app.settings_dialog import SettingsDialog
from engine.errors import ErrorInfo
from engine.models.installed import remove
from engine.readers.types import AnswerReady, AnswerStatus, KeepBy, ReaderChoice
from engine.service.messages import ModelAdvised
from tests.gui.fake_service import FakeService, make_answer
from tests.gui.model_fakes import MODEL, TITLE, install_model, make_advice, make_model_answer
from tests.gui.reader_steps import OTHER, OWN_TITLE, ask, choose, lines, messages, opened

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_without_a_model_the_embedded_reader_answers_and_the_cascade_cannot_be_chosen(
    window: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    opened(window, service, qtbot, models=0)
    box = window.toolbar.reader_box
    assert lines(box) == ["Embedded", "Cascade", OWN_TITLE, "Open model folder …", "Get a model …"]
    assert box.currentText() == "Embedded"
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    assert not model.item(1).isEnabled()
    assert ask(window, service).reader == ReaderChoice()
    assert window.toolbar.device.text() == "CPU"


def test_the_cascade_is_the_default_once_a_model_is_installed(with_model: MainWindow, service: FakeService) -> None:
    assert lines(with_model.toolbar.reader_box)[:3] == ["Embedded", "Cascade", TITLE]
    assert with_model.toolbar.reader_box.currentText() == "Cascade"
    assert ask(with_model, service).reader == ReaderChoice(f"cascade:{MODEL}")
    assert with_model.settings.get(READER) == ""


def test_what_the_user_chose_stays_chosen(
    with_model: MainWindow, service: FakeService, make_window: Callable[..., MainWindow], qtbot: QtBot
) -> None:
    choose(with_model, "embedded")
    assert ask(with_model, service).reader == ReaderChoice()
    with_model.close()
    again = opened(make_window(), service, qtbot, models=1)
    assert again.toolbar.reader_box.currentText() == "Embedded"


def test_a_chosen_model_is_asked_as_the_settings_say(with_model: MainWindow, service: FakeService) -> None:
    with_model.settings.set(MAX_TOKENS, 16)
    with_model.settings.set(CONTRIBUTIONS, False)
    with_model.actions_by_key["precision-int8"].trigger()
    choose(with_model, MODEL)
    assert ask(with_model, service).reader == ReaderChoice(MODEL, "int8", 16, contributions=False)
    assert with_model.toolbar.reader_box.currentText() == f"{TITLE} · int8"
    assert with_model.settings.get(PRECISION) == "int8"
    checked = [key for key in ("auto", "int8", "nf4") if with_model.actions_by_key[f"precision-{key}"].isChecked()]
    assert checked == ["int8"]


def test_what_a_model_is_spared_of_a_page_is_set_and_said(with_model: MainWindow, service: FakeService) -> None:
    choose(with_model, MODEL)
    box = with_model.toolbar.reader_box
    assert "Experimental" not in box.toolTip()
    for setting, value in ((BEST_SLICES, 4), (KEEP_TOKENS, 50), (KEEP_BY, "norm"), (TOP_P, 95)):
        with_model.settings.set(setting, value)
    expected = ReaderChoice(MODEL, best_slices=4, keep_tokens=0.5, keep_by=KeepBy.NORM, top_p=0.95)
    assert ask(with_model, service).reader == expected
    assert "Not all of a page is read" in box.toolTip()
    choose(with_model, "embedded")
    assert ask(with_model, service).reader == ReaderChoice()


def test_the_model_chosen_last_is_the_one_of_the_cascade(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    install_model()
    install_model(OTHER)
    window = opened(make_window(), service, qtbot, models=2)
    choose(window, MODEL)
    choose(window, "cascade")
    asked = ask(window, service).reader
    assert asked is not None
    assert asked.name == f"cascade:{MODEL}"


def test_a_question_asked_again_keeps_its_reader(with_model: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    choose(with_model, MODEL)
    ask(with_model, service).fail(ErrorInfo("worker-died", "The reading process stopped.", ""))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.FAILED)
    choose(with_model, "embedded")
    with_model.panel.again_wanted.emit(1)
    again = service.of_kind("ask")[-1].reader
    assert again is not None
    assert again.name == MODEL


def test_the_session_keeps_the_reader_of_an_answer(
    with_model: MainWindow, service: FakeService, make_window: Callable[..., MainWindow], qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    request = ask(with_model, service)
    request.send(AnswerReady(1, make_model_answer(request.pages[0])))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    with_model.close()
    again = make_window()
    qtbot.waitUntil(lambda: len(again.bench.book.records) == 1)
    assert again.bench.book.records[0].reader.name == MODEL


def test_a_model_that_lost_files_says_so_in_the_list(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    install_model()
    from engine.models.installed import folder_of

    (folder_of(MODEL) / "model.safetensors").unlink()
    window = opened(make_window(), service, qtbot, models=1)
    box = window.toolbar.reader_box
    assert box.currentText() == "Embedded"
    index = box.findData(MODEL)
    assert "lacks model.safetensors" in box.itemData(index, Qt.ItemDataRole.ToolTipRole)
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    assert not model.item(index).isEnabled()


def test_the_wheel_and_the_arrows_neither_choose_a_reader_nor_start_a_command(
    with_model: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    popups: list[str] = []
    # The offscreen platform has no popups that grab the keyboard.
    monkeypatch.setattr(ReaderBox, "showPopup", lambda box: popups.append(box.currentText()))
    box = with_model.toolbar.reader_box
    box.setFocus()
    point = QPointF(5, 5)
    turned = QWheelEvent(
        point,
        box.mapToGlobal(point),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    box.wheelEvent(turned)
    assert box.currentText() == "Cascade"
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == "Cascade"
    assert popups == ["Cascade"]


def test_an_open_list_is_not_changed_under_the_pointer(
    with_model: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = with_model.toolbar.reader_box
    listed = box.view()
    # The offscreen platform has no popups that grab the keyboard.
    with monkeypatch.context() as patched:
        patched.setattr(listed, "isVisible", lambda: True)
        with_model.bench.shelf.choose("embedded")
        assert box.currentText() == "Cascade"
    box.hidePopup()
    qtbot.waitUntil(lambda: box.currentText() == "Embedded")


def test_commands_in_the_list_leave_the_reader_as_it_is(with_model: MainWindow) -> None:
    started: list[str] = []
    command: QAction = with_model.actions_by_key["get-model"]
    command.triggered.disconnect()
    command.triggered.connect(lambda: started.append("get"))
    choose(with_model, command)
    assert started == ["get"]
    assert with_model.toolbar.reader_box.currentText() == "Cascade"


def offers(window: MainWindow, number: int) -> list[QPushButton]:
    card = window.panel.answers.card(number)
    assert card is not None
    texts = ("Ask the model", "Get a model …")
    return [each for each in card.findChildren(QPushButton) if each.text() in texts and each.isVisibleTo(card)]


@pytest.mark.parametrize("status", [AnswerStatus.UNSURE, AnswerStatus.NOT_FOUND])
def test_an_unsure_answer_offers_the_model(
    with_model: MainWindow, service: FakeService, qtbot: QtBot, status: AnswerStatus
) -> None:
    choose(with_model, "embedded")
    service.answer = lambda question, pages: make_answer(pages[0], status=status, confidence=0.3)
    ask(with_model, service)
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    service.answer = lambda question, pages: make_model_answer(pages[0])
    qtbot.waitUntil(lambda: len(offers(with_model, 1)) == 1)
    (button,) = offers(with_model, 1)
    assert button.text() == "Ask the model"
    button.click()
    asked = service.of_kind("ask")[-1].reader
    assert asked is not None
    assert asked.name == MODEL
    qtbot.waitUntil(lambda: [each.stage for each in with_model.bench.book.records] == [Stage.DONE, Stage.DONE])
    assert offers(with_model, 2) == []
    qtbot.waitUntil(lambda: with_model.bench.asking.shown == 2)


def test_a_sure_answer_offers_nothing(with_model: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.answer = lambda question, pages: make_answer(pages[0])
    ask(with_model, service)
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    assert offers(with_model, 1) == []


def test_without_a_model_an_unsure_answer_offers_to_get_one(
    window: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    from app.model_dialog import ModelDialog

    opened(window, service, qtbot, models=0)
    service.answer = lambda question, pages: make_answer(pages[0], status=AnswerStatus.NOT_FOUND)
    ask(window, service)
    qtbot.waitUntil(lambda: window.bench.book.records[0].stage is Stage.DONE)
    qtbot.waitUntil(lambda: len(offers(window, 1)) == 1)
    (button,) = offers(window, 1)
    assert button.text() == "Get a model …"
    button.click()
    (dialog,) = window.findChildren(ModelDialog)
    assert dialog.isVisible()


def test_an_idle_gpu_is_announced_once_with_the_command_to_copy(
    make_window: Callable[..., MainWindow], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    command = "python -m pip install torch==2.13.0+cu130"
    view = MachineView(cuda_hint="This machine has an NVIDIA GPU that torch cannot use.", cuda_command=command)
    monkeypatch.setattr("app.readers.look_at_machine", lambda: view)
    window = make_window()
    qtbot.waitUntil(lambda: "NVIDIA GPU" in messages(window))
    (button,) = [each for each in window.frame.messages.findChildren(QPushButton) if each.text() == "Copy the command"]
    button.click()
    assert QGuiApplication.clipboard().text() == command
    window.close()
    again = make_window()
    qtbot.waitUntil(lambda: again.bench.shelf.machine is view)
    assert messages(again) == ""


def test_the_settings_say_which_precision_is_recommended_here(with_model: MainWindow) -> None:
    advice = "int8 on the CPU (AVX2); fp32 for hybrid models"
    with_model.bench.shelf.machine = MachineView(advice=advice)
    with_model.bench.shelf.changed.emit()
    assert advice in with_model.actions_by_key["precision-auto"].toolTip()
    with_model.actions_by_key["settings"].trigger()
    (dialog,) = with_model.findChildren(SettingsDialog)
    assert any(advice in label.text() for label in dialog.findChildren(QLabel))


def test_a_chosen_model_says_what_it_needs_in_each_precision(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    service.of_kind("advise")[0].send(ModelAdvised(2, MODEL, make_advice()))
    qtbot.waitUntil(lambda: with_model.toolbar.reader_box.currentText() == f"{TITLE} · int8")
    actions = with_model.actions_by_key
    assert actions["precision-int8"].text() == "Precision int8 · 2.5 GB on CPU, recommended"
    assert actions["precision-fp32"].text() == "Precision fp32 · 9.0 GB on CPU, 1.0 GB more than is free"
    assert actions["precision-fp32"].isEnabled()
    assert not actions["precision-nf4"].isEnabled()
    assert actions["precision-nf4"].toolTip() == "nf4 is for NVIDIA GPUs."
    assert actions["precision-auto"].toolTip() == make_advice().reason
    assert make_advice().reason in with_model.toolbar.reader_box.toolTip()
    choose(with_model, "embedded")
    assert actions["precision-int8"].text() == "Precision int8"
    assert actions["precision-nf4"].isEnabled()


def test_a_chosen_model_that_is_gone_is_announced(
    with_model: MainWindow, service: FakeService, make_window: Callable[..., MainWindow], qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    with_model.close()
    remove(MODEL)
    again = opened(make_window(), service, qtbot, models=0)
    qtbot.waitUntil(lambda: messages(again) == "MiniCPM-V 4.6 is not there any more. Embedded is selected.")
    assert again.toolbar.reader_box.currentText() == "Embedded"


def test_a_question_before_the_models_are_listed_goes_to_the_chosen_one(with_model: MainWindow) -> None:
    choose(with_model, MODEL)
    shelf = ReaderShelf(with_model.settings, with_model.service, with_model)
    assert shelf.choice().name == MODEL


def test_a_run_is_read_by_the_reader_that_its_form_says(with_model: MainWindow) -> None:
    batch = with_model.bench.commands._make_batch()
    assert batch.form.setup().reader == ReaderChoice(f"cascade:{MODEL}")
    assert lines(batch.form.reader) == ["Embedded", "Cascade", TITLE, OWN_TITLE]
    assert batch.form.reader.currentText() == "Cascade"
    index = batch.form.reader.findData(MODEL)
    batch.form.reader.setCurrentIndex(index)
    batch.form.reader.activated.emit(index)
    assert batch.form.setup().reader == ReaderChoice(MODEL)


def test_a_run_keeps_a_reader_that_is_gone(with_model: MainWindow) -> None:
    batch = with_model.bench.commands._make_batch()
    batch.form.set_setup(replace(batch.form.setup(), reader=ReaderChoice("someone/gone")))
    assert batch.form.reader.currentText() == "gone"
    assert batch.form.setup().reader.name == "someone/gone"


@pytest.mark.parametrize("width", [1000, 1085, 1155])
def test_reader_and_device_stay_in_sight_in_a_narrow_window(with_model: MainWindow, qtbot: QtBot, width: int) -> None:
    choose(with_model, MODEL)
    with_model.resize(width, 700)
    shown = (with_model.toolbar.reader_box, with_model.toolbar.device)
    qtbot.waitUntil(lambda: all(each.isVisible() and each.geometry().right() <= width for each in shown))
