"""What comes back on the next start, and what never reaches the disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QPushButton

from app.answers import AnswerRecord, Stage
from app.main_window import MainWindow
from app.page_view.layout import ZoomMode
from app.panels.answer_card import AnswerCard
from app.panels.answer_list import CARDS_AT_ONCE
from app.session import Session, load_session, save_session, session_path
from app.settings import KEEP_PROTECTED, RESTORE_SESSION
from engine.documents.types import DocumentId
from engine.errors import OutputError
from engine.geometry import Size
from tests.gui.fake_service import FakeService, make_answer, make_document

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"
SECRET = "/docs/secret.pdf"


def record(number: int = 1) -> AnswerRecord:
    info = make_document(INVOICE, pages=3)
    return AnswerRecord(
        number,
        "total?",
        info.id,
        info.name,
        (0, 1, 2),
        3,
        "minicpm-v-16x",
        1.5,
        False,
        Stage.DONE,
        make_answer(info.pages[1]),
    )


def ask(window: MainWindow, question: str, qtbot: QtBot) -> None:
    window.panel.question.setPlainText(question)
    window.bench.asking.ask()
    qtbot.waitUntil(lambda: not window.bench.book.busy)


def test_a_session_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    session = Session(questions=("total?",), answers=(record(),), shown=INVOICE)
    save_session(tmp_path / "session.json", session)
    assert load_session(tmp_path / "session.json") == session


def test_a_broken_session_is_replaced_by_its_backup(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    save_session(path, Session(questions=("old?",)))
    save_session(path, Session(questions=("new?",)))
    path.write_text('{"documents": [')
    loaded = load_session(path)
    assert loaded is not None
    assert loaded.questions == ("old?",)


def test_a_session_of_before_there_were_models_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    save_session(path, Session(answers=(record(),)))
    stored = json.loads(path.read_text())
    for answer in stored["answers"]:
        del answer["reader"], answer["found"], answer["answer"]["evidence"]["pieces"]
    path.write_text(json.dumps(stored))
    loaded = load_session(path)
    assert loaded is not None
    assert loaded.answers == (record(),)


def test_no_session_is_no_error(tmp_path: Path) -> None:
    assert load_session(tmp_path / "session.json") is None


def test_a_full_disk_is_said_and_the_old_session_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "session.json"
    save_session(path, Session(questions=("kept?",)))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        save_session(path, Session())
    loaded = load_session(path)
    assert loaded is not None
    assert loaded.questions == ("kept?",)
    assert [each.name for each in tmp_path.iterdir()] == ["session.json"]


def test_documents_place_questions_and_answers_come_back(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    service.add(make_document(INVOICE, pages=3))
    service.add(make_document("/docs/other.pdf"))
    service.answer = lambda question, pages: make_answer(pages[0])
    first = make_window()
    for path in ("/docs/other.pdf", INVOICE):
        first.bench.store.open(path)
    qtbot.waitUntil(lambda: first.bench.pane.path == INVOICE)
    ask(first, "total?", qtbot)
    first.bench.pane.view.set_zoom(2.0)
    first.bench.pane.go_to(INVOICE, 2)
    place = first.bench.pane.view.state()
    first.close()

    second = make_window()
    qtbot.waitUntil(lambda: len(second.bench.store.documents) == 2)
    qtbot.waitUntil(lambda: second.bench.pane.path == INVOICE)
    assert second.bench.pane.view.zoom_mode is ZoomMode.FREE
    assert second.bench.pane.view.zoom == 2.0
    assert second.bench.pane.page == 2
    assert second.bench.pane.view.state() == place
    assert second.panel.question.history == ("total?",)
    assert [each.answer.text for each in second.bench.book.records if each.answer] == ["1,204.50 EUR"]
    second.bench.asking.show_answer(second.bench.book.records[0].number)
    assert second.bench.pane.view.marks_of(0).has_evidence


def test_files_on_the_command_line_come_instead_of_the_last_documents(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    for path in (INVOICE, "/docs/other.pdf"):
        service.add(make_document(path))
    first = make_window()
    first.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: first.bench.pane.path == INVOICE)
    first.close()
    second = make_window("/docs/other.pdf")
    qtbot.waitUntil(lambda: second.bench.pane.path == "/docs/other.pdf")
    assert [info.id.path for info in second.bench.store.documents] == ["/docs/other.pdf"]


@pytest.mark.parametrize("allowed", [False, True])
def test_nothing_of_a_protected_document_reaches_the_disk_unless_allowed(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot, allowed: bool
) -> None:
    service.add(make_document(INVOICE))
    service.add(make_document(SECRET, protected=True), password="Sesame")
    service.answer = lambda question, pages: make_answer(pages[0], "the secret answer")
    window = make_window()
    window.settings.set(KEEP_PROTECTED, allowed)
    window.bench.store.open(SECRET, "Sesame")
    qtbot.waitUntil(lambda: window.bench.pane.path == SECRET)
    ask(window, "the secret question?", qtbot)
    window.close()
    stored = "".join(path.read_text(errors="replace") for path in session_path().parent.rglob("*") if path.is_file())
    for text in ("secret answer", "secret question", "secret.pdf"):
        assert (text in stored) is allowed
    assert "Sesame" not in stored


def test_a_session_that_shall_not_be_restored_is_emptied(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    service.add(make_document(INVOICE))
    window = make_window()
    window.settings.set(RESTORE_SESSION, False)
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.pane.path == INVOICE)
    window.close()
    assert load_session(session_path()) == Session()


def test_evidence_is_not_shown_on_a_document_that_has_changed(
    window: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    info = make_document(INVOICE, pages=3)
    service.add(info)
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.pane.path == INVOICE)
    old = AnswerRecord(
        1,
        "total?",
        DocumentId(INVOICE, "another sha256"),
        info.name,
        (0,),
        3,
        "minicpm-v-16x",
        1.0,
        False,
        Stage.DONE,
        make_answer(info.pages[0]),
    )
    window.bench.book.restore((old,))
    window.bench.asking.show_answer(window.bench.book.records[-1].number)
    assert not window.bench.pane.view.marks_of(0).has_evidence
    assert "has changed since this answer was given" in window.bench.pane.messages.texts[0]


def test_the_size_of_the_window_comes_back(make_window: Callable[..., MainWindow]) -> None:
    first = make_window()
    first.resize(780, 600)
    first.actions_by_key["documents"].trigger()
    first.close()
    second = make_window()
    assert Size(second.width(), second.height()) == Size(780, 600)
    assert second.documents.isHidden()
    assert not second.actions_by_key["documents"].isChecked()


def test_a_long_history_is_listed_little_by_little(window: MainWindow, qtbot: QtBot) -> None:
    window.bench.book.restore(tuple(record(number) for number in range(1, 101)))
    answers = window.panel.answers
    qtbot.waitUntil(lambda: answers.card(100 - CARDS_AT_ONCE + 1) is not None)
    assert answers.card(100 - CARDS_AT_ONCE) is None
    assert answers.older == 100 - CARDS_AT_ONCE
    window.bench.asking.show_answer(5)
    card = answers.card(5)
    assert card is not None
    assert card.property("current")
    assert answers.neighbour(1) == 4
    layout = answers.widget().layout()
    assert layout is not None
    cards = [child for child in answers.widget().children() if isinstance(child, AnswerCard)]
    numbers = [card.number for card in sorted(cards, key=layout.indexOf)]
    assert numbers == sorted(numbers, reverse=True)


def test_a_second_window_keeps_no_session_and_says_so(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    service.add(make_document(INVOICE))
    service.add(make_document("/docs/other.pdf"))
    first = make_window()
    first.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: first.bench.pane.path == INVOICE)
    second = make_window()
    assert "are not kept for the next start" in second.frame.messages.texts[0]
    second.bench.store.open("/docs/other.pdf")
    qtbot.waitUntil(lambda: second.bench.pane.path == "/docs/other.pdf")
    second.close()
    first.close()
    session = load_session(session_path())
    assert session is not None
    assert [each.path for each in session.documents] == [INVOICE]


def test_the_sample_is_one_click_away(window: MainWindow, service: FakeService) -> None:
    window.frame.findChild(QPushButton).click()
    assert service.of_kind("open")[0].text.endswith("invoice.pdf")
