"""The pixels of the lab's page: fetched tile by tile at native resolution, with halved copies for zooming out."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QImage, QPainter

from app.page_view.layout import Level, native_scale
from app.page_view.tiles import Priority, TileCache, TileKey, TileQueue, TileService
from app.task import Task, in_thread
from engine.documents.types import PageRef

MAX_PX = 48_000_000
"""Of a larger page a reduced picture is fetched, and the window says so."""
SMALLEST_LEVEL_PX = 256
BAND_PX = 128


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page's pixels. `levels` are the picture and its halves, the largest first; `scale` is px of the largest per
    native px, 1.0 unless the page is too large to be held."""

    page: PageRef
    scale: float
    levels: tuple[QImage, ...]

    @property
    def whole(self) -> QImage:
        return self.levels[0]

    def level_for(self, scale: float) -> QImage:
        """The smallest level that still has `scale` px per native px, so that nothing is reduced by more than half."""
        native = self.page.native.width
        return next((level for level in reversed(self.levels) if level.width() >= scale * native), self.whole)


def halved(image: QImage) -> tuple[QImage, ...]:
    """The image and its halves. Runs outside the GUI thread."""
    levels = [image]
    while max(levels[-1].width(), levels[-1].height()) >= 2 * SMALLEST_LEVEL_PX:
        levels.append(_half(levels[-1]))
    return tuple(levels)


def _half(image: QImage) -> QImage:
    """Half the image, band by band: Qt scales under the lock of Python's threads, which the window waits for."""
    width, height = max(1, image.width() // 2), max(1, image.height() // 2)
    half = QImage(width, height, QImage.Format.Format_RGB32)
    ways = (Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    painter = QPainter(half)
    for top in range(0, height, BAND_PX):
        rows = min(BAND_PX, height - top)
        end = image.height() if top + rows == height else 2 * (top + rows)
        band = image.copy(0, 2 * top, image.width(), end - 2 * top)
        painter.drawImage(0, top, band.scaled(width, rows, *ways))
    painter.end()
    return half


class PagePixels(QObject):
    """Fetches one page at a time. A page asked for later takes the place of an earlier one."""

    ready = Signal(object)
    """(PageImage)."""
    failed = Signal(object)
    """(ErrorInfo): the page cannot be rendered."""

    def __init__(self, service: TileService, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = TileQueue(service, TileCache(), self)
        self._level: Level | None = None
        self._image = QImage()
        self._missing: dict[TileKey, None] = {}
        self._halving: Task | None = None
        self._queue.tile_ready.connect(self._on_tile_ready)
        self._queue.page_failed.connect(self._on_page_failed)

    def fetch(self, page: PageRef | None) -> None:
        """Fetch the pixels of `page`, again if it failed before; None stops what is under way."""
        if self._halving is not None:
            self._halving.cancel()
            self._halving = None
        self._level = None if page is None else _level_of(page)
        self._missing = {}
        if page is not None and self._level is not None:
            size = self._level.size
            self._image = QImage(size.width, size.height, QImage.Format.Format_RGB32)
            self._missing = dict.fromkeys((self._level, col, row) for col, row in _tiles(self._level))
            self._queue.retry(page)
        self._queue.wish({Priority.VISIBLE: tuple(self._missing)})

    def close(self) -> None:
        """Nothing is fetched any more."""
        self._queue.close()

    def _on_tile_ready(self, level: Level, col: int, row: int) -> None:
        key = (level, col, row)
        tile = self._queue.cache.get(key)
        if level != self._level or tile is None or key not in self._missing:
            return
        painter = QPainter(self._image)
        painter.drawImage(level.tile_rect(col, row).topLeft(), tile.image())
        painter.end()
        del self._missing[key]
        self._queue.cache.remove(key)
        self._queue.wish({Priority.VISIBLE: tuple(self._missing)})
        if not self._missing:
            self._halve(level)

    def _halve(self, level: Level) -> None:
        image, self._image = self._image, QImage()
        scale = level.scale / native_scale(level.page)
        task = Task(self, in_thread(lambda: PageImage(level.page, scale, halved(image))))
        self._halving = task.on_result(self.ready.emit).start()

    def _on_page_failed(self, page: PageRef) -> None:
        error = self._queue.error_of(page)
        if self._level is not None and page == self._level.page and error is not None:
            self._missing = {}
            self.failed.emit(error)


def _level_of(page: PageRef) -> Level:
    scale = native_scale(page) * min(1.0, math.sqrt(MAX_PX / page.native.area))
    return Level(page, scale, 0)


def _tiles(level: Level) -> list[tuple[int, int]]:
    return list(level.tiles_in(QRect(0, 0, level.size.width, level.size.height)))
