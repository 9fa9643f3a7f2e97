"""An image at whole multiples of its pixels: what a model was fed can be counted pixel by pixel."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from app.page_view.canvas import device_pixels

FACTORS = (1, 2, 3, 4, 6, 8, 12, 16)
STEP_PX = 40


class PixelsView(QAbstractScrollArea):
    """Shows an image at `factor` device px per pixel; 1 is 1:1."""

    factor_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image = QImage()
        self.factor = 1

    @property
    def image(self) -> QImage:
        return self._image

    def show_image(self, image: QImage) -> None:
        self._image = image
        self._set_ranges()

    def set_factor(self, factor: int) -> None:
        """The nearest of FACTORS; the middle of what is seen stays there."""
        factor = min(FACTORS, key=lambda each: abs(each - factor))
        if factor == self.factor:
            return
        bars = (self.horizontalScrollBar(), self.verticalScrollBar())
        middles = [(bar.value() + bar.pageStep() / 2) / self.factor for bar in bars]
        self.factor = factor
        self._set_ranges()
        for bar, middle in zip(bars, middles, strict=True):
            bar.setValue(round(middle * factor - bar.pageStep() / 2))
        self.factor_changed.emit(factor)

    def step(self, steps: int) -> None:
        """Enlarge or reduce by stops of FACTORS."""
        at = FACTORS.index(self.factor) + steps
        self.set_factor(FACTORS[min(max(at, 0), len(FACTORS) - 1)])

    def _seen(self) -> QSize:
        dpr, size = self.viewport().devicePixelRatioF(), self.viewport().size()
        return QSize(round(size.width() * dpr), round(size.height() * dpr))

    def _set_ranges(self) -> None:
        seen = self._seen()
        for bar, whole, part in (
            (self.horizontalScrollBar(), self._image.width() * self.factor, seen.width()),
            (self.verticalScrollBar(), self._image.height() * self.factor, seen.height()),
        ):
            bar.setSingleStep(STEP_PX)
            bar.setPageStep(max(1, part))
            bar.setRange(0, max(0, whole - part))
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self.viewport())
        with device_pixels(painter):
            seen = self._seen()
            painter.fillRect(QRect(0, 0, seen.width() + 2, seen.height() + 2), self._desk())
            if not self._image.isNull():
                width, height = self._image.width() * self.factor, self._image.height() * self.factor
                left = max(0, (seen.width() - width) // 2) - self.horizontalScrollBar().value()
                top = max(0, (seen.height() - height) // 2) - self.verticalScrollBar().value()
                painter.drawImage(QRect(left, top, width, height), self._image)
        painter.end()

    def _desk(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Dark)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._set_ranges()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802, ARG002 - Qt's name and arguments
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)
