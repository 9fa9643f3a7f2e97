"""The scrolling sheet of pages: zoom, scroll position, turn of the view, current page, and which tiles to fetch.

Knows nothing of slices or answers; `view.PageView` adds those and the user's gestures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.page_view.canvas import Canvas, device_pixels, paint_desk
from app.page_view.failure import FailurePanels
from app.page_view.layout import (
    MARGIN_PX,
    Anchor,
    Level,
    PageLayout,
    ViewSpec,
    ZoomMode,
    clamp_zoom,
    fitting_zoom,
    longest_zoom,
    stepped_zoom,
)
from app.page_view.tiles import TileQueue
from app.page_view.wishes import wishes_for
from engine.documents.types import DocumentInfo, PageRef
from engine.geometry import PagePoint, PageRect, Size

READING_LINE = 0.4
"""Share of the viewport's height at which the current page is told."""
SCROLL_STEP_PX = 56
ZOOM_PAUSE_MS = 70
"""Tiles are fetched once the zoom has rested this long: nobody sees those of the zooms in between."""


@dataclass(frozen=True, slots=True)
class ViewState:
    """What is restored on the next start. `point` of `page` (page units) lies at the viewport's upper left corner."""

    page: int
    point: PagePoint
    zoom: float
    mode: ZoomMode
    rotation: int


