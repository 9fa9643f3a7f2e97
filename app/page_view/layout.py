"""Where pages, tiles and page units lie in the page view. Pure geometry: no widget, no painting, no file.

Everything is measured in *device pixels* of one tall sheet, the content: pages stacked from top to bottom, each at
whole pixels, so that tiles meet exactly at any devicePixelRatio. The scroll bars hold the content point that lies at
the viewport's upper left corner. Page units become device pixels by a page's *scale* (device px per page unit).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QTransform

from engine.documents.native import target_size
from engine.documents.types import PageRef
from engine.geometry import PagePoint, PageRect, Size
from engine.service.tiles import TILE_SIDE_PX

MARGIN_PX = 16
"""Logical px around the stack of pages."""
GAP_PX = 16
"""Logical px between two pages; as much as the margin, so that a fitted page stands alone."""
REVEAL_MARGIN_PX = 48
"""Logical px left around a place that is shown."""
REVEALED_AT = 0.3
"""Share of the window's height at which a place that was out of sight is shown."""
ZOOM_MIN = 0.02
ZOOM_MAX = 64.0
ZOOM_STEPS = (
    *(0.05, 0.1, 0.15, 0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0),
    *(2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0),
)
LOGICAL_PX_PER_POINT = 96 / 72
MAX_CONTENT_PX = 2**30
"""Scroll bars hold 32-bit integers; a document so long that it would pass this is zoomed less."""


class ZoomMode(StrEnum):
    """What decides the zoom: the user's own figure, or a rule that is applied again when the window changes."""

    FREE = "free"
    FIT_WIDTH = "fit-width"
    FIT_PAGE = "fit-page"
    NATIVE = "native"


