"""The window's documents: opening, refusing, passwords, dropping, pasting, closing, righting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel

from app.main_window import MainWindow
from app.panels.message_bar import MAX_HEIGHT_PX, PasswordBar
from engine.errors import ErrorInfo
from engine.paths import state_dir
from engine.readers.types import PageRead
from tests.gui.fake_service import FakeService, make_document, make_words, turned_words

if TYPE_CHECKING:
    from pytestqt.modeltest import ModelTester
    from pytestqt.qtbot import QtBot


@pytest.fixture
def invoice(service: FakeService) -> str:
    service.add(make_document("/docs/invoice.pdf", pages=3))
    return "/docs/invoice.pdf"


def test_files_of_the_command_line_are_opened_and_shown(
    make_window: Callable[..., MainWindow], invoice: str, qtbot: QtBot
) -> None:
    window = make_window(invoice)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)
    assert window.windowTitle() == "invoice.pdf – Tessera"
    assert window.toolbar.page_box.value() == 1
    assert window.toolbar.page_box.maximum() == 3


def test_no_request_reaches_the_service_before_the_first_paint(window: MainWindow, service: FakeService) -> None:
    assert service.requests == []


def test_a_missing_file_leaves_one_line_and_a_usable_window(window: MainWindow, invoice: str, qtbot: QtBot) -> None:
    window.bench.store.open("/docs/missing.pdf")
    qtbot.waitUntil(lambda: bool(window.bench.pane.messages.texts))
    (text,) = window.bench.pane.messages.texts
    assert text == "There is no file /docs/missing.pdf. Check the path and the spelling."
    window.bench.store.open(invoice)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)


def test_a_password_is_asked_for_in_the_window_until_it_is_right(
    window: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    service.add(make_document("/docs/secret.pdf", protected=True), password="Sesame")
    window.bench.store.open("/docs/secret.pdf")
    for password, then in (("sesame", "not the password"), ("Sesame", "")):
        qtbot.waitUntil(lambda: bool(window.bench.pane.messages.texts))
        bar = window.bench.pane.messages.findChild(PasswordBar)
        assert isinstance(bar, PasswordBar)
        bar.field.setText(password)
        qtbot.keyClick(bar.field, Qt.Key.Key_Return)
        if then:
            qtbot.waitUntil(lambda then=then: any(then in text for text in window.bench.pane.messages.texts))
    qtbot.waitUntil(lambda: window.bench.pane.path == "/docs/secret.pdf")
    assert window.bench.pane.messages.texts == ()


def test_dropped_files_are_opened(window: MainWindow, invoice: str, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(invoice)])
    event = QDropEvent(
        QPoint(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(event)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)


def test_a_pasted_screenshot_is_kept_as_png_in_the_state_folder(
    window: MainWindow, service: FakeService, qtbot: QtBot
) -> None:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    QGuiApplication.clipboard().setImage(image)
    window.actions_by_key["paste"].trigger()
    qtbot.waitUntil(lambda: bool(service.of_kind("open")))
    path = Path(service.of_kind("open")[0].text)
    assert path.parent.parent == state_dir()
    assert path.suffix == ".png"
    assert QImage(str(path)).size() == image.size()


def test_pasting_without_a_picture_says_so(window: MainWindow) -> None:
    QGuiApplication.clipboard().clear()
    window.actions_by_key["paste"].trigger()
    assert "no picture" in window.bench.pane.messages.texts[0]


def test_closing_the_last_document_brings_the_welcome_back(window: MainWindow, invoice: str, qtbot: QtBot) -> None:
    window.bench.store.open(invoice)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)
    window.actions_by_key["close"].trigger()
    assert window.bench.pane.path == ""
    assert window.windowTitle() == "Tessera"
    assert not window.actions_by_key["close"].isEnabled()


def test_a_closed_document_is_forgotten_by_the_service(
    window: MainWindow, service: FakeService, invoice: str, qtbot: QtBot
) -> None:
    window.bench.store.open(invoice)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)
    window.bench.store.close(invoice)
    assert service.forgotten == [invoice]


def test_a_righted_page_is_announced_and_can_be_undone(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    info = service.add(make_document("/docs/sideways.pdf"))
    service.words[info.id.path, 0] = turned_words(make_words(info.pages[0], "on its side"), 90)
    window.bench.store.open(info.id.path)
    qtbot.waitUntil(lambda: bool(window.bench.pane.messages.texts))
    assert "page 1 lay on its side and was righted" in window.bench.pane.messages.texts[0]
    shown = window.bench.store.page(info.id.path, 0)
    assert shown is not None
    assert (shown.orientation, shown.width) == (90, 842.0)
    assert window.bench.pane.view.pages[0] == shown
    window.bench.store.undo_righting(shown)
    assert window.bench.store.page(info.id.path, 0) == info.pages[0]
    assert window.bench.pane.view.pages[0] == info.pages[0]


def test_background_reading_takes_the_nearest_page_first(
    window: MainWindow, service: FakeService, invoice: str, qtbot: QtBot
) -> None:
    service.auto_read = False
    window.bench.store.open(invoice)
    qtbot.waitUntil(lambda: len(service.of_kind("read")) == 1)
    window.bench.pane.go_to(invoice, 2)
    first = service.of_kind("read")[0]
    first.send(PageRead(first.request, make_words(first.pages[0], "one")))
    qtbot.waitUntil(lambda: len(service.of_kind("read")) == 2)
    assert service.of_kind("read")[1].pages[0].index == 2


def test_notices_of_a_document_are_shown(window: MainWindow, service: FakeService, qtbot: QtBot) -> None:
    service.add(make_document("/docs/mended.pdf", notices=("The file was damaged and has been repaired.",)))
    window.bench.store.open("/docs/mended.pdf")
    qtbot.waitUntil(
        lambda: window.bench.pane.messages.texts == ("mended.pdf: The file was damaged and has been repaired.",)
    )


def test_of_many_files_the_first_and_then_the_last_is_shown(
    make_window: Callable[..., MainWindow], service: FakeService, qtbot: QtBot
) -> None:
    paths = [f"/docs/{name}.pdf" for name in "abcd"]
    for path in paths:
        service.add(make_document(path))
    window = make_window()
    shown: list[str] = []
    window.bench.pane.place_changed.connect(lambda path, page: shown.append(path))
    for path in paths:
        window.bench.store.open(path)
    qtbot.waitUntil(lambda: len(window.bench.store.documents) == 4)
    assert list(dict.fromkeys(shown)) == ["/docs/a.pdf", "/docs/d.pdf"]


def test_back_and_forward_lead_through_jumps(window: MainWindow, invoice: str, qtbot: QtBot) -> None:
    window.bench.store.open(invoice)
    qtbot.waitUntil(lambda: window.bench.pane.path == invoice)
    actions, pane = window.actions_by_key, window.bench.pane
    assert not actions["back"].isEnabled()
    pane.go_to(invoice, 1)
    pane.go_to(invoice, 2)
    pages = []
    for key in ("back", "back", "forward", "forward"):
        assert actions[key].isEnabled()
        actions[key].trigger()
        pages.append(pane.page)
    assert pages == [1, 0, 1, 2]
    assert not actions["forward"].isEnabled()


def test_many_messages_are_scrolled_and_none_is_lost(window: MainWindow, qtbot: QtBot) -> None:
    for number in range(12):
        window.bench.store.open(f"/docs/missing{number}.pdf")
    qtbot.waitUntil(lambda: len(window.frame.messages.texts) == 12)
    assert window.frame.messages.height() <= MAX_HEIGHT_PX
    window.frame.messages.remove("refused:/docs/missing3.pdf")
    assert len(window.frame.messages.texts) == 11
    window.actions_by_key["cancel"].trigger()
    assert window.frame.messages.texts == ()


def test_pages_that_cannot_be_read_end_the_reading(
    window: MainWindow, service: FakeService, invoice: str, qtbot: QtBot
) -> None:
    service.auto_read = False
    window.bench.store.open(invoice)
    for number in range(3):
        qtbot.waitUntil(lambda number=number: len(service.of_kind("read")) == number + 1)
        request = service.of_kind("read")[number]
        if number == 1:
            request.fail(ErrorInfo("page-timeout", "The page takes too long.", ""))
        else:
            request.send(PageRead(request.request, make_words(request.pages[0], "word")))
    qtbot.waitUntil(
        lambda: any(label.text() == "1 of 3 pages cannot be read" for label in window.status.findChildren(QLabel))
    )


def test_the_tree_of_documents_keeps_the_rules_of_models(
    window: MainWindow, service: FakeService, qtmodeltester: ModelTester, qtbot: QtBot
) -> None:
    for path, pages in (("/docs/a.pdf", 3), ("/docs/b.png", 1), ("/docs/c.pdf", 2)):
        service.add(make_document(path, pages=pages))
        window.bench.store.open(path)
    model = window.documents.model
    qtmodeltester.check(model)
    qtbot.waitUntil(lambda: len(window.bench.store.documents) == 3)
    qtmodeltester.check(model)
    window.bench.store.close("/docs/a.pdf")
    qtmodeltester.check(model)
    assert model.place(model.index_of("/docs/c.pdf", 1)) == ("/docs/c.pdf", 1)
    assert model.page_at(model.index_of("/docs/c.pdf")) is None
    assert not model.index_of("/docs/a.pdf").isValid()
