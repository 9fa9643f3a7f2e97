"""An icon that is only looked at. It is painted anew each time, so it follows theme and screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.icons import icon


class IconLabel(QWidget):
    """Shows the icon `name` at `side_px` logical pixels."""

    def __init__(self, name: str, side_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon(name)
        self._side_px = side_px
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(self._side_px, self._side_px)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()