@dataclass(frozen=True, slots=True)
class Level:
    """One page at one scale (device px per page unit) and turn of the view: what a grid of tiles belongs to."""

    page: PageRef
    scale: float
    rotation: int
    size: Size = field(init=False, compare=False, repr=False)
    """Device px of the turned page."""

    def __post_init__(self) -> None:
        upright = upright_size(self.page, self.scale)
        object.__setattr__(self, "size", upright.swapped() if self.rotation % 180 else upright)

    def __hash__(self) -> int:
        # Tiles are looked up by the hundred per frame: hashing every field of the page would cost milliseconds.
        page = self.page
        return hash((page.document.sha256, page.index, page.orientation, self.scale, self.rotation))

    def tile_rect(self, col: int, row: int) -> QRect:
        """The px of the turned page that tile (col, row) covers; smaller than 512 px at the right and lower edge."""
        size = self.size
        x, y = col * TILE_SIDE_PX, row * TILE_SIDE_PX
        return QRect(x, y, min(TILE_SIDE_PX, size.width - x), min(TILE_SIDE_PX, size.height - y))

    def tiles_in(self, region: QRect) -> Iterator[tuple[int, int]]:
        """(col, row) of the tiles that touch `region` (px of the turned page), row by row."""
        size = self.size
        part = region.intersected(QRect(0, 0, size.width, size.height))
        if part.isEmpty():
            return
        for row in range(part.top() // TILE_SIDE_PX, part.bottom() // TILE_SIDE_PX + 1):
            for col in range(part.left() // TILE_SIDE_PX, part.right() // TILE_SIDE_PX + 1):
                yield col, row


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """What a layout follows from. `viewport` is in device px; `zoom` 1.0 is 96 logical px per inch of a PDF page and
    one logical px per pixel of an image; `rotation` is the clockwise turn of the view (0, 90, 180, 270)."""

    zoom: float
    rotation: int
    dpr: float
    viewport: Size


def turn_transform(rotation: int, width: float, height: float) -> QTransform:
    """A page of `width` × `height` upright → the page turned clockwise by `rotation`, its corner at the origin."""
    match rotation:
        case 90:
            return QTransform(0, 1, -1, 0, height, 0)
        case 180:
            return QTransform(-1, 0, 0, -1, width, height)
        case 270:
            return QTransform(0, -1, 1, 0, 0, width)
        case _:
            return QTransform()


def unit_px(page: PageRef) -> float:
    """Logical px per page unit at zoom 1.0."""
    return 1.0 if page.native_dpi is None else LOGICAL_PX_PER_POINT


def native_scale(page: PageRef) -> float:
    """The scale at which one native pixel is one device pixel."""
    native, width, _ = _unrighted(page)
    return native.width / width


def upright_size(page: PageRef, scale: float) -> Size:
    """Device px of the page at `scale`, before the view is turned: by the render worker's own rule, to the pixel."""
    native, width, height = _unrighted(page)
    size = target_size(native, (width, height), scale)
    return size.swapped() if page.orientation % 180 else size


def _unrighted(page: PageRef) -> tuple[Size, float, float]:
    """Native size, width and height as they were before the page was righted, which is how the worker knows it."""
    if page.orientation % 180:
        return page.native.swapped(), page.height, page.width
    return page.native, page.width, page.height


def page_scale(page: PageRef, zoom: float, dpr: float) -> float:
    """Device px per page unit."""
    return zoom * unit_px(page) * dpr


def native_zoom(page: PageRef, dpr: float) -> float:
    """The zoom that shows `page` 1:1."""
    return native_scale(page) / (unit_px(page) * dpr)


def fitting_zoom(page: PageRef, spec: ViewSpec, mode: ZoomMode) -> float:
    """The zoom that FIT_WIDTH, FIT_PAGE or NATIVE gives `page`; `spec.zoom` itself for FREE."""
    if mode is ZoomMode.FREE:
        return spec.zoom
    if mode is ZoomMode.NATIVE:
        return clamp_zoom(native_zoom(page, spec.dpr))
    margins = 2 * round(MARGIN_PX * spec.dpr)
    width, height = (page.height, page.width) if spec.rotation % 180 else (page.width, page.height)
    per_unit = unit_px(page) * spec.dpr
    zoom = max(1, spec.viewport.width - margins) / (width * per_unit)
    if mode is ZoomMode.FIT_PAGE:
        zoom = min(zoom, max(1, spec.viewport.height - margins) / (height * per_unit))
    return clamp_zoom(zoom)


def clamp_zoom(zoom: float) -> float:
    return min(max(zoom, ZOOM_MIN), ZOOM_MAX)


def stepped_zoom(zoom: float, steps: int) -> float:
    """The zoom `steps` stops above (or below, if negative) `zoom` on the ladder of zooms."""
    for _ in range(abs(steps)):
        if steps > 0:
            zoom = next((stop for stop in ZOOM_STEPS if stop > zoom * 1.001), zoom)
        else:
            zoom = next((stop for stop in reversed(ZOOM_STEPS) if stop < zoom * 0.999), zoom)
    return zoom


def _sizes(pages: Sequence[PageRef], spec: ViewSpec) -> list[Size]:
    """Device px of every page. Pages of one paper size are measured once: a document may have thousands."""
    known: dict[tuple[float, float, Size, int], Size] = {}
    sizes = []
    for page in pages:
        key = (page.width, page.height, page.native, page.orientation)
        size = known.get(key)
        if size is None:
            scale = page_scale(page, spec.zoom, spec.dpr)
            size = known[key] = Level(page, scale, spec.rotation).size
        sizes.append(size)
    return sizes


class PageLayout:
    """The stack of pages for one `ViewSpec`. Immutable; a change of zoom, window or pages makes a new one."""

    def __init__(self, pages: Sequence[PageRef], spec: ViewSpec) -> None:
        self.pages = tuple(pages)
        self.spec = spec
        self._levels: dict[int, Level] = {}
        self._sizes = _sizes(self.pages, spec)
        margin, self._gap = round(MARGIN_PX * spec.dpr), round(GAP_PX * spec.dpr)
        widest = max((size.width for size in self._sizes), default=0)
        stack = sum(size.height for size in self._sizes) + self._gap * max(0, len(self._sizes) - 1)
        self.width = max(spec.viewport.width, widest + 2 * margin)
        self.height = max(spec.viewport.height, stack + 2 * margin)
        first = max(margin, (self.height - stack) // 2)
        self._tops = list(accumulate((size.height + self._gap for size in self._sizes), initial=first))[:-1]

    def __len__(self) -> int:
        return len(self.pages)

    def level(self, index: int) -> Level:
        level = self._levels.get(index)
        if level is None:
            page = self.pages[index]
            scale = page_scale(page, self.spec.zoom, self.spec.dpr)
            level = self._levels[index] = Level(page, scale, self.spec.rotation)
        return level

    def page_rect(self, index: int) -> QRect:
        """The page's place on the content, in whole device px."""
        size = self._sizes[index]
        return QRect((self.width - size.width) // 2, self._tops[index], size.width, size.height)

    def page_at(self, y: float) -> int:
        """The page at height `y` of the content; the nearest one in a gap or margin. Needs at least one page."""
        index = max(0, bisect_right(self._tops, y) - 1)
        below = self._tops[index] + self._sizes[index].height
        if y > below + self._gap / 2 and index + 1 < len(self.pages):
            return index + 1
        return index

    def pages_in(self, region: QRect) -> range:
        """The pages that touch `region` of the content, top to bottom."""
        if not self.pages or region.isEmpty():
            return range(0)
        first = max(0, bisect_right(self._tops, region.top()) - 1)
        if self._tops[first] + self._sizes[first].height <= region.top():
            first += 1
        return range(first, bisect_right(self._tops, region.bottom()))

    def to_content(self, index: int, point: PagePoint) -> QPointF:
        """Page units → device px of the content."""
        return self.content_transform(index).map(QPointF(point.x, point.y))

    def to_page(self, index: int, point: QPointF) -> PagePoint:
        """Device px of the content → page units; outside 0..width, 0..height where the point is beside the page."""
        back, _ = self.content_transform(index).inverted()
        found = back.map(point)
        return PagePoint(found.x(), found.y())

    def content_transform(self, index: int) -> QTransform:
        """Page units → device px of the content, as a transform: for many rectangles of one page at once."""
        page, level, place = self.pages[index], self.level(index), self.page_rect(index)
        upright = upright_size(page, level.scale)
        stretch = QTransform.fromScale(upright.width / page.width, upright.height / page.height)
        turn = turn_transform(self.spec.rotation, upright.width, upright.height)
        return stretch * turn * QTransform.fromTranslate(place.x(), place.y())

    def rect_to_content(self, index: int, rect: PageRect) -> QRectF:
        """A rectangle in page units → device px of the content."""
        return self.content_transform(index).mapRect(QRectF(rect.x0, rect.y0, rect.width, rect.height))

    def hit(self, point: QPointF) -> tuple[int, PagePoint] | None:
        """The page under a content point and where on it, or None between pages."""
        if not self.pages:
            return None
        index = self.page_at(point.y())
        rect = QRectF(self.page_rect(index))
        return (index, self.to_page(index, point)) if rect.contains(point) else None

    def revealing_offset(self, index: int, rect: PageRect, seen: QRectF) -> QPointF:
        """The offset that shows `rect` (page units) with a margin, as near to that of `seen` (the content now in
        sight) as may be. What was out of sight comes to the upper part of the window."""
        wanted, margin = self.rect_to_content(index, rect), REVEAL_MARGIN_PX * self.spec.dpr
        room = wanted.adjusted(-margin, -margin, margin, margin)
        x, y = seen.x(), seen.y()
        if room.left() < seen.left() or room.width() > seen.width():
            x = room.left()
        elif room.right() > seen.right():
            x = room.right() - seen.width()
        if room.top() < seen.top() or room.bottom() > seen.bottom():
            tall = room.height() > seen.height() * (1 - REVEALED_AT)
            y = room.top() if tall else wanted.top() - seen.height() * REVEALED_AT
        return QPointF(self.kept_on_page(index, x), y)

    def kept_on_page(self, index: int, x: float) -> float:
        """The horizontal offset nearest to `x` that shows no more of the desk beside the page than it must."""
        place, width = self.page_rect(index), self.spec.viewport.width
        margin = round(MARGIN_PX * self.spec.dpr)
        left, right = place.left() - margin, place.left() + place.width() + margin - width
        return (left + right) / 2 if right <= left else min(max(x, left), right)


def longest_zoom(pages: Sequence[PageRef], dpr: float) -> float:
    """The highest zoom at which the stack of pages still fits the scroll bars."""
    units = sum(max(page.width, page.height) * unit_px(page) for page in pages)
    return clamp_zoom(MAX_CONTENT_PX / (units * dpr)) if units else ZOOM_MAX


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of a page held still while the layout changes. Beside a page, `dx`, `dy` are the device px from the
    nearest point on it, because margins and gaps do not grow with the zoom."""

    page: int
    point: PagePoint
    dx: float
    dy: float

    @classmethod
    def at(cls, layout: PageLayout, content: QPointF) -> Anchor:
        index = layout.page_at(content.y())
        rect = layout.page_rect(index)
        x = min(max(content.x(), rect.x()), rect.x() + rect.width())
        y = min(max(content.y(), rect.y()), rect.y() + rect.height())
        return cls(index, layout.to_page(index, QPointF(x, y)), content.x() - x, content.y() - y)

    def in_content(self, layout: PageLayout) -> QPointF:
        return layout.to_content(self.page, self.point) + QPointF(self.dx, self.dy)
