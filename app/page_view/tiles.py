"""The tiles of pages: a cache with a memory cap, and the queue that asks the service for what is missing.

The queue lives in the GUI thread. The service calls back on its own threads; each call becomes a queued signal. What
is no longer wished for is cancelled, and a result that comes all the same is dropped.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from app.page_view.layout import Level
from engine.documents.types import DocumentId, PageRef
from engine.errors import ErrorInfo, internal_error
from engine.readers.types import Failed
from engine.service.requests import TilePixels, TileSpec
from engine.service.tiles import BYTES_PER_PIXEL

logger = logging.getLogger(__name__)

CACHE_BYTES = 256 << 20
IN_FLIGHT = 6
IN_FLIGHT_AHEAD = 2
"""Tiles that nobody sees yet leave most of the worker to those that somebody does."""
CANCELLED = "cancelled"

TileKey = tuple[Level, int, int]
"""(level, col, row)."""


class Priority(IntEnum):
    """Who wishes for a tile; lower comes first."""

    VISIBLE = 0
    NEXT = 1
    NEIGHBOUR = 2
    THUMBNAIL = 3


class PendingTile(Protocol):
    """A tile request under way."""

    def cancel(self) -> None: ...


class TileService(Protocol):
    """The part of the supervisor that makes tiles. The listener gets TilePixels or Failed, on any thread."""

    def tile(self, spec: TileSpec, *, listener: Callable[[object], None]) -> PendingTile: ...


class Tile:
    """One tile's pixels as a QImage, in the colours last asked for."""

    __slots__ = ("_buffer", "_image", "_inverted", "size_bytes")

    def __init__(self, pixels: TilePixels) -> None:
        """Raises ValueError where the bytes do not fill the size."""
        width, height = pixels.size.width, pixels.size.height
        self.size_bytes = width * height * BYTES_PER_PIXEL
        if len(pixels.data) != self.size_bytes or self.size_bytes == 0:
            raise ValueError(f"a tile of {pixels.size} px came with {len(pixels.data)} bytes")
        # QImage does not copy: the bytes must live as long as it does.
        self._buffer: bytes | None = pixels.data
        self._image = QImage(pixels.data, width, height, width * BYTES_PER_PIXEL, QImage.Format.Format_RGB32)
        self._inverted = False

    def image(self, *, inverted: bool = False) -> QImage:
        """The pixels, inverted for night reading if asked. Turning over costs once per tile, not once per frame."""
        if inverted is not self._inverted:
            self._image.invertPixels()
            self._inverted = inverted
            self._buffer = None
        return self._image


