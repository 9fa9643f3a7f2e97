"""Small pictures of pages for the documents panel, from the same service and cache as the page view."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from app.page_view.layout import Level
from app.page_view.tiles import Priority, TileKey, TileQueue
from engine.documents.types import PageRef

EDGE_PX = 144
"""Logical px of a picture's longer side."""
PICTURE_LIMIT = 400
"""Pictures held; the list shows a few dozen at a time, and one may take 330 KB."""


class ThumbnailSource(QObject):
    """Makes thumbnails when nothing on screen is waiting for tiles. Each is one tile, so it is cached like one."""

    ready = Signal(object)
    """(page): its picture is there, or cannot be made."""

    def __init__(self, tiles: TileQueue, edge_px: int = EDGE_PX, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tiles = tiles
        self._edge_px = edge_px
        self._dpr = 1.0
        self._wanted: dict[TileKey, PageRef] = {}
        self._pictures: OrderedDict[PageRef, QImage] = OrderedDict()
        tiles.tile_ready.connect(self._on_tile_ready)
        tiles.page_failed.connect(self.ready)

    def set_device_pixel_ratio(self, dpr: float) -> None:
        """Pictures are made for this ratio from now on."""
        if dpr != self._dpr:
            self._dpr = dpr
            self._pictures.clear()

    def want(self, pages: Sequence[PageRef]) -> None:
        """Fetch the pictures of these pages, in this order, and of no others: call it as the list is scrolled."""
        self._wanted = {self._key(page): page for page in pages if page not in self._pictures}
        for key in [key for key in self._wanted if key in self._tiles.cache]:
            self._take(key)
        self._tiles.wish({Priority.THUMBNAIL: list(self._wanted)})

    def picture(self, page: PageRef) -> QImage | None:
        """The page's picture, or None as long as it is not there; its devicePixelRatio is set."""
        image = self._pictures.get(page)
        if image is not None:
            self._pictures.move_to_end(page)
        return image

    def failed(self, page: PageRef) -> bool:
        """Whether the page cannot be shown."""
        return self._tiles.error_of(page) is not None

    def keep_only(self, pages: Sequence[PageRef]) -> None:
        """Drop the pictures of all other pages: the documents they are of were closed."""
        kept = set(pages)
        for page in [page for page in self._pictures if page not in kept]:
            del self._pictures[page]

    def _key(self, page: PageRef) -> TileKey:
        scale = self._edge_px * self._dpr / max(page.width, page.height)
        return Level(page, scale, 0), 0, 0

    def _on_tile_ready(self, level: Level, col: int, row: int) -> None:
        if (level, col, row) in self._wanted:
            self._take((level, col, row))

    def _take(self, key: TileKey) -> None:
        tile = self._tiles.cache.get(key)
        page = self._wanted.pop(key, None)
        if tile is None or page is None:
            return
        # A copy: the page view may turn the tile's own colours over.
        image = tile.image(inverted=False).copy()
        image.setDevicePixelRatio(self._dpr)
        self._pictures[page] = image
        if len(self._pictures) > PICTURE_LIMIT:
            self._pictures.popitem(last=False)
        self.ready.emit(page)
