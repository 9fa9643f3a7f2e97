"""Readers that cannot be loaded give way; changed devices and models are announced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from app.answers import Stage
from app.main_window import MainWindow
from engine.errors import ErrorInfo
from engine.readers.types import AnswerReady, AnswerStatus, Preview, ReaderChoice
from tests.gui.fake_service import FakeService, make_answer
from tests.gui.model_fakes import MODEL, TITLE, make_model_answer
from tests.gui.reader_steps import INVOICE, OTHER, ask, choose, messages

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.mark.parametrize("code", ["checkpoint", "device", "out-of-memory", "model-missing"])
def test_a_reader_that_cannot_be_loaded_gives_way_with_one_line(
    with_model: MainWindow, service: FakeService, qtbot: QtBot, code: str
) -> None:
    choose(with_model, MODEL)
    ask(with_model, service).fail(ErrorInfo(code, "The checkpoint lacks 3 tensors.", "Get it again."))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.FAILED)
    assert with_model.toolbar.reader_box.currentText() == "Cascade"
    said = "MiniCPM-V 4.6 cannot be used: The checkpoint lacks 3 tensors. Get it again. Cascade is selected."
    assert messages(with_model) == said


def test_the_question_can_be_put_to_the_reader_that_stepped_in(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, "embedded")
    choose(with_model, MODEL)
    ask(with_model, service).fail(ErrorInfo("out-of-memory", "It needs 9.0 GB.", "Choose int8."))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.FAILED)
    buttons = with_model.frame.messages.findChildren(QPushButton)
    (button,) = [each for each in buttons if each.text() == "Ask Embedded"]
    service.answer = lambda question, pages: make_answer(pages[0])
    button.click()
    qtbot.waitUntil(lambda: [each.stage for each in with_model.bench.book.records] == [Stage.DONE])
    assert service.of_kind("ask")[-1].reader == ReaderChoice()


def test_a_document_that_is_gone_is_not_blamed_on_the_reader(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    ask(with_model, service).fail(ErrorInfo("file-missing", f"There is no file {INVOICE}.", ""))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.FAILED)
    assert with_model.toolbar.reader_box.currentText() == TITLE
    assert messages(with_model) == ""


def test_a_cascade_whose_model_cannot_be_loaded_gives_way_and_keeps_the_first_answer(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = lambda question, pages: make_answer(pages[0])
    ask(with_model, service)
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    service.answer = None
    request = ask(with_model, service)
    request.send(Preview(1, make_answer(request.pages[0], "12 March", AnswerStatus.UNSURE, 0.4)))
    request.fail(ErrorInfo("checkpoint", "The checkpoint lacks 3 tensors.", ""))
    qtbot.waitUntil(lambda: with_model.bench.book.records[1].stage is Stage.FAILED)
    assert with_model.toolbar.reader_box.currentText() == "Embedded"
    card = with_model.panel.answers.card(2)
    assert card is not None
    texts = {label.text() for label in card.findChildren(QLabel)}
    assert {"12 March", "unsure 40 %: best guess", "The checkpoint lacks 3 tensors."} <= texts


def test_an_error_of_a_reader_that_has_answered_changes_nothing(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    request = ask(with_model, service)
    request.send(AnswerReady(1, make_model_answer(request.pages[0])))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    ask(with_model, service).fail(ErrorInfo("out-of-memory", "The page is too big.", "Use fewer slices."))
    qtbot.waitUntil(lambda: with_model.bench.book.records[1].stage is Stage.FAILED)
    assert with_model.toolbar.reader_box.currentText() == TITLE


def test_another_precision_has_to_prove_itself_again(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    request = ask(with_model, service)
    request.send(AnswerReady(1, make_model_answer(request.pages[0])))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    with_model.actions_by_key["precision-fp32"].trigger()
    ask(with_model, service).fail(ErrorInfo("out-of-memory", "It does not fit.", ""))
    qtbot.waitUntil(lambda: with_model.bench.book.records[1].stage is Stage.FAILED)
    assert with_model.toolbar.reader_box.currentText() == "Cascade"


def test_a_changed_device_is_announced(with_model: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    choose(with_model, MODEL)
    for number, device in enumerate(("cuda:0", "cpu")):
        request = ask(with_model, service)
        request.send(AnswerReady(1, replace(make_model_answer(request.pages[0]), device=device)))
        qtbot.waitUntil(lambda number=number: with_model.bench.book.records[number].stage is Stage.DONE)
        assert with_model.toolbar.device.text() == ("CUDA", "CPU")[number]
    assert messages(with_model) == "MiniCPM-V 4.6 int8 now computes on CPU int8, no longer on CUDA int8."


def test_another_model_than_the_one_asked_is_announced(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, MODEL)
    request = ask(with_model, service)
    request.send(AnswerReady(1, replace(make_model_answer(request.pages[0]), model=OTHER)))
    qtbot.waitUntil(lambda: with_model.bench.book.records[0].stage is Stage.DONE)
    assert messages(with_model) == "MiniCPM-OCR 1.0 int8 answered instead of MiniCPM-V 4.6."


def test_a_chosen_model_that_cannot_be_used_gives_way_before_anything_is_asked(
    with_model: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    choose(with_model, "embedded")
    choose(with_model, MODEL)
    service.of_kind("advise")[0].fail(ErrorInfo("checkpoint", "The checkpoint lacks 3 tensors.", "Get it again."))
    qtbot.waitUntil(lambda: with_model.toolbar.reader_box.currentText() == "Embedded")
    said = "MiniCPM-V 4.6 cannot be used: The checkpoint lacks 3 tensors. Get it again. Embedded is selected."
    assert messages(with_model) == said
