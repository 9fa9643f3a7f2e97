"""A model's answer in the window: written word by word, previewed, measured slice by slice, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QLabel, QPushButton

from app.answers import Stage
from app.contributions import Look
from app.exporting import write_answers
from app.main_window import MainWindow
from app.panels.answer_card import AnswerCard
from app.panels.answer_text import AnswerText
from engine.batch.csv_file import read_csv
from engine.evidence.types import EvidenceMethod
from engine.readers.types import Answer, AnswerReady, AnswerStatus, ContributionFound, Preview, Progress, Token
from tests.gui.fake_service import FakePending, FakeService, make_answer, make_document
from tests.gui.model_fakes import TEXT, contributions_of, make_model_answer, make_preview

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"


@pytest.fixture
def asked(window: MainWindow, service: FakeService, qtbot: QtBot) -> FakePending:
    """The request of a question that a model is going to answer in `window`."""
    service.add(make_document(INVOICE))
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.pane.path == INVOICE)
    window.panel.question.setPlainText("total?")
    window.bench.asking.ask()
    return service.of_kind("ask")[0]


def card_of(window: MainWindow) -> AnswerCard:
    card = window.panel.answers.card(window.bench.book.records[-1].number)
    assert card is not None
    return card


def texts_of(window: MainWindow) -> list[str]:
    card = card_of(window)
    return [label.text() for label in card.findChildren(QLabel) if label.isVisibleTo(card) and label.text()]


def chips_of(window: MainWindow) -> list[str]:
    chips = [each for each in card_of(window).findChildren(QPushButton) if each.objectName() == "chip"]
    return [chip.accessibleName() for chip in chips if chip.isVisibleTo(card_of(window))]


def send(request: FakePending, *events: object) -> None:
    for event in events:
        request.send(event)


def finish(request: FakePending, answer: Answer, window: MainWindow, qtbot: QtBot) -> None:
    request.send(AnswerReady(request.request, answer))
    qtbot.waitUntil(lambda: window.bench.book.records[-1].stage is Stage.DONE)


def test_an_answer_is_shown_while_it_is_being_written(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    send(asked, Token(1, "1,204"), Token(1, ".50 "), Progress(1, 3, 7, "Slice 3 of 7"), Token(1, "\u202eEUR"))
    qtbot.waitUntil(lambda: TEXT in texts_of(window))
    assert {"writing …", "Slice 3 of 7"} <= set(texts_of(window))
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    qtbot.waitUntil(lambda: texts_of(window).count(TEXT) == 1)
    assert window.bench.book.written_of(1) == ""


def test_a_card_made_late_has_what_was_written_before(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    send(asked, Token(1, "1,204"))
    qtbot.waitUntil(lambda: "1,204" in texts_of(window))
    record = window.bench.book.records[-1]
    window.panel.answers._on_record_removed(record.number)
    window.panel.answers.set_current(record.number)
    assert "1,204" in texts_of(window)


def test_escape_ends_the_writing_and_late_words_are_dropped(
    asked: FakePending, window: MainWindow, qtbot: QtBot
) -> None:
    send(asked, Token(1, "1,204"))
    qtbot.waitUntil(lambda: "1,204" in texts_of(window))
    window.actions_by_key["cancel"].trigger()
    assert asked.cancelled
    assert window.bench.book.records[-1].stage is Stage.CANCELLED
    send(asked, Token(1, ".50"))
    qtbot.waitUntil(lambda: "cancelled" in texts_of(window))
    assert "1,204" not in texts_of(window)


def test_where_a_model_looked_is_called_that_everywhere(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    send(asked, Preview(1, make_preview(asked.pages[0])))
    qtbot.waitUntil(lambda: window.bench.asking.shown == 1)
    qtbot.waitUntil(
        lambda: chips_of(window) == ["page 1", "Slice 5, looked 42 %", "Slice 7, looked 30 %", "Slice 0, looked 10 %"]
    )
    assert "where it looked; contributions follow" in texts_of(window)
    view = window.bench.pane.view
    marks = view.marks_of(0)
    assert marks.looks == {Look.PREVIEW}
    mark = marks.find(2, 1)
    assert mark is not None
    assert mark.look is Look.PREVIEW
    assert "Where it looked, a preview: slice 5 42\u00a0%" in described(window)
    assert "Contributions" not in described(window)
    tip = tooltip(window, 2, 1)
    assert "where it looked: 42\u00a0% of the attention, a preview and no contribution" in tip


def described(window: MainWindow) -> str:
    window.bench.pane.view._describe()
    return window.bench.pane.view.accessibleDescription()


def tooltip(window: MainWindow, row: int, col: int) -> str:
    view = window.bench.pane.view
    mark = view.marks_of(0).find(row, col)
    assert mark is not None
    centre = view._logical(view._placing(0)(mark.box).toAlignedRect()).center()
    return view.tooltip_at(centre.toPointF())


def test_contributions_replace_the_preview_one_by_one(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    page = asked.pages[0]
    send(asked, Preview(1, make_preview(page)))
    measured = contributions_of(make_model_answer(page))[0]
    send(asked, ContributionFound(1, measured))
    qtbot.waitUntil(lambda: len(window.bench.book.records[0].found) == 1)
    qtbot.waitUntil(
        lambda: chips_of(window) == ["page 1", "Slice 7, 81 %", "Slice 5, looked 42 %", "Slice 0, looked 10 %"]
    )
    looks = {(mark.row, mark.col): mark.look for mark in window.bench.pane.view.marks_of(0).slices if mark.share}
    assert looks == {(3, 1): Look.CONTRIBUTION, (2, 1): Look.PREVIEW, (0, 0): Look.PREVIEW}
    finish(asked, make_model_answer(page), window, qtbot)
    qtbot.waitUntil(lambda: chips_of(window) == ["page 1", "Slice 7, 81 %", "Slice 5, 9 %"])
    assert window.bench.pane.view.marks_of(0).looks == {Look.CONTRIBUTION}
    assert not any("where it looked" in text for text in texts_of(window))


def test_only_what_was_measured_counts_as_evidence_of_a_slice(
    asked: FakePending, window: MainWindow, qtbot: QtBot
) -> None:
    page = asked.pages[0]
    send(asked, Preview(1, make_preview(page)), ContributionFound(1, contributions_of(make_model_answer(page))[0]))
    qtbot.waitUntil(lambda: len(window.bench.book.records[0].found) == 1)
    record = window.bench.book.records[0]
    assert record.came_from(INVOICE, 0, 3, 1)
    assert not record.came_from(INVOICE, 0, 2, 1)


def test_a_cancelled_measurement_keeps_what_it_found_and_says_so(
    asked: FakePending, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    page = asked.pages[0]
    send(asked, Preview(1, make_preview(page)), ContributionFound(1, contributions_of(make_model_answer(page))[0]))
    qtbot.waitUntil(lambda: len(window.bench.book.records[0].found) == 1)
    window.actions_by_key["cancel"].trigger()
    said = "where it looked; contributions of 1 of 8 slices were measured"
    qtbot.waitUntil(lambda: said in texts_of(window))
    path = tmp_path / "answers.csv"
    write_answers(path, window.bench.book.records)
    (row,) = read_csv(path)
    assert [(each.row, each.col) for each in row.slices] == [(3, 1)]


def test_an_answer_without_measuring_stays_a_preview(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_preview(asked.pages[0]), window, qtbot)
    assert "where it looked; contributions were not measured" in texts_of(window)
    assert chips_of(window)[1] == "Slice 5, looked 42 %"


def test_an_uncalibrated_confidence_says_that_it_is(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    assert "answered 71 % (not calibrated)" in texts_of(window)


@pytest.mark.parametrize(
    ("method", "gain", "said"),
    [
        (EvidenceMethod.HIDDEN_VIEWS, 0.49, True),
        (EvidenceMethod.HIDDEN_VIEWS, 0.5, False),
        (EvidenceMethod.HIDDEN_WORDS, 0.1, False),
    ],
)
def test_an_answer_that_does_not_depend_on_the_page_says_so_once(
    asked: FakePending, window: MainWindow, qtbot: QtBot, method: EvidenceMethod, gain: float, said: bool
) -> None:
    sentence = "This answer does not depend on the page."
    answer = make_model_answer(asked.pages[0], method, gain=gain)
    finish(asked, replace(answer, notices=(sentence,) if said else ()), window, qtbot)
    assert sum(sentence in text for text in texts_of(window)) == int(said)
    assert (sentence.rstrip(".") in card_of(window).accessibleName()) is said


def answer_text(window: MainWindow) -> AnswerText:
    (text,) = [each for each in card_of(window).findChildren(AnswerText) if each.isVisibleTo(card_of(window))]
    return text


def test_selected_words_show_their_own_slices(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    text = answer_text(window)
    qtbot.mouseDClick(text, Qt.MouseButton.LeftButton, pos=QPoint(text.width() // 2, text.height() // 2))
    text.setSelection(9, 3)
    text._report()
    assert chips_of(window) == ["page 1", "Slice 5, 60 %"]
    assert "selected words:" in texts_of(window)
    marks = window.bench.pane.view.marks_of(0)
    assert [(mark.row, mark.col, mark.look) for mark in marks.slices if mark.share] == [(2, 1, Look.WORDS)]
    assert "contribution to the selected words 60\u00a0%" in tooltip(window, 2, 1)
    text.setSelection(0, 0)
    text._report()
    assert chips_of(window) == ["page 1", "Slice 7, 81 %", "Slice 5, 9 %"]
    assert window.bench.pane.view.marks_of(0).find(3, 1).share == 0.81  # type: ignore[union-attr]  # the slice is there


def test_the_keyboard_reaches_words_that_have_slices_of_their_own(
    asked: FakePending, window: MainWindow, qtbot: QtBot
) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    text = answer_text(window)
    assert text.focusPolicy() is Qt.FocusPolicy.StrongFocus
    # The offscreen platform gives no focus by itself.
    text.focusInEvent(QFocusEvent(QEvent.Type.FocusIn, Qt.FocusReason.TabFocusReason))
    qtbot.keyClick(text, Qt.Key.Key_End, Qt.KeyboardModifier.ShiftModifier)
    assert text.selectedText() == TEXT
    assert chips_of(window)[1:] == ["Slice 7, 65 %", "Slice 5, 16 %"]


def test_words_of_several_pieces_share_by_their_length(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    answer_text(window).setSelection(5, 7)
    answer_text(window)._report()
    assert chips_of(window) == ["page 1", "Slice 7, 45 %", "Slice 5, 30 %"]


def test_an_answer_without_pieces_keeps_its_slices(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_answer(asked.pages[0]), window, qtbot)
    answer_text(window).setSelection(0, 5)
    answer_text(window)._report()
    assert chips_of(window) == ["page 1", "Slice 7, 81 %", "Slice 5, 9 %"]


def test_selected_places_are_those_of_the_text_as_the_model_wrote_it(qtbot: QtBot, window: MainWindow) -> None:
    text = AnswerText("\u202e😀 a\r\nb cd", window.panel)
    assert text.text() == "😀 a\nb cd"
    # In UTF-16 the face takes two units.
    text.setSelection(7, 2)
    assert text.selectedText() == "cd"
    assert text.selection() == (8, 10)
    text.deleteLater()


def test_a_click_on_the_answer_shows_where_it_stands(asked: FakePending, window: MainWindow, qtbot: QtBot) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    window.bench.asking.put_away()
    qtbot.mouseClick(answer_text(window), Qt.MouseButton.LeftButton)
    assert window.bench.asking.shown == 1


def test_a_later_step_of_the_cascade_begins_its_answer_anew(
    asked: FakePending, window: MainWindow, qtbot: QtBot
) -> None:
    page = asked.pages[0]
    send(asked, Token(1, "9"), Preview(1, make_answer(page, "903.20", AnswerStatus.UNSURE, 0.4)), Token(1, "1,204"))
    qtbot.waitUntil(lambda: "The model writes: 1,204" in texts_of(window))
    assert "903.20" in texts_of(window)
    assert "provisional, still reading" in texts_of(window)


def test_the_summary_names_model_precision_and_what_was_lost_of_the_resolution(
    asked: FakePending, window: MainWindow, qtbot: QtBot
) -> None:
    finish(asked, make_model_answer(asked.pages[0]), window, qtbot)
    assert window.status.text == ("MiniCPM-V 4.6 int8 · CPU · read 1240 × 1754 px, slices downscaled to 89 % · 0.4 s")
