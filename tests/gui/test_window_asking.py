"""Asking in the window: scopes, cards, evidence, slices, cancelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from app.answers import Stage
from app.main_window import MainWindow
from app.panels.ask_panel import Scope
from engine.documents.types import PageRef
from engine.errors import ErrorInfo
from engine.readers.types import Answer, AnswerReady, AnswerStatus, PageRead, Preview, Progress
from tests.gui.fake_service import FakeService, make_answer, make_document, make_words

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"


@pytest.fixture
def opened(window: MainWindow, service: FakeService, qtbot: QtBot) -> MainWindow:
    """A window that shows an invoice of three pages."""
    service.add(make_document(INVOICE, pages=3))
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.pane.path == INVOICE)
    return window


def ask(window: MainWindow, question: str) -> int:
    window.panel.question.setPlainText(question)
    window.actions_by_key["ask"].trigger()
    return window.bench.book.records[-1].number


def texts_of(window: MainWindow, number: int) -> list[str]:
    card = window.panel.answers.card(number)
    assert card is not None
    return [label.text() for label in card.findChildren(QLabel) if not label.isHidden() and label.text()]


def choose_scope(window: MainWindow, scope: Scope) -> None:
    window.panel.scope_box.setCurrentIndex(window.panel.scope_box.findData(scope.value))


def answered(question: str, pages: tuple[PageRef, ...]) -> Answer:
    return make_answer(pages[0], pages_asked=tuple(page.index for page in pages))


def test_an_answer_shows_text_status_confidence_page_and_slices(
    opened: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = answered
    number = ask(opened, "What is the invoice total?")
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.DONE)
    texts = texts_of(opened, number)
    assert "1,204.50 EUR" in texts
    assert "answered 97 %" in texts
    card = opened.panel.answers.card(number)
    assert card is not None
    chips = [chip.accessibleName() for chip in card.findChildren(QPushButton)]
    assert chips == ["page 1", "Slice 7, 81 %", "Slice 5, 9 %"]
    assert opened.status.text == "Embedded reader · CPU · read 1240 × 1754 px, nothing downscaled · 0.4 s"


def test_the_evidence_of_a_new_answer_is_shown_on_the_page(
    opened: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = answered
    number = ask(opened, "total?")
    qtbot.waitUntil(lambda: opened.bench.asking.shown == number)
    assert opened.bench.pane.view.marks_of(0).has_evidence
    opened.actions_by_key["cancel"].trigger()
    assert not opened.bench.pane.view.marks_of(0).has_evidence


def test_a_guess_is_shown_as_one_with_its_runners_up(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.answer = lambda question, pages: make_answer(pages[0], "12 March", AnswerStatus.UNSURE, 0.61)
    number = ask(opened, "due date?")
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.DONE)
    assert "unsure 61 %: best guess" in texts_of(opened, number)
    assert "or: 903.20 (20 %); 12 March (11 %)" in texts_of(opened, number)


def test_not_found_says_where_it_was_looked_for(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.answer = lambda question, pages: make_answer(pages[0], "", AnswerStatus.NOT_FOUND, 0.02)
    choose_scope(opened, Scope.PAGE)
    number = ask(opened, "IBAN?")
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.DONE)
    assert "not found on page 1" in texts_of(opened, number)


@pytest.mark.parametrize(
    ("scope", "typed", "pages"),
    [
        (Scope.DOCUMENT, "", [0, 1, 2]),
        (Scope.PAGE, "", [1]),
        (Scope.RANGE, "2-3", [1, 2]),
        (Scope.RANGE, "3,1", [0, 2]),
    ],
)
def test_the_scope_decides_which_pages_are_asked(
    opened: MainWindow, service: FakeService, scope: Scope, typed: str, pages: list[int]
) -> None:
    opened.bench.pane.go_to(INVOICE, 1)
    choose_scope(opened, scope)
    opened.panel.range_field.setText(typed)
    ask(opened, "total?")
    assert [page.index for page in service.of_kind("ask")[0].pages] == pages


def test_a_range_outside_the_document_is_explained_and_the_question_kept(
    opened: MainWindow, service: FakeService
) -> None:
    choose_scope(opened, Scope.RANGE)
    opened.panel.range_field.setText("2-9")
    opened.panel.question.setPlainText("total?")
    opened.actions_by_key["ask"].trigger()
    assert service.of_kind("ask") == []
    assert opened.panel.question.toPlainText() == "total?"
    assert any("there are 3 pages" in label.text() for label in opened.panel.findChildren(QLabel))


def test_selected_documents_are_asked_one_by_one(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.add(make_document("/docs/other.pdf", pages=2))
    opened.bench.store.open("/docs/other.pdf")
    qtbot.waitUntil(lambda: len(opened.bench.store.documents) == 2)
    opened.documents.tree.selectAll()
    choose_scope(opened, Scope.SELECTED)
    ask(opened, "total?")
    assert [len(each.pages) for each in service.of_kind("ask")] == [3, 2]


def test_asking_without_a_document_says_what_to_do(window: MainWindow, service: FakeService) -> None:
    window.panel.question.setPlainText("total?")
    window.actions_by_key["ask"].trigger()
    assert service.requests == []
    assert any("Open a document first" in label.text() for label in window.panel.findChildren(QLabel))


def test_the_reader_introduces_itself_once(opened: MainWindow) -> None:
    ask(opened, "first?")
    hints = [label.text() for label in opened.panel.findChildren(QLabel) if "not a language model" in label.text()]
    assert len(hints) == 1
    ask(opened, "second?")
    assert not any("not a language model" in label.text() for label in opened.panel.findChildren(QLabel))


def test_a_provisional_answer_says_how_much_was_read(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    number = ask(opened, "total?")
    request = service.of_kind("ask")[0]
    answer = make_answer(request.pages[0], pages_read=(0,), pages_asked=(0, 1, 2))
    request.send(Preview(request.request, answer))
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.PROVISIONAL)
    assert "provisional, still reading · read 1 of 3 pages" in texts_of(opened, number)
    request.send(AnswerReady(request.request, answer))
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.DONE)
    assert "read 1 of 3 pages" in texts_of(opened, number)


def test_pages_read_for_a_question_count_as_read(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    ask(opened, "total?")
    request = service.of_kind("ask")[0]
    request.send(PageRead(request.request, make_words(request.pages[2], "page three")))
    qtbot.waitUntil(lambda: opened.bench.store.index(INVOICE, 2) is not None)


def test_progress_is_shown_on_the_card(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    number = ask(opened, "total?")
    request = service.of_kind("ask")[0]
    request.send(Progress(request.request, 1, 3, "Reading page 2 of 3"))
    qtbot.waitUntil(lambda: "Reading page 2 of 3" in texts_of(opened, number))


def test_escape_cancels_and_a_late_answer_is_dropped(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    number = ask(opened, "total?")
    request = service.of_kind("ask")[0]
    opened.actions_by_key["cancel"].trigger()
    assert request.cancelled
    assert opened.bench.book.records[0].stage is Stage.CANCELLED
    request.send(AnswerReady(request.request, make_answer(request.pages[0])))
    qtbot.waitUntil(lambda: "cancelled" in texts_of(opened, number))
    assert opened.bench.book.records[0].answer is None
    assert not opened.bench.book.busy


def test_a_dead_worker_is_an_error_on_the_card_and_earlier_answers_stay(
    opened: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = answered
    first = ask(opened, "total?")
    service.answer = None
    second = ask(opened, "date?")
    service.of_kind("ask")[1].fail(ErrorInfo("worker-died", "The reading process stopped.", "Ask once more."))
    qtbot.waitUntil(lambda: opened.bench.book.records[1].stage is Stage.FAILED)
    assert "The reading process stopped. Ask once more." in texts_of(opened, second)
    assert "1,204.50 EUR" in texts_of(opened, first)


def test_a_failed_question_can_be_asked_again(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    choose_scope(opened, Scope.PAGE)
    number = ask(opened, "total?")
    service.of_kind("ask")[0].fail(ErrorInfo("worker-died", "The reading process stopped.", "Ask once more."))
    qtbot.waitUntil(lambda: opened.bench.book.records[0].stage is Stage.FAILED)
    card = opened.panel.answers.card(number)
    assert card is not None
    service.answer = answered
    (again,) = [button for button in card.findChildren(QPushButton) if button.text() == "Ask again"]
    again.click()
    qtbot.waitUntil(lambda: [each.stage for each in opened.bench.book.records] == [Stage.DONE])
    assert [page.index for page in service.of_kind("ask")[1].pages] == [0]
    assert opened.panel.answers.card(number) is None


def test_clicking_a_slice_marks_the_answers_it_contributed_to(
    opened: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = answered
    ask(opened, "total?")
    qtbot.waitUntil(lambda: not opened.bench.book.busy)
    opened.bench.pane.slice_clicked.emit(0, 3, 1)
    texts = [label.text() for label in opened.panel.findChildren(QLabel)]
    assert "Page 1, slice in row 4, column 2: 1 answer came from here" in texts
    opened.bench.pane.slice_clicked.emit(0, 0, 0)
    texts = [label.text() for label in opened.panel.findChildren(QLabel)]
    assert "Page 1, slice in row 1, column 1: no answer came from here" in texts


def test_arrow_keys_walk_the_history_of_questions(opened: MainWindow, qtbot: QtBot) -> None:
    ask(opened, "first?")
    ask(opened, "second?")
    box = opened.panel.question
    box.setPlainText("draft")
    for key, text in (
        (Qt.Key.Key_Up, "second?"),
        (Qt.Key.Key_Up, "first?"),
        (Qt.Key.Key_Up, "first?"),
        (Qt.Key.Key_Down, "second?"),
        (Qt.Key.Key_Down, "draft"),
    ):
        qtbot.keyClick(box, key)
        assert box.toPlainText() == text


def test_enter_asks_and_shift_enter_starts_a_line(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    box = opened.panel.question
    box.setPlainText("total")
    box.moveCursor(box.textCursor().MoveOperation.End)
    qtbot.keyClick(box, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert service.of_kind("ask") == []
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert service.of_kind("ask")[0].text == "total"


def test_the_text_of_an_answer_is_copied(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.answer = answered
    number = ask(opened, "total?")
    qtbot.waitUntil(lambda: opened.bench.asking.shown == number)
    opened.actions_by_key["copy-answer"].trigger()
    assert QGuiApplication.clipboard().text() == "1,204.50 EUR"


def test_text_of_documents_is_never_taken_for_markup_or_reordered(
    opened: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.answer = lambda question, pages: make_answer(pages[0], "<b>\u202e05.402,1</b>")
    number = ask(opened, "total?")
    qtbot.waitUntil(lambda: "<b>05.402,1</b>" in texts_of(opened, number))
    card = opened.panel.answers.card(number)
    assert card is not None
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in card.findChildren(QLabel) if label.text())


def test_the_chosen_policy_and_cap_go_with_the_question(opened: MainWindow, service: FakeService) -> None:
    opened.toolbar.cap_box.setValue(36)
    ask(opened, "total?")
    assert opened.bench.book.records[0].policy == "minicpm-v-16x:36"
    opened.toolbar.policy_box.setCurrentIndex(opened.toolbar.policy_box.findData("llava-uhd-v1"))
    opened.toolbar.policy_box.activated.emit(opened.toolbar.policy_box.currentIndex())
    assert opened.toolbar.cap_box.value() == 7
    ask(opened, "total?")
    assert opened.bench.book.records[1].policy == "llava-uhd-v1"


def test_removing_a_card_removes_its_evidence(opened: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.answer = answered
    number = ask(opened, "total?")
    qtbot.waitUntil(lambda: opened.bench.asking.shown == number)
    opened.bench.book.remove(number)
    assert not opened.bench.pane.view.marks_of(0).has_evidence
    assert opened.panel.answers.card(number) is None
