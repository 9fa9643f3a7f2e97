"""Geometry of the page view: the stack of pages, transforms, tiles, anchors."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRect

from app.page_view.layout import (
    MAX_CONTENT_PX,
    ZOOM_MAX,
    ZOOM_STEPS,
    Anchor,
    Level,
    PageLayout,
    ViewSpec,
    ZoomMode,
    fitting_zoom,
    longest_zoom,
    native_zoom,
    stepped_zoom,
)
from engine.documents.types import DocumentId, PageRef
from engine.geometry import PagePoint, PageRect, Size, turn_rect
from tests.gui.page_view_fakes import make_document

DOCUMENT = DocumentId("/documents/a.pdf", "a")
rotations = st.sampled_from([0, 90, 180, 270])
dprs = st.sampled_from([1.0, 1.25, 1.5, 1.75, 2.0])
zooms = st.floats(0.02, 64)
sides = st.floats(20, 3000)


@st.composite
def page_stacks(draw: st.DrawFn) -> tuple[PageRef, ...]:
    sizes = draw(st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
    return tuple(
        PageRef(DOCUMENT, index, str(index + 1), width, height, Size(round(width * 2), round(height * 2)), 144.0)
        for index, (width, height) in enumerate(sizes)
    )


@st.composite
def specs(draw: st.DrawFn) -> ViewSpec:
    viewport = Size(draw(st.integers(1, 4000)), draw(st.integers(1, 4000)))
    return ViewSpec(draw(zooms), draw(rotations), draw(dprs), viewport)


@given(page_stacks(), specs(), st.floats(0, 1), st.floats(0, 1), st.data())
def test_points_go_to_the_content_and_back(
    pages: tuple[PageRef, ...], spec: ViewSpec, across: float, down: float, data: st.DataObject
) -> None:
    layout = PageLayout(pages, spec)
    index = data.draw(st.integers(0, len(pages) - 1))
    page = pages[index]
    point = PagePoint(page.width * across, page.height * down)
    content = layout.to_content(index, point)
    back = layout.to_page(index, content)
    assert (back.x, back.y) == pytest.approx((point.x, point.y), abs=1e-4)
    place = layout.page_rect(index)
    assert place.x() - 1 <= content.x() <= place.x() + place.width() + 1
    assert place.y() - 1 <= content.y() <= place.y() + place.height() + 1


@given(page_stacks(), specs())
def test_pages_stand_apart_inside_the_content(pages: tuple[PageRef, ...], spec: ViewSpec) -> None:
    layout = PageLayout(pages, spec)
    places = [layout.page_rect(index) for index in range(len(pages))]
    whole = QRect(0, 0, layout.width, layout.height)
    assert all(whole.contains(place) for place in places)
    assert all(above.bottom() < below.top() for above, below in pairwise(places))


@given(page_stacks(), specs(), st.integers(0, 10_000), st.integers(1, 3000))
def test_pages_in_a_region_are_those_that_touch_it(
    pages: tuple[PageRef, ...], spec: ViewSpec, top: int, height: int
) -> None:
    layout = PageLayout(pages, spec)
    region = QRect(0, top, layout.width, height)
    touching = [index for index in range(len(pages)) if layout.page_rect(index).intersects(region)]
    assert list(layout.pages_in(region)) == touching


@given(rotations, st.floats(0, 500), st.floats(0, 700), st.floats(1, 90), st.floats(1, 90))
def test_rectangles_turn_with_the_view(rotation: int, x: float, y: float, width: float, height: float) -> None:
    page = make_document(1).pages[0]
    layout = PageLayout((page,), ViewSpec(0.75, rotation, 1.0, Size(1000, 1000)))
    rect = PageRect(x, y, x + width, y + height)
    place = layout.page_rect(0)
    turned = turn_rect(rect, (page.width, page.height), rotation)
    found = layout.rect_to_content(0, rect)
    corner = (found.x() - place.x(), found.y() - place.y(), found.width(), found.height())
    assert corner == pytest.approx((turned.x0, turned.y0, turned.width, turned.height), abs=1e-6)


@given(st.floats(20, 2000), st.floats(20, 2000), st.floats(0.01, 20), rotations)
def test_tiles_cover_the_page_without_gap_or_overlap(width: float, height: float, scale: float, rotation: int) -> None:
    level = Level(PageRef(DOCUMENT, 0, "1", width, height, Size(1, 1), 72.0), scale, rotation)
    size = level.size
    assume(size.area < 40_000_000)
    tiles = [level.tile_rect(col, row) for col, row in level.tiles_in(QRect(0, 0, size.width, size.height))]
    assert sum(tile.width() * tile.height() for tile in tiles) == size.area
    assert all(0 < tile.width() <= 512 and 0 < tile.height() <= 512 for tile in tiles)
    assert len({(tile.x(), tile.y()) for tile in tiles}) == len(tiles)


@given(page_stacks(), specs(), st.floats(0, 1), st.floats(0, 1))
def test_an_anchor_is_its_own_place(pages: tuple[PageRef, ...], spec: ViewSpec, across: float, down: float) -> None:
    layout = PageLayout(pages, spec)
    content = QPointF(layout.width * across, layout.height * down)
    same = Anchor.at(layout, content).in_content(layout)
    assert (same.x(), same.y()) == pytest.approx((content.x(), content.y()), abs=1e-3)


@given(page_stacks(), specs(), zooms, st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_an_anchor_on_a_page_stays_on_its_point_when_the_zoom_changes(
    pages: tuple[PageRef, ...], spec: ViewSpec, zoom: float, across: float, down: float
) -> None:
    point = PagePoint(pages[-1].width * across, pages[-1].height * down)
    before = PageLayout(pages, spec)
    anchor = Anchor.at(before, before.to_content(len(pages) - 1, point))
    assume(anchor.dx == 0 and anchor.dy == 0)
    after = PageLayout(pages, replace(spec, zoom=zoom))
    found = after.to_page(len(pages) - 1, anchor.in_content(after))
    assert (found.x, found.y) == pytest.approx((point.x, point.y), abs=1e-4)


@given(dprs, rotations, rotations)
def test_native_zoom_shows_one_native_pixel_as_one_device_pixel(dpr: float, orientation: int, rotation: int) -> None:
    page = make_document(1, 612.3, 792.7, 300.0).pages[0].turned(orientation)
    spec = ViewSpec(native_zoom(page, dpr), rotation, dpr, Size(500, 500))
    place = PageLayout((page,), spec).page_rect(0)
    native = page.native.swapped() if rotation % 180 else page.native
    assert (place.width(), place.height()) == (native.width, native.height)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("dpr", [1.0, 1.25, 1.5, 1.75])
def test_a_fitted_page_lies_inside_the_window(rotation: int, dpr: float) -> None:
    page = make_document(1).pages[0]
    spec = ViewSpec(1.0, rotation, dpr, Size(901, 703))
    zoom = fitting_zoom(page, spec, ZoomMode.FIT_PAGE)
    layout = PageLayout((page,), replace(spec, zoom=zoom))
    assert QRect(0, 0, 901, 703).contains(layout.page_rect(0))
    assert (layout.width, layout.height) == (901, 703)


def test_zoom_steps_climb_and_descend_the_ladder() -> None:
    assert stepped_zoom(1.0, 1) == 1.1
    assert stepped_zoom(1.0, -1) == 0.9
    assert stepped_zoom(0.8, 1) == 0.9
    assert stepped_zoom(ZOOM_STEPS[-1], 1) == ZOOM_MAX
    assert stepped_zoom(0.03, -1) == 0.03


def test_the_content_of_a_huge_document_fits_the_scroll_bars() -> None:
    pages = make_document(20_000).pages
    assert longest_zoom(pages, 2.0) < ZOOM_MAX
    assert 2 * sum(page.height for page in pages) * 96 / 72 * longest_zoom(pages, 2.0) <= MAX_CONTENT_PX * 1.001
    assert longest_zoom(make_document(3).pages, 1.0) == ZOOM_MAX