class TileCache:
    """Tiles by level, least recently used thrown out first, never more than `limit_bytes` of pixels."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.size_bytes = 0
        self._by_age: OrderedDict[TileKey, Tile] = OrderedDict()
        self._by_page: dict[PageRef, dict[Level, dict[tuple[int, int], Tile]]] = {}

    def __contains__(self, key: TileKey) -> bool:
        return key in self._by_age

    def __len__(self) -> int:
        return len(self._by_age)

    def put(self, key: TileKey, tile: Tile) -> None:
        self.remove(key)
        level, col, row = key
        self._by_age[key] = tile
        self._by_page.setdefault(level.page, {}).setdefault(level, {})[col, row] = tile
        self.size_bytes += tile.size_bytes
        while self.size_bytes > self.limit_bytes:
            self.remove(next(iter(self._by_age)))

    def get(self, key: TileKey) -> Tile | None:
        """The tile, now the most recently used one."""
        tile = self._by_age.get(key)
        if tile is not None:
            self._by_age.move_to_end(key)
        return tile

    def remove(self, key: TileKey) -> None:
        tile = self._by_age.pop(key, None)
        if tile is None:
            return
        level, col, row = key
        self.size_bytes -= tile.size_bytes
        levels = self._by_page[level.page]
        del levels[level][col, row]
        if not levels[level]:
            del levels[level]
        if not levels:
            del self._by_page[level.page]

    def other_levels(self, level: Level) -> list[Level]:
        """Levels of the same page that hold tiles, the one closest in scale first; sharper beats coarser."""

        def distance(other: Level) -> float:
            ratio = other.scale / level.scale
            return ratio if ratio >= 1 else 2 / ratio

        return sorted((other for other in self._by_page.get(level.page, {}) if other != level), key=distance)

    def tiles_of(self, level: Level) -> Iterator[tuple[int, int, Tile]]:
        """(col, row, tile) of all tiles held of `level`."""
        for (col, row), tile in self._by_page.get(level.page, {}).get(level, {}).items():
            yield col, row, tile

    def forget(self, document: DocumentId) -> None:
        """Throw out every tile of a document."""
        for key in [key for key in self._by_age if key[0].page.document == document]:
            self.remove(key)


@dataclass(eq=False, slots=True)
class _Ticket:
    """One request under way. Its identity tells a result that is still wanted from a late one."""

    key: TileKey
    pending: PendingTile | None = None


class TileQueue(QObject):
    """Fetches wished-for tiles, the most urgent first and at most six at a time, into its cache."""

    tile_ready = Signal(object, int, int)
    """(level, col, row): the tile is in the cache."""
    page_failed = Signal(object)
    """(page): one of its tiles could not be made; `error_of` says why."""
    _event_came = Signal(object, object)

    def __init__(self, service: TileService, cache: TileCache | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.cache = cache or TileCache()
        self._service = service
        self._wishes: dict[Priority, tuple[TileKey, ...]] = {}
        self._tickets: dict[TileKey, _Ticket] = {}
        self._errors: dict[PageRef, ErrorInfo] = {}
        self._closed = False
        self._event_came.connect(self._on_event_come, Qt.ConnectionType.QueuedConnection)

    @property
    def in_flight(self) -> int:
        return len(self._tickets)

    def wish(self, wishes: dict[Priority, Sequence[TileKey]]) -> None:
        """Replace what is wished for at the given priorities; requests nobody wishes for any more are cancelled."""
        if self._closed:
            return
        self._wishes.update({priority: tuple(keys) for priority, keys in wishes.items()})
        wanted = {key for keys in self._wishes.values() for key in keys}
        for key in [key for key in self._tickets if key not in wanted]:
            self._cancel(self._tickets.pop(key))
        self._pump()

    def error_of(self, page: PageRef) -> ErrorInfo | None:
        """Why the page cannot be shown, if it cannot."""
        return self._errors.get(page)

    def retry(self, page: PageRef) -> None:
        """Forget that the page failed; it is fetched again if it is still wished for."""
        if self._errors.pop(page, None) is not None:
            self._pump()

    def forget(self, document: DocumentId) -> None:
        """Let go of everything about a document."""
        self.wish(
            {
                priority: [key for key in keys if key[0].page.document != document]
                for priority, keys in self._wishes.items()
            }
        )
        self._errors = {page: error for page, error in self._errors.items() if page.document != document}
        self.cache.forget(document)

    def close(self) -> None:
        """Cancel everything under way; nothing is asked for or delivered afterwards."""
        self._closed = True
        self._wishes.clear()
        tickets = list(self._tickets.values())
        self._tickets.clear()
        for ticket in tickets:
            self._cancel(ticket)

    def _pump(self) -> None:
        for priority in sorted(self._wishes):
            limit = IN_FLIGHT if priority is Priority.VISIBLE else IN_FLIGHT_AHEAD
            for key in self._wishes[priority]:
                if len(self._tickets) >= limit:
                    return
                if key not in self._tickets and key not in self.cache and key[0].page not in self._errors:
                    self._request(key)

    def _request(self, key: TileKey) -> None:
        level, col, row = key
        rect = level.tile_rect(col, row)
        spec = TileSpec(level.page, level.scale, level.rotation, rect.x(), rect.y(), rect.width(), rect.height())
        ticket = self._tickets[key] = _Ticket(key)
        # The service may answer before it returns, or on another thread: both only post to the event loop.
        ticket.pending = self._service.tile(spec, listener=lambda event: self._post(ticket, event))

    def _post(self, ticket: _Ticket, event: object) -> None:
        """Called on any thread."""
        if self._closed:
            return
        try:
            self._event_came.emit(ticket, event)
        except RuntimeError:
            # The window went between the check and the emit; nobody is left to show the tile.
            logger.debug("a tile came after its queue was destroyed")

    def _on_event_come(self, ticket: _Ticket, event: object) -> None:
        if self._tickets.get(ticket.key) is not ticket:
            return
        if isinstance(event, TilePixels):
            del self._tickets[ticket.key]
            self._keep(ticket.key, event)
        elif isinstance(event, Failed):
            del self._tickets[ticket.key]
            if event.error.code == CANCELLED:
                # Not by us: the service is closing, so asking again would go on for ever.
                return
            self._fail(ticket.key[0].page, event.error)
        self._pump()

    def _keep(self, key: TileKey, pixels: TilePixels) -> None:
        try:
            tile = Tile(pixels)
        except ValueError as error:
            logger.exception("unusable tile of page %d", key[0].page.index)
            self._fail(key[0].page, internal_error(error))
            return
        self.cache.put(key, tile)
        self.tile_ready.emit(*key)

    def _fail(self, page: PageRef, error: ErrorInfo) -> None:
        self._errors[page] = error
        for key in [key for key in self._tickets if key[0].page == page]:
            self._cancel(self._tickets.pop(key))
        self.page_failed.emit(page)

    def _cancel(self, ticket: _Ticket) -> None:
        if ticket.pending is not None:
            ticket.pending.cancel()
