"""Two policies on one page, beside each other or under a slider that uncovers one and covers the other.

Both pictures are drawn when something about them changes; dragging the slider only copies parts of them.
"""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.lab.pane import PaneLook, Placement, fitting, page_picture, paint_slices
from app.lab.pixels import PageImage
from app.page_view.canvas import device_font, device_pixels
from app.page_view.colors import INK, LIGHT
from app.page_view.layout import stepped_zoom
from app.page_view.tags import TagPainter
from engine.geometry import PagePoint, PageRect
from engine.slicing.figures import Figures

MARGIN_PX = 10.0
GAP_PX = 8
"""Logical px between both pictures."""
GRIP_PX = 9.0
"""Logical px beside the divider in which it is caught."""
KEY_STEP = 0.02
WHEEL_NOTCH = 120
WHEEL_ZOOM = 1.2
SCROLL_PX = 56.0
"""Logical px of one notch of the wheel."""
MAX_SCALE = 32.0


class CompareMode(Enum):
    SIDE_BY_SIDE = "side by side"
    SLIDER = "slider"


class CompareView(QWidget):
    """Shows what it is given; A stands left, B right. `renders` counts how often the pictures were drawn."""

    point_clicked = Signal(object)
    """(PagePoint) on the page."""
    zoom_changed = Signal(float)
    """Device px per native px."""
    word_stepped = Signal(int)
    """The next word (1) or the one before (-1) is wanted, by the keyboard."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Comparison of two policies"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.renders = 0
        self._image: PageImage | None = None
        self._pair: tuple[Figures | None, Figures | None] = (None, None)
        self._outlined: tuple[PageRect, ...] = ()
        self._notice = ""
        self._mode = CompareMode.SIDE_BY_SIDE
        self._split = 0.5
        self._fitted = True
        self._placement = Placement(1.0, 0.0, 0.0)
        self._pictures: tuple[QPixmap, QPixmap] | None = None
        self._tags = TagPainter(self.font(), self.devicePixelRatioF())
        self._pressed: QPointF | None = None
        self._dragging: str = ""

    # What is shown.

    @property
    def mode(self) -> CompareMode:
        return self._mode

    @property
    def split(self) -> float:
        """The share of the width left of the slider's divider."""
        return self._split

    @property
    def scale(self) -> float:
        """Device px per native px."""
        return self._placement.scale

    def show_image(self, image: PageImage | None, notice: str = "") -> None:
        """Show another page's pixels, or `notice` in their place."""
        same = image is not None and self._image is not None and image.page == self._image.page
        self._image, self._notice = image, notice
        if not same:
            self._outlined = ()
            self._fitted = True
        self._place()

    def show_pair(self, a: Figures | None, b: Figures | None) -> None:
        if self._pair != (a, b):
            self._pair = (a, b)
            self._redraw()

    def outline(self, boxes: tuple[PageRect, ...]) -> None:
        """Outline words (page units) in both pictures."""
        self._outlined = boxes
        self._redraw()

    def reveal(self, box: PageRect) -> None:
        """Bring a place (page units) into sight."""
        if self._image is None:
            return
        size, place = self._pane_size(), self._placement
        here = place.from_units(self._image.page).mapRect(QRectF(box.x0, box.y0, box.width, box.height))
        if not QRectF(0, 0, size.width(), size.height()).contains(here):
            middle = here.center()
            x, y = place.x + size.width() / 2 - middle.x(), place.y + size.height() / 2 - middle.y()
            self._move(Placement(place.scale, x, y))

    def set_mode(self, mode: CompareMode) -> None:
        centre = self._page_centre()
        self._mode = mode
        self._place(centre)

    def set_split(self, split: float) -> None:
        """Move the divider; paints and nothing else."""
        before = self._divider()
        self._split = min(max(split, 0.0), 1.0)
        self.update(self._logical(before.united(self._divider())))

    # Zoom.

    def fit(self) -> None:
        """All of the page."""
        self._fitted = True
        self._place()

    def set_scale(self, scale: float, hold: QPointF | None = None) -> None:
        """Device px per native px; the point `hold` (device px of a picture; its middle if None) stays where it is."""
        if self._image is None:
            return
        size, old = self._pane_size(), self._placement
        hold = hold if hold is not None else QPointF(size.width() / 2, size.height() / 2)
        scale = min(max(scale, fitting(self._image.page, size, 0).scale / 2), MAX_SCALE)
        ratio = scale / old.scale
        self._fitted = False
        self._move(Placement(scale, hold.x() - (hold.x() - old.x) * ratio, hold.y() - (hold.y() - old.y) * ratio))
        self.zoom_changed.emit(scale)

    def zoom_by_steps(self, steps: int) -> None:
        self.set_scale(stepped_zoom(self.scale, steps))

    def _place(self, centre: QPointF | None = None) -> None:
        """Place the page anew in a window that has changed, with `centre` (native px) in the middle if zoomed."""
        if self._image is not None:
            size = self._pane_size()
            if self._fitted:
                self._placement = fitting(self._image.page, size, MARGIN_PX * self._dpr())
                self.zoom_changed.emit(self.scale)
            elif centre is not None:
                x, y = size.width() / 2 - centre.x() * self.scale, size.height() / 2 - centre.y() * self.scale
                self._placement = Placement(self.scale, x, y)
        self._redraw()

    def _page_centre(self) -> QPointF:
        size, place = self._pane_size(), self._placement
        return QPointF((size.width() / 2 - place.x) / place.scale, (size.height() / 2 - place.y) / place.scale)

    def _move(self, wanted: Placement) -> None:
        """Place the page, but never wholly out of sight."""
        if self._image is None:
            return
        size, page = self._pane_size(), wanted.page_rect(self._image.page)
        x = min(max(wanted.x, size.width() / 2 - page.width()), size.width() / 2)
        y = min(max(wanted.y, size.height() / 2 - page.height()), size.height() / 2)
        self._placement = Placement(wanted.scale, x, y)
        self._redraw()

    # Geometry, in device px.

    def _dpr(self) -> float:
        return self.devicePixelRatioF()

    def _whole(self) -> QSize:
        return QSize(max(1, round(self.width() * self._dpr())), max(1, round(self.height() * self._dpr())))

    def _pane_size(self) -> QSize:
        whole = self._whole()
        if self._mode is CompareMode.SLIDER:
            return whole
        return QSize(max(1, (whole.width() - round(GAP_PX * self._dpr())) // 2), whole.height())

    def _pane_left(self, number: int) -> int:
        """Where a picture begins."""
        return number * (self._whole().width() - self._pane_size().width())

    def _divider_x(self) -> int:
        return round(self._split * self._whole().width())

    def _divider(self) -> QRectF:
        reach = (GRIP_PX + 2) * self._dpr()
        return QRectF(self._divider_x() - reach, 0, 2 * reach, self._whole().height())

    def _logical(self, rect: QRectF) -> QRect:
        dpr = self._dpr()
        area = QRectF(rect.x() / dpr, rect.y() / dpr, rect.width() / dpr, rect.height() / dpr)
        return area.toAlignedRect().adjusted(-1, -1, 1, 1)

    def _pane_point(self, at: QPointF) -> QPointF:
        """A point of the widget (logical px) in the picture that it lies on."""
        point = at * self._dpr()
        second = self._mode is CompareMode.SIDE_BY_SIDE and point.x() >= self._pane_left(1)
        return point - QPointF(self._pane_left(1) if second else 0, 0)

    def point_at(self, at: QPointF) -> PagePoint | None:
        """The point of the page (page units) at a point of the widget (logical px)."""
        if self._image is None:
            return None
        point = self._pane_point(at)
        inside = self._placement.page_rect(self._image.page).contains(point)
        return self._placement.to_page(self._image.page, point) if inside else None

    # Painting.

    def _redraw(self) -> None:
        self._pictures = None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        with device_pixels(painter):
            self._paint_fringe(painter)
            if self._image is None:
                self._paint_notice(painter)
            else:
                if self._pictures is None:
                    self._pictures = self._drawn(self._image)
                if self._mode is CompareMode.SLIDER:
                    self._paint_slider(painter, *self._pictures)
                else:
                    self._paint_pair(painter, *self._pictures)
        painter.end()

    def _paint_fringe(self, painter: QPainter) -> None:
        """What a fractional devicePixelRatio leaves of the widget beside whole device px."""
        whole, color = self._whole(), self._ground()
        painter.fillRect(QRect(whole.width() - 1, 0, 3, whole.height() + 2), color)
        painter.fillRect(QRect(0, whole.height() - 1, whole.width() + 2, 3), color)

    def _drawn(self, image: PageImage) -> tuple[QPixmap, QPixmap]:
        self.renders += 1
        if self._tags.dpr != self._dpr() or self._tags.font != self.font():
            self._tags = TagPainter(self.font(), self._dpr())
        page = page_picture(self._pane_size(), image, self._placement, self._desk())
        a, b = (self._picture(image, page, number) for number in (0, 1))
        return a, b

    def _picture(self, image: PageImage, page: QImage, number: int) -> QPixmap:
        row, picture = self._pair[number], page.copy()
        name = f"{'AB'[number]} · {row.chosen.id}" if row is not None else ""
        look = PaneLook(self._tags, self._outlined, name, number == 1)
        paint_slices(picture, image.page, row, self._placement, look)
        return QPixmap.fromImage(picture)

    def _paint_pair(self, painter: QPainter, a: QPixmap, b: QPixmap) -> None:
        painter.drawPixmap(0, 0, a)
        painter.fillRect(QRect(a.width(), 0, self._pane_left(1) - a.width(), a.height()), self._ground())
        painter.drawPixmap(self._pane_left(1), 0, b)

    def _paint_slider(self, painter: QPainter, a: QPixmap, b: QPixmap) -> None:
        at, height = self._divider_x(), a.height()
        left, right = QRect(0, 0, at, height), QRect(at, 0, a.width() - at, height)
        painter.drawPixmap(left, a, left)
        painter.drawPixmap(right, b, right)
        dpr = self._dpr()
        line, rim = max(1, round(dpr)), max(1, round(dpr))
        painter.fillRect(QRect(at - line - rim, 0, 2 * (line + rim), height), LIGHT)
        painter.fillRect(QRect(at - line, 0, 2 * line, height), INK)
        grip = QRectF(at - 7 * dpr, height / 2 - 16 * dpr, 14 * dpr, 32 * dpr)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(LIGHT)
        painter.setBrush(INK)
        painter.drawRoundedRect(grip, 5 * dpr, 5 * dpr)
        for shift in (-2, 2):
            bar = QRectF(at + (shift - 0.5) * dpr, height / 2 - 7 * dpr, dpr, 14 * dpr)
            painter.fillRect(bar, LIGHT)

    def _paint_notice(self, painter: QPainter) -> None:
        whole = QRect(0, 0, self._whole().width(), self._whole().height())
        painter.fillRect(whole, self._desk())
        painter.setFont(device_font(self.font(), self._dpr()))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(whole).adjusted(16, 16, -16, -16), int(flags), self._notice)

    def _desk(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Dark)

    def _ground(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Window)

    # What happens.

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._redraw()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._place()
        return super().event(event)

    def _on_divider(self, at: QPointF) -> bool:
        near = abs(at.x() * self._dpr() - self._divider_x()) <= GRIP_PX * self._dpr()
        return self._mode is CompareMode.SLIDER and near

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self._dragging = "divider" if self._on_divider(event.position()) else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        here = event.position()
        if self._dragging == "divider":
            self.set_split(here.x() / max(1, self.width()))
        elif self._pressed is not None:
            self._pan_to(here)
        else:
            shape = Qt.CursorShape.SplitHCursor if self._on_divider(here) else Qt.CursorShape.ArrowCursor
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        clicked = self._pressed is not None and not self._dragging
        self._pressed, self._dragging = None, ""
        point = self.point_at(event.position()) if clicked else None
        if point is not None:
            self.point_clicked.emit(point)

    def _pan_to(self, here: QPointF) -> None:
        assert self._pressed is not None
        moved = here - self._pressed
        if not self._dragging and moved.manhattanLength() < 6:
            return
        self._dragging, self._pressed = "page", here
        self._scroll(moved * self._dpr())

    def _scroll(self, moved: QPointF) -> None:
        self._fitted = False
        place = self._placement
        self._move(Placement(place.scale, place.x + moved.x(), place.y + moved.y()))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            factor = WHEEL_ZOOM ** (turned.y() / WHEEL_NOTCH)
            self.set_scale(self.scale * factor, self._pane_point(event.position()))
        else:
            step = SCROLL_PX * self._dpr() / WHEEL_NOTCH
            self._scroll(QPointF(turned) * step)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        on_words = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        match Qt.Key(event.key()):
            case Qt.Key.Key_Left | Qt.Key.Key_Right if on_words:
                self.word_stepped.emit(1 if event.key() == Qt.Key.Key_Right else -1)
            case Qt.Key.Key_Left if self._mode is CompareMode.SLIDER:
                self.set_split(self._split - KEY_STEP)
            case Qt.Key.Key_Right if self._mode is CompareMode.SLIDER:
                self.set_split(self._split + KEY_STEP)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.zoom_by_steps(1)
            case Qt.Key.Key_Minus:
                self.zoom_by_steps(-1)
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_1:
                self.set_scale(1.0)
            case _:
                super().keyPressEvent(event)
