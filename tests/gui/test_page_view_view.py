"""The page view as a user meets it: sharp pixels, zoom, scrolling, gestures, failed pages, words for screen readers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.page_view.layout import ZoomMode
from app.page_view.tiles import TileQueue
from app.page_view.view import PageView, policy_plans
from engine.documents.types import DocumentInfo
from engine.errors import ErrorInfo
from engine.geometry import PagePoint, PageRect
from tests.gui.page_view_fakes import FakeTileService, colors_of, make_answer, make_document

SIZE = (640, 480)


class ScaledView(PageView):
    """A page view on a screen of another devicePixelRatio."""

    fixed_dpr = 1.0

    def _dpr(self) -> float:
        return self.fixed_dpr


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


@pytest.fixture
def view(qtbot: QtBot, tiles: TileQueue) -> PageView:
    widget = PageView(tiles)
    qtbot.addWidget(widget)
    widget.resize(*SIZE)
    widget.show()
    return widget


def settle(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    """Wait until every tile in sight is there."""
    view._update_wishes()
    qtbot.waitUntil(lambda: tiles.in_flight == 0)


def rendered(
    view: PageView, dpr: float = 1.0, shift: float = 0.0, ground: Qt.GlobalColor = Qt.GlobalColor.black
) -> QImage:
    """The viewport's pixels; `shift` device px off the whole pixel, as a widget's corner can be."""
    size = view.viewport().size()
    image = QImage(round(size.width() * dpr) + 2, round(size.height() * dpr) + 2, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(dpr)
    image.fill(ground)
    painter = QPainter(image)
    painter.translate(shift / dpr, shift / dpr)
    view.viewport().render(painter, QPoint())
    painter.end()
    return image


def at(view: PageView, page: int, point: PagePoint) -> QPointF:
    """Where a point of a page is on the viewport, in logical px."""
    content = view._layout.to_content(page, point) - QPointF(view._offset())
    return content / view._dpr()


def document_with_images(width: float = 900.0, height: float = 1300.0) -> DocumentInfo:
    return make_document(2, width, height, None)


@pytest.mark.parametrize("dpr", [1.0, 1.25, 1.5, 1.75, 2.0])
@pytest.mark.parametrize("shift", [0.0, 0.25, 0.75])
def test_every_tile_pixel_is_one_screen_pixel(qtbot: QtBot, tiles: TileQueue, dpr: float, shift: float) -> None:
    view = ScaledView(tiles)
    view.fixed_dpr = dpr
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.set_document(document_with_images())
    view.set_zoom_mode(ZoomMode.NATIVE)
    view.verticalScrollBar().setValue(301)
    settle(qtbot, view, tiles)
    corner = round(shift)
    pixels = colors_of(rendered(view, dpr, shift))[corner:, corner:]
    place = view._layout.page_rect(0).translated(-view._offset())
    width, height = round(view.viewport().width() * dpr), round(view.viewport().height() * dpr)
    left, right = max(place.left(), 0), min(place.left() + place.width(), width)
    seen = pixels[: height - 2, left : right - 2]
    ys, xs = np.mgrid[0 : height - 2, left : right - 2]
    assert place.width() == 900
    assert (seen[:, :, 2] == (xs - place.left()) % 256).all()
    assert (seen[:, :, 1] == (ys - place.top()) % 256).all()


@pytest.mark.parametrize("dpr", [1.0, 1.25, 1.5, 1.75])
@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.75])
def test_no_pixel_at_the_edge_is_left_unpainted(qtbot: QtBot, tiles: TileQueue, dpr: float, shift: float) -> None:
    view = ScaledView(tiles)
    view.fixed_dpr = dpr
    qtbot.addWidget(view)
    view.resize(333, 251)
    view.set_document(document_with_images())
    view.set_zoom_mode(ZoomMode.NATIVE)
    for x in (0, 10_000):
        view.horizontalScrollBar().setValue(x)
        image = rendered(view, dpr, shift, ground=Qt.GlobalColor.magenta)
        width, height = view.viewport().width() * dpr + shift, view.viewport().height() * dpr + shift
        pixels = colors_of(image)[math.ceil(shift) : math.floor(height), math.ceil(shift) : math.floor(width)]
        assert not (pixels == [255, 0, 255]).all(axis=2).any()


def test_the_middle_stays_in_the_middle_when_the_window_grows(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(4))
    view.set_zoom(3.0)
    view.go_to(2)
    view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum() // 3)
    before = view._layout.to_page(2, QPointF(view._offset()) + QPointF(view.viewport().width() / 2, 0))
    view.resize(SIZE[0] + 200, SIZE[1] + 100)
    after = view._layout.to_page(2, QPointF(view._offset()) + QPointF(view.viewport().width() / 2, 0))
    assert (after.x, after.y) == pytest.approx((before.x, before.y), abs=0.5)


def test_the_point_under_the_cursor_stays_when_zooming(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(6))
    view.set_zoom(2.0)
    view.go_to(2)
    view.scroll_by(0, 333)
    cursor = QPointF(217.0, 131.0)
    before = view._layout.hit(QPointF(view._offset()) + cursor)
    assert before is not None
    for zoom in (3.1, 9.0, 40.0, 3.0, 2.0):
        view.set_zoom(zoom, cursor)
        after = at(view, before[0], before[1])
        assert (after.x(), after.y()) == pytest.approx((cursor.x(), cursor.y()), abs=2.0 * zoom / 2)


def test_control_and_wheel_zoom_at_the_cursor(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(3))
    view.set_zoom(2.0)
    view.go_to(1)
    cursor = QPointF(300.0, 200.0)
    index, point = view._layout.hit(QPointF(view._offset()) + cursor) or (0, PagePoint(0, 0))
    wheel = QWheelEvent(
        cursor,
        view.viewport().mapToGlobal(cursor),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), wheel)
    assert view.zoom == pytest.approx(2.4)
    assert view.zoom_mode is ZoomMode.FREE
    moved = at(view, index, point)
    assert (moved.x(), moved.y()) == pytest.approx((cursor.x(), cursor.y()), abs=1.5)


def test_fitted_pages_follow_the_window(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(3))
    view.set_zoom_mode(ZoomMode.FIT_WIDTH)
    zoom = view.zoom
    view.resize(SIZE[0] * 2, SIZE[1])
    assert view.zoom > zoom * 1.8
    assert view.horizontalScrollBar().maximum() == 0
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    assert view._layout.page_rect(0).height() <= view.viewport().height()


def test_signals_tell_page_and_zoom(qtbot: QtBot, view: PageView) -> None:
    pages: list[int] = []
    zooms: list[float] = []
    view.page_changed.connect(pages.append)
    view.zoom_changed.connect(zooms.append)
    view.set_document(make_document(5))
    view.set_zoom(1.0)
    view.go_to(3)
    view.set_zoom(1.0)
    assert pages[-1] == view.current_page == 3
    assert zooms[-1] == 1.0
    assert len(zooms) == len(set(zooms))


def test_the_last_of_many_small_pages_can_be_gone_to(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(8))
    view.set_zoom(0.1)
    view.go_to(7)
    assert view.current_page == 7
    view.go_to(99)
    assert view.current_page == 7


def test_a_place_gone_to_is_in_sight_with_a_margin(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(6))
    view.set_zoom(3.0)
    for page, rect in (
        (4, PageRect(500, 780, 580, 800)),
        (0, PageRect(5, 5, 60, 20)),
        (2, PageRect(300, 400, 380, 420)),
    ):
        view.go_to(page, rect)
        place = view._layout.rect_to_content(page, rect)
        assert view._visible().contains(place.adjusted(-10, -10, 10, 10).toRect())
        assert view.current_page == page
        before = view._offset()
        view.go_to(page, rect)
        assert view._offset() == before


def test_rotating_the_view_keeps_the_middle_and_turns_tiles(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    view.set_document(make_document(3))
    view.go_to(1)
    view.rotate(90)
    assert view.rotation == 90
    assert view.current_page == 1
    settle(qtbot, view, tiles)
    assert service.asked[-1].rotation == 90
    view.rotate(-90)
    assert view.rotation == 0


def test_a_righted_page_takes_its_place(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    document = make_document(3)
    view.set_document(document)
    righted = document.pages[0].turned(90)
    view.replace_page(righted)
    place = view._layout.page_rect(0)
    assert place.width() > place.height()
    settle(qtbot, view, tiles)
    assert any(spec.page == righted for spec in service.asked)


def test_state_is_restored(qtbot: QtBot, view: PageView) -> None:
    document = make_document(6)
    view.set_document(document)
    view.set_zoom(2.5)
    view.go_to(4)
    view.scroll_by(30, 210)
    state = view.state()
    assert state is not None
    offset = view._offset()
    view.set_document(make_document(2))
    view.set_document(document)
    assert view.current_page == 0
    view.restore(state)
    assert (view.zoom, view.zoom_mode, view.current_page) == (2.5, ZoomMode.FREE, 4)
    assert (view._offset() - offset).manhattanLength() <= 2


def test_keys_move_through_the_document(qtbot: QtBot, view: PageView) -> None:
    view.set_document(make_document(4))
    view.set_zoom(2.0)
    bar = view.verticalScrollBar()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert bar.value() == bar.pageStep()
    qtbot.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert bar.value() == 0
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert bar.value() == bar.singleStep()
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert bar.value() == 0
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom == 2.5
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.zoom == 2.0
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.current_page == 2


@pytest.mark.parametrize("button", [Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton])
def test_dragging_pans(qtbot: QtBot, view: PageView, button: Qt.MouseButton) -> None:
    clicked: list[object] = []
    view.slice_clicked.connect(lambda *place: clicked.append(place))
    view.set_document(make_document(3))
    view.set_plan_provider(policy_plans("minicpm-v-16x"))
    view.set_zoom(2.0)
    view.scroll_by(0, 500)
    before = view.verticalScrollBar().value()
    qtbot.mousePress(view.viewport(), button, pos=QPoint(200, 300))
    qtbot.mouseMove(view.viewport(), QPoint(200, 250))
    qtbot.mouseMove(view.viewport(), QPoint(200, 200))
    qtbot.mouseRelease(view.viewport(), button, pos=QPoint(200, 200))
    assert view.verticalScrollBar().value() == before + 100
    assert clicked == []


def test_clicking_a_slice_names_it(qtbot: QtBot, view: PageView) -> None:
    view.set_plan_provider(policy_plans("minicpm-v-16x"))
    document = make_document(2)
    view.set_document(document)
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    page = document.pages[0]
    with qtbot.waitSignal(view.slice_clicked) as clicked:
        place = at(view, 0, PagePoint(page.width * 0.9, page.height * 0.9))
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    marks = view.marks_of(0)
    last = marks.slices[-1]
    assert clicked.args == [0, last.row, last.col]


def test_the_tooltip_tells_source_resized_and_tokens(qtbot: QtBot, view: PageView) -> None:
    view.set_plan_provider(policy_plans("minicpm-v-16x"))
    view.set_document(make_document(1))
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    first = view.marks_of(0).slices[0].view
    text = view.tooltip_at(at(view, 0, PagePoint(10, 10)))
    assert text.startswith("slice 0,0 · ")
    assert f"→ {first.size.width} × {first.size.height} px · {first.tokens} tokens" in text
    assert view.tooltip_at(QPointF(1, 1)) == ""
    view.set_grid_visible(False)
    assert view.tooltip_at(at(view, 0, PagePoint(10, 10))) == ""


def test_a_failed_page_says_so_and_the_others_go_on(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    service.failing[0] = ErrorInfo("page-timeout", "Page 1 took too long.", "The others stay usable.")
    document = make_document(2, 595, 300)
    view.set_document(document)
    view.set_zoom_mode(ZoomMode.FIT_WIDTH)
    settle(qtbot, view, tiles)
    rendered(view)
    assert tiles.error_of(document.pages[0]) is not None
    assert any(spec.page.index == 1 for spec in service.asked)
    panel = view._failures._shown[document.pages[0]]
    middle = QPointF(panel.frame.center())
    assert view.failure_at(middle) == "Page 1 took too long. The others stay usable."
    service.failing.clear()
    with qtbot.waitSignal(tiles.tile_ready):
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=panel.button.center())
    assert tiles.error_of(document.pages[0]) is None
    rendered(view)
    assert view.failure_at(middle) is None


def test_return_tries_a_failed_page_again(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    service.fail(0)
    document = make_document(1)
    view.set_document(document)
    view._update_wishes()
    qtbot.waitUntil(lambda: tiles.error_of(document.pages[0]) is not None)
    service.failing.clear()
    with qtbot.waitSignal(tiles.tile_ready):
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert tiles.error_of(document.pages[0]) is None


def test_the_first_tile_painted_is_told_once_per_document(qtbot: QtBot, view: PageView) -> None:
    qtbot.waitExposed(view)
    painted: list[int] = []
    view.first_tile_painted.connect(lambda: painted.append(1))
    with qtbot.waitSignal(view.first_tile_painted):
        view.set_document(make_document(3))
    with qtbot.waitSignal(view.first_tile_painted):
        view.set_document(make_document(2))
    assert painted == [1, 1]


def test_another_zoom_stands_in_until_sharp_tiles_come(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    service.paint = lambda spec: bytes([0, 0, 200, 255]) * (spec.width * spec.height)
    view.set_document(make_document(2))
    view.set_zoom_mode(ZoomMode.FIT_WIDTH)
    settle(qtbot, view, tiles)
    service.held = True
    view.set_grid_visible(False)
    for zoom in (view.zoom * 1.37, view.zoom * 0.61):
        view.set_zoom(zoom)
        place = view._layout.page_rect(0).translated(-view._offset()).intersected(view.viewport().rect())
        seen = colors_of(rendered(view))[place.top() + 2 : place.bottom() - 2, place.left() + 2 : place.right() - 2]
        known = seen[: min(seen.shape[0], 150)]
        assert (known == [200, 0, 0]).all()


def test_a_page_turned_by_the_view_stands_in_for_itself(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    view.set_grid_visible(False)
    view.set_document(make_document(1, 150, 100))
    view.set_zoom_mode(ZoomMode.NATIVE)
    settle(qtbot, view, tiles)
    service.held = True
    view.rotate(90)
    view.set_zoom_mode(ZoomMode.NATIVE)
    place = view._layout.page_rect(0).translated(-view._offset())
    pixels = colors_of(rendered(view))
    # px (x, y) of the turned page shows px (y, height - 1 - x) of the upright one, 208 px high.
    assert tuple(pixels[place.top() + 40, place.left() + 100]) == (0, 207 - 100, 40)


def test_inverting_turns_page_colours_over_and_back(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    view.set_grid_visible(False)
    view.set_document(make_document(1))
    view.set_zoom_mode(ZoomMode.FIT_PAGE)
    settle(qtbot, view, tiles)
    middle = (SIZE[1] // 2, view.viewport().width() // 2)
    plain = colors_of(rendered(view))[middle]
    view.set_inverted(True)
    assert (colors_of(rendered(view))[middle] == 255 - plain).all()
    view.set_inverted(False)
    assert (colors_of(rendered(view))[middle] == plain).all()


def test_tiles_stay_under_the_cap_at_any_zoom(qtbot: QtBot, view: PageView, tiles: TileQueue) -> None:
    tiles.cache.limit_bytes = 24 << 20
    view.set_document(make_document(40))
    for zoom in (0.05, 1.0, 8.0, 64.0):
        view.set_zoom(zoom)
        view.go_to(20)
        settle(qtbot, view, tiles)
        assert 0 < tiles.cache.size_bytes <= tiles.cache.limit_bytes


def test_the_view_describes_itself_in_words(qtbot: QtBot, view: PageView) -> None:
    assert view.accessibleName() == "Page view"
    assert view.accessibleDescription() == "No document is open."
    document = make_document(3)
    view.set_plan_provider(policy_plans("minicpm-v-16x"))
    view.set_document(document)
    view.set_zoom(1.0)
    view.show_evidence(make_answer(document, PageRect(480, 760, 540, 775), {(3, 1): 0.81, (3, 0): 0.09}))
    qtbot.waitUntil(lambda: "1,204.50" in view.accessibleDescription())
    words = view.accessibleDescription().replace("\u00a0", " ")
    assert "Page 1 of 3, zoom 100 %." in words
    assert "8 slices in 4 rows and 2 columns." in words
    assert "answered, confidence 97 % on page 1" in words
    assert "slice 7 81 %, slice 6 9 %" in words


def test_taking_the_document_away_leaves_an_empty_view(
    qtbot: QtBot, view: PageView, tiles: TileQueue, service: FakeTileService
) -> None:
    service.held = True
    view.set_document(make_document(3))
    view._update_wishes()
    view.set_document(None)
    view._update_wishes()
    assert service.waiting == {}
    assert view.state() is None
    assert view.accessibleDescription() == "No document is open."
    rendered(view)
