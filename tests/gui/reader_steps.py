"""What tests of choosing a reader do: open an invoice beside models, choose, ask, look at messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox

from app.main_window import MainWindow
from tests.gui.fake_service import FakePending, FakeService, make_document

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

INVOICE = "/docs/invoice.pdf"
OTHER = "openbmb/MiniCPM-OCR-1.0"
OWN_TITLE = "tessera-nano (experimental)"
"""The model that comes with Tessera, as the list of readers calls it."""


def opened(window: MainWindow, service: FakeService, qtbot: QtBot, models: int) -> MainWindow:
    service.add(make_document(INVOICE))
    window.bench.store.open(INVOICE)
    qtbot.waitUntil(lambda: window.bench.pane.path == INVOICE and len(window.bench.shelf.models) == models)
    return window


def ask(window: MainWindow, service: FakeService, question: str = "total?") -> FakePending:
    window.panel.question.setPlainText(question)
    window.bench.asking.ask()
    return service.of_kind("ask")[-1]


def lines(box: QComboBox) -> list[str]:
    return [box.itemText(index) for index in range(box.count()) if box.itemText(index)]


def choose(window: MainWindow, data: object) -> None:
    box = window.toolbar.reader_box
    index = next(each for each in range(box.count()) if box.itemData(each) == data)
    box.setCurrentIndex(index)
    box.activated.emit(index)


def messages(window: MainWindow) -> str:
    return "\n".join(window.frame.messages.texts)
