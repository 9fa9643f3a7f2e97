"""Seen = read: at native zoom the window shows the very pixels that the reader gets, through the real render worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter
from pytestqt.qtbot import QtBot

from app.page_view.layout import ZoomMode
from app.page_view.tiles import TileQueue
from app.page_view.view import PageView
from engine.service.messages import DocumentOpened, PageImageReady
from engine.service.supervisor import Supervisor
from tests.gui.page_view_fakes import colors_of

TIMEOUT_S = 60.0


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    service = Supervisor()
    yield service
    service.close()


@pytest.fixture
def tiles(qtbot: QtBot, supervisor: Supervisor) -> Iterator[TileQueue]:
    queue = TileQueue(supervisor)
    yield queue
    queue.close()


def write_image(path: Path) -> None:
    image = QImage(1200, 700, QImage.Format.Format_RGB32)
    image.fill(QColor(240, 238, 230))
    painter = QPainter(image)
    for step in range(60):
        painter.fillRect(step * 20, step * 11, 13, 7, QColor(step * 4, 255 - step * 4, (step * 37) % 256))
    painter.drawText(100, 650, "Invoice total 1,204.50 EUR")
    painter.end()
    assert image.save(str(path))


def write_pdf(path: Path) -> None:
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A5))
    painter = QPainter(writer)
    for line in range(30):
        painter.drawText(500, 500 + line * 300, f"{line:02d}  Calibration service, serial K-{1000 + line * 37}")
    painter.drawEllipse(4000, 4000, 1500, 900)
    painter.end()


@pytest.mark.parametrize("name", ["page.png", "page.pdf"])
def test_native_zoom_shows_what_the_reader_gets(
    qtbot: QtBot, tmp_path: Path, supervisor: Supervisor, tiles: TileQueue, name: str
) -> None:
    path = tmp_path / name
    (write_image if name.endswith("png") else write_pdf)(path)
    opened = supervisor.open(str(path)).result(TIMEOUT_S)
    assert isinstance(opened, DocumentOpened)
    page = opened.document.pages[0]
    ready = supervisor.page_image(page).result(TIMEOUT_S)
    assert isinstance(ready, PageImageReady)
    read = np.fromfile(ready.path, np.uint8).reshape(ready.size.height, ready.size.width, 3)
    Path(ready.path).unlink()

    view = PageView(tiles)
    qtbot.addWidget(view)
    view.resize(page.native.width + 100, page.native.height + 100)
    view.show()
    view.set_document(opened.document)
    view.set_zoom_mode(ZoomMode.NATIVE)
    view._update_wishes()
    qtbot.waitUntil(lambda: tiles.in_flight == 0, timeout=int(TIMEOUT_S * 1000))
    image = QImage(view.viewport().size(), QImage.Format.Format_RGB32)
    view.viewport().render(image)
    place = view._layout.page_rect(0).translated(-view._offset())
    assert QRect(0, 0, image.width(), image.height()).contains(place)
    seen = colors_of(image)[place.top() : place.bottom() + 1, place.left() : place.right() + 1]
    assert (place.width(), place.height()) == (page.native.width, page.native.height)
    assert (seen == read).all()
