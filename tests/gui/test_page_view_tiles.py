"""The tile cache and queue: memory cap, order, cancelling, late and failed tiles, threads."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.page_view.layout import Level
from app.page_view.thumbnails import ThumbnailSource
from app.page_view.tiles import IN_FLIGHT, IN_FLIGHT_AHEAD, Priority, Tile, TileCache, TileKey, TileQueue
from engine.documents.types import PageRef
from engine.geometry import Size
from engine.service.requests import TilePixels
from tests.gui.page_view_fakes import FakeTileService, make_document

DOCUMENT = make_document(4)
PAGE = DOCUMENT.pages[0]
LEVEL = Level(PAGE, 20.0, 0)
TILE_BYTES = 512 * 512 * 4


def keys_of(level: Level, count: int) -> list[TileKey]:
    return [(level, col, 0) for col in range(count)]


def blank_tile(side: int = 512) -> Tile:
    return Tile(TilePixels(1, Size(side, side), bytes(side * side * 4)))


@pytest.fixture
def service() -> Iterator[FakeTileService]:
    fake = FakeTileService()
    yield fake
    fake.close()


@pytest.fixture
def tiles(qtbot: QtBot, service: FakeTileService) -> Iterator[TileQueue]:
    queue = TileQueue(service)
    yield queue
    queue.close()


def test_the_cache_never_holds_more_than_its_cap() -> None:
    cache = TileCache(10 * TILE_BYTES)
    for key in keys_of(LEVEL, 20):
        cache.put(key, blank_tile())
        assert cache.size_bytes <= cache.limit_bytes
    assert len(cache) == 10


def test_the_least_recently_used_tile_goes_first() -> None:
    cache = TileCache(3 * TILE_BYTES)
    first, second, third, fourth = keys_of(LEVEL, 4)
    for key in (first, second, third):
        cache.put(key, blank_tile())
    cache.get(first)
    cache.put(fourth, blank_tile())
    assert first in cache
    assert second not in cache


def test_other_levels_come_closest_and_sharper_first() -> None:
    cache = TileCache()
    for scale in (1.0, 2.0, 3.0, 9.0):
        cache.put((Level(PAGE, scale, 0), 0, 0), blank_tile(8))
    cache.put((Level(DOCUMENT.pages[1], 2.5, 0), 0, 0), blank_tile(8))
    found = cache.other_levels(Level(PAGE, 2.0, 0))
    assert [level.scale for level in found] == [3.0, 1.0, 9.0]


def test_forgetting_a_document_frees_its_tiles() -> None:
    cache = TileCache()
    other = Level(make_document(1).pages[0], 1.0, 0)
    cache.put((LEVEL, 0, 0), blank_tile())
    cache.put((other, 0, 0), blank_tile())
    cache.forget(PAGE.document)
    assert len(cache) == 1
    assert cache.size_bytes == TILE_BYTES
    assert cache.other_levels(Level(PAGE, 1.0, 0)) == []


def test_a_tile_whose_bytes_do_not_fill_it_is_refused() -> None:
    with pytest.raises(ValueError, match="came with 3 bytes"):
        Tile(TilePixels(1, Size(2, 2), b"abc"))


def test_inverting_a_tile_turns_its_colours_over_and_back() -> None:
    tile = Tile(TilePixels(1, Size(1, 1), bytes([10, 20, 30, 255])))
    assert tile.image(inverted=True).pixelColor(0, 0).getRgb()[:3] == (225, 235, 245)
    assert tile.image().pixelColor(0, 0).getRgb()[:3] == (30, 20, 10)


def test_wished_tiles_arrive_in_the_cache(qtbot: QtBot, service: FakeTileService, tiles: TileQueue) -> None:
    wishes = keys_of(LEVEL, 9)
    tiles.wish({Priority.VISIBLE: wishes})
    qtbot.waitUntil(lambda: all(key in tiles.cache for key in wishes))
    assert len(service.asked) == 9
    assert tiles.in_flight == 0


def test_tiles_are_announced_on_the_gui_thread(qtbot: QtBot, tiles: TileQueue) -> None:
    threads: list[threading.Thread] = []
    tiles.tile_ready.connect(lambda level, col, row: threads.append(threading.current_thread()))
    with qtbot.waitSignal(tiles.tile_ready):
        tiles.wish({Priority.VISIBLE: keys_of(LEVEL, 1)})
    assert threads == [threading.main_thread()]


def test_six_at_most_are_under_way_and_two_of_those_nobody_sees(service: FakeTileService, tiles: TileQueue) -> None:
    service.held = True
    tiles.wish({Priority.NEXT: keys_of(LEVEL, 20)})
    assert tiles.in_flight == IN_FLIGHT_AHEAD
    tiles.wish({Priority.VISIBLE: keys_of(Level(PAGE, 30.0, 0), 20)})
    assert tiles.in_flight == IN_FLIGHT


def test_visible_tiles_are_asked_for_before_all_others(service: FakeTileService, tiles: TileQueue) -> None:
    service.held = True
    seen, ahead = Level(PAGE, 30.0, 0), Level(PAGE, 20.0, 0)
    tiles.wish(
        {Priority.THUMBNAIL: keys_of(LEVEL, 1), Priority.NEXT: keys_of(ahead, 2), Priority.VISIBLE: keys_of(seen, 2)}
    )
    assert [spec.scale for spec in service.asked] == [30.0, 30.0]


def test_what_is_no_longer_wished_for_is_cancelled(service: FakeTileService, tiles: TileQueue) -> None:
    service.held = True
    first, second, third = keys_of(LEVEL, 3)
    tiles.wish({Priority.VISIBLE: [first, second]})
    tiles.wish({Priority.VISIBLE: [second, third]})
    assert [spec.x for spec in service.cancelled] == [0]
    assert tiles.in_flight == 2


def test_a_late_tile_of_a_cancelled_request_is_dropped(
    qtbot: QtBot, service: FakeTileService, tiles: TileQueue
) -> None:
    service.held = True
    old, new = keys_of(LEVEL, 2)
    tiles.wish({Priority.VISIBLE: [old]})
    spec, listener = next(iter(service.waiting.values()))
    tiles.wish({Priority.VISIBLE: [new]})
    service.deliver_late(spec, listener)
    service.release()
    qtbot.waitUntil(lambda: new in tiles.cache)
    assert old not in tiles.cache


def test_a_failed_page_is_not_asked_for_again_until_retried(
    qtbot: QtBot, service: FakeTileService, tiles: TileQueue
) -> None:
    bad, good = Level(DOCUMENT.pages[1], 2.0, 0), Level(DOCUMENT.pages[2], 2.0, 0)
    service.fail(1)
    tiles.wish({Priority.VISIBLE: [*keys_of(bad, 3), *keys_of(good, 3)]})
    qtbot.waitUntil(lambda: all(key in tiles.cache for key in keys_of(good, 3)))
    error = tiles.error_of(DOCUMENT.pages[1])
    assert error is not None
    assert "30 s" in error.message
    service.failing.clear()
    service.asked.clear()
    tiles.wish({Priority.VISIBLE: keys_of(bad, 3)})
    assert service.asked == []
    tiles.retry(DOCUMENT.pages[1])
    qtbot.waitUntil(lambda: all(key in tiles.cache for key in keys_of(bad, 3)))
    assert tiles.error_of(DOCUMENT.pages[1]) is None


def test_a_service_that_is_closing_is_not_asked_again(qtbot: QtBot, service: FakeTileService, tiles: TileQueue) -> None:
    service.held = True
    tiles.wish({Priority.VISIBLE: keys_of(LEVEL, 1)})
    service.cancel(next(iter(service.waiting)))
    qtbot.waitUntil(lambda: tiles.in_flight == 0)
    assert len(service.asked) == 1
    assert tiles.error_of(PAGE) is None


def test_a_closed_queue_cancels_everything_and_delivers_nothing(
    qtbot: QtBot, service: FakeTileService, tiles: TileQueue
) -> None:
    service.held = True
    tiles.wish({Priority.VISIBLE: keys_of(LEVEL, 3)})
    waiting = list(service.waiting.values())
    tiles.close()
    assert service.waiting == {}
    for spec, listener in waiting:
        service.deliver_late(spec, listener)
    tiles.wish({Priority.VISIBLE: keys_of(LEVEL, 3)})
    assert tiles.in_flight == 0
    assert len(tiles.cache) == 0


def test_a_tile_that_comes_after_its_queue_was_destroyed_harms_nobody(qtbot: QtBot, service: FakeTileService) -> None:
    service.held = True
    queue = TileQueue(service)
    queue.wish({Priority.VISIBLE: keys_of(LEVEL, 1)})
    with qtbot.waitSignal(queue.destroyed):
        queue.deleteLater()
    service.release()
    del queue
    gc.collect()


def thumbnail_pages(count: int) -> tuple[PageRef, ...]:
    return make_document(count, 300.0, 600.0).pages


def test_thumbnails_are_made_through_the_queue(qtbot: QtBot, tiles: TileQueue) -> None:
    source = ThumbnailSource(tiles, edge_px=100)
    source.set_device_pixel_ratio(1.5)
    page = thumbnail_pages(1)[0]
    assert source.picture(page) is None
    with qtbot.waitSignal(source.ready):
        source.want([page])
    picture = source.picture(page)
    assert picture is not None
    assert (picture.width(), picture.height(), picture.devicePixelRatio()) == (75, 150, 1.5)
    assert source.picture(thumbnail_pages(2)[1]) is None


def test_thumbnails_wanted_no_more_are_not_made(service: FakeTileService, tiles: TileQueue) -> None:
    service.held = True
    source = ThumbnailSource(tiles)
    pages = thumbnail_pages(6)
    source.want(pages[:2])
    source.want(pages[4:])
    assert [spec.page.index for spec in service.cancelled] == [0, 1]
    assert [spec.page.index for spec, _ in service.waiting.values()] == [4, 5]


def test_a_page_that_fails_is_told_to_the_thumbnails(qtbot: QtBot, service: FakeTileService, tiles: TileQueue) -> None:
    source = ThumbnailSource(tiles)
    page = thumbnail_pages(1)[0]
    service.fail(0)
    with qtbot.waitSignal(source.ready):
        source.want([page])
    assert source.failed(page)
    assert source.picture(page) is None