class SheetView(QAbstractScrollArea):
    """Pages of one document as a scrollable stack. Scroll bars count device pixels."""

    page_changed = Signal(int)
    zoom_changed = Signal(float)
    first_tile_painted = Signal()
    _tile_painted = Signal()

    def __init__(self, tiles: TileQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Every pixel is painted here; the desk need not be filled under the pages first.
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._tiles = tiles
        self._canvas = Canvas(tiles.cache)
        self._document: DocumentInfo | None = None
        self._mode = ZoomMode.FIT_WIDTH
        self._inverted = False
        self._settling = False
        self._current = 0
        self._pinned: int | None = None
        self._jumping = False
        self._fitted = 0
        self._direction = 1
        self._awaiting_first_tile = False
        self._failures = FailurePanels(tiles)
        self._layout = PageLayout((), ViewSpec(1.0, 0, self._dpr(), self._viewport_size()))
        self._wish_timer = QTimer(self)
        self._wish_timer.setSingleShot(True)
        self._wish_timer.timeout.connect(self._update_wishes)
        tiles.tile_ready.connect(self._on_tile_ready)
        tiles.page_failed.connect(self._on_page_failed)
        self._tile_painted.connect(self.first_tile_painted, Qt.ConnectionType.QueuedConnection)

    # What is shown.

    @property
    def document(self) -> DocumentInfo | None:
        return self._document

    @property
    def pages(self) -> tuple[PageRef, ...]:
        return self._layout.pages

    @property
    def current_page(self) -> int:
        """0-based."""
        return self._current

    @property
    def zoom(self) -> float:
        """1.0 is 96 logical px per inch of a PDF page, or one logical px per pixel of an image."""
        return self._layout.spec.zoom

    @property
    def zoom_mode(self) -> ZoomMode:
        return self._mode

    @property
    def rotation(self) -> int:
        """Clockwise turn of the view; changes nothing for the reader."""
        return self._layout.spec.rotation

    @property
    def inverted(self) -> bool:
        return self._inverted

    def set_document(self, document: DocumentInfo | None) -> None:
        """Show another document from its first page on, or none."""
        self._document = document
        self._awaiting_first_tile = document is not None
        always = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if document else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(always)
        self._current, self._pinned, self._fitted = 0, None, 0
        self._lay_out(document.pages if document else (), replace(self._layout.spec, rotation=0), None)
        self._set_offset(QPointF(max(0, self._layout.width - self._viewport_size().width) / 2, 0))
        self.page_changed.emit(self._current)

    def replace_page(self, page: PageRef) -> None:
        """Show `page` in the place of the page with its index: it was righted, or its righting undone."""
        pages = list(self._layout.pages)
        pages[page.index] = page
        self._lay_out(tuple(pages), self._layout.spec, self._centre())

    def set_inverted(self, inverted: bool) -> None:
        """Turn the colours of the pages over for reading at night; marks and panels keep theirs."""
        self._inverted = inverted
        self.viewport().update()

    # Zoom and turn.

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom freely, holding the point `at` (logical px of the viewport; its centre if None) still."""
        self._mode = ZoomMode.FREE
        zoom = min(clamp_zoom(zoom), longest_zoom(self.pages, self._dpr()))
        self._lay_out(
            self.pages, replace(self._layout.spec, zoom=zoom), at * self._dpr() if at is not None else self._centre()
        )
        self._wish_timer.start(ZOOM_PAUSE_MS)

    def zoom_by_steps(self, steps: int, at: QPointF | None = None) -> None:
        """Zoom in (or out, if negative) by stops of the ladder of zooms."""
        self.set_zoom(stepped_zoom(self.zoom, steps), at)

    def set_zoom_mode(self, mode: ZoomMode) -> None:
        """Fit the current page, now and whenever the window changes; FREE keeps the zoom as it is."""
        self._mode = mode
        self._fitted = self._current
        self._lay_out(self.pages, self._layout.spec, self._centre())
        if mode is ZoomMode.FIT_PAGE and self.pages:
            self.go_to(self._current)

    def rotate(self, degrees: int) -> None:
        """Turn the view clockwise by quarter turns; the reader is not affected."""
        rotation = (self.rotation + degrees) % 360
        self._lay_out(self.pages, replace(self._layout.spec, rotation=rotation), self._centre())

    # Scroll position.

    def go_to(self, page: int, rect: PageRect | None = None) -> None:
        """Show the top of a page, or the place `rect` (page units) on it with some margin around."""
        if not 0 <= page < len(self.pages):
            return
        # Near the end of a document the page cannot come to the reading line: it is current because it was asked for.
        self._pinned = self._fitted = page
        self._jumping = True
        if self._mode is not ZoomMode.FREE:
            self._lay_out(self.pages, self._layout.spec, None)
        if rect is None:
            self._show_top(page)
        else:
            self._set_offset(self._layout.revealing_offset(page, rect, QRectF(self._visible())))
        self._jumping = False
        self._update_current()

    def state(self) -> ViewState | None:
        """Where the user is, or None without a document."""
        if not self.pages:
            return None
        offset = QPointF(self._offset())
        page = self._layout.page_at(offset.y())
        return ViewState(page, self._layout.to_page(page, offset), self.zoom, self._mode, self.rotation)

    def restore(self, state: ViewState) -> None:
        """Go back to where `state()` was taken; ignored where the document has no such page."""
        if not 0 <= state.page < len(self.pages):
            return
        self._mode = state.mode
        self._fitted = state.page
        spec = replace(self._layout.spec, zoom=clamp_zoom(state.zoom), rotation=state.rotation % 360)
        self._lay_out(self.pages, spec, None)
        self._set_offset(self._layout.to_content(state.page, state.point))

    def scroll_by(self, dx: float, dy: float) -> None:
        """Scroll by logical px."""
        self._set_offset(QPointF(self._offset()) + QPointF(dx, dy) * self._dpr())

    def _show_top(self, page: int) -> None:
        """Put the page's upper edge in sight, or all of the page where it was fitted."""
        place = self._layout.page_rect(page)
        size = self._viewport_size()
        y = place.y() - self._px(MARGIN_PX) / 2
        if self._mode is ZoomMode.FIT_PAGE:
            y = place.y() - (size.height - place.height()) / 2
        self._set_offset(QPointF(self._layout.kept_on_page(page, self._offset().x()), y))

    # Geometry.

    def _dpr(self) -> float:
        return self.viewport().devicePixelRatioF()

    def _px(self, logical: float) -> int:
        """Logical → device px."""
        return round(logical * self._dpr())

    def _viewport_size(self) -> Size:
        size: QSize = self.viewport().size()
        return Size(max(1, self._px(size.width())), max(1, self._px(size.height())))

    def _centre(self) -> QPointF:
        size = self._viewport_size()
        return QPointF(size.width / 2, size.height / 2)

    def _offset(self) -> QPoint:
        return QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def _visible(self) -> QRect:
        """The part of the content in sight, device px."""
        size = self._viewport_size()
        return QRect(self._offset(), QSize(size.width, size.height))

    def _set_offset(self, offset: QPointF) -> None:
        self.horizontalScrollBar().setValue(round(offset.x()))
        self.verticalScrollBar().setValue(round(offset.y()))

    def _lay_out(
        self, pages: tuple[PageRef, ...], spec: ViewSpec, hold: QPointF | None, land: QPointF | None = None
    ) -> None:
        """Lay the pages out anew; what is under the viewport point `hold` (device px) stays there, or comes to lie
        at `land` where the viewport itself has changed."""
        anchor = None
        if hold is not None and self.pages:
            anchor = Anchor.at(self._layout, QPointF(self._offset()) + hold)
        old_zoom = self.zoom
        self._settling = True
        for _ in range(3):
            size = self._viewport_size()
            spec = replace(spec, dpr=self._dpr(), viewport=size)
            if pages:
                spec = replace(spec, zoom=fitting_zoom(pages[min(self._fitted, len(pages) - 1)], spec, self._mode))
            self._layout = PageLayout(pages, spec)
            self._set_ranges(size)
            # Setting the ranges may show or hide a scroll bar, which changes the viewport.
            if self._viewport_size() == size:
                break
        if anchor is not None and hold is not None:
            self._set_offset(anchor.in_content(self._layout) - (hold if land is None else land))
        self._settling = False
        self._after_move()
        if self.zoom != old_zoom:
            self.zoom_changed.emit(self.zoom)

    def _set_ranges(self, size: Size) -> None:
        for bar, whole, seen in (
            (self.horizontalScrollBar(), self._layout.width, size.width),
            (self.verticalScrollBar(), self._layout.height, size.height),
        ):
            bar.setSingleStep(self._px(SCROLL_STEP_PX))
            bar.setPageStep(max(1, round(seen * 0.92)))
            bar.setRange(0, max(0, whole - seen))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        if not self._settling:
            self._follow_viewport(0.0)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._follow_viewport(0.5)
        return super().viewportEvent(event)

    def _follow_viewport(self, height_share: float) -> None:
        """Lay out for a viewport that has changed: what was in the middle across, and at this share of its height,
        is there again."""
        old, new = self._layout.spec.viewport, self._viewport_size()
        hold, land = (QPointF(size.width / 2, size.height * height_share) for size in (old, new))
        self._lay_out(self.pages, self._layout.spec, hold, land)

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802, ARG002 - Qt's name and arguments
        if self._settling:
            return
        if dy:
            self._direction = -1 if dy > 0 else 1
        if not self._jumping:
            self._pinned = None
        self._after_move()

    def _after_move(self) -> None:
        self.viewport().update()
        self._update_current()
        if not self._wish_timer.isActive():
            self._wish_timer.start(0)

    def _update_current(self) -> None:
        if not self.pages:
            return
        seen = self._visible()
        page = self._layout.page_at(seen.y() + seen.height() * READING_LINE) if self._pinned is None else self._pinned
        if page != self._current:
            self._current = page
            self.page_changed.emit(page)

    # Tiles.

    def _update_wishes(self) -> None:
        self._tiles.wish(wishes_for(self._layout, self._visible(), self._direction))

    def _on_tile_ready(self, level: Level, col: int, row: int) -> None:
        index = level.page.index
        if index >= len(self.pages) or self.pages[index] != level.page:
            return
        place = self._layout.page_rect(index).translated(-self._offset())
        if level == self._layout.level(index):
            place = level.tile_rect(col, row).translated(place.topLeft())
        self.viewport().update(self._logical(place))

    def _on_page_failed(self, page: PageRef) -> None:
        if page in self.pages:
            self.viewport().update()

    def _logical(self, rect: QRect) -> QRect:
        """The smallest logical rectangle around a device one, plus one px for rounding."""
        dpr = self._dpr()
        return (
            QRectF(rect.x() / dpr, rect.y() / dpr, rect.width() / dpr, rect.height() / dpr)
            .toAlignedRect()
            .adjusted(-1, -1, 1, 1)
        )

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        painter = QPainter(self.viewport())
        dpr, offset = self._dpr(), self._offset()
        exposed = self._exposed(event.rect())
        painted = False
        with device_pixels(painter):
            seen = self._layout.pages_in(self._visible())
            places = [self._layout.page_rect(index).translated(-offset) for index in seen]
            paint_desk(painter, exposed, places, self.canvas_color(), dpr)
            for index in seen:
                painted |= self._canvas.paint_page(
                    painter, self._layout, index, offset, exposed, inverted=self._inverted
                )
            self.paint_marks(painter)
            self._failures.paint(painter, self._layout, self._visible(), self.palette(), self.font())
        painter.end()
        if painted and self._awaiting_first_tile:
            self._awaiting_first_tile = False
            self._tile_painted.emit()

    def _exposed(self, area: QRect) -> QRect:
        """Logical → device px, and one px more around it: the painter's origin was moved to a whole px."""
        dpr = self._dpr()
        exposed = QRectF(area.x() * dpr, area.y() * dpr, area.width() * dpr, area.height() * dpr)
        return exposed.toAlignedRect().adjusted(-1, -1, 1, 1)

    def paint_marks(self, painter: QPainter) -> None:
        """Paint over the pages, in device px of the viewport. Nothing here; for subclasses."""

    def canvas_color(self) -> QColor:
        """The desk the pages lie on."""
        window = self.palette().color(QPalette.ColorRole.Window)
        return window.darker(112) if window.lightness() > 127 else window.darker(125)
