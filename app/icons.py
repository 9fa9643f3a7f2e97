"""Tessera's own icons: line drawings in `resources/icons`, coloured by the palette at the moment they are painted."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QBuffer, QIODevice, QRect, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QImage, QImageReader, QPainter, QPalette, QPixmap

from engine.resources import resource_path

INK = b"#000000"
"""The colour the drawings are made in; replaced by the palette's."""


def icon(name: str, role: QPalette.ColorRole = QPalette.ColorRole.ButtonText) -> QIcon:
    """The icon `resources/icons/<name>.svg`, drawn in the palette's colour `role`."""
    return QIcon(_PaletteEngine(name, role))


class _PaletteEngine(QIconEngine):
    """Paints a drawing in the palette's text colour, at the resolution asked for."""

    def __init__(self, name: str, role: QPalette.ColorRole) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def clone(self) -> QIconEngine:
        return _PaletteEngine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        del state
        ratio = painter.device().devicePixelRatioF()
        painter.drawImage(rect, self._image(rect.size() * ratio, mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        del state
        return QPixmap.fromImage(self._image(size, mode))

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:  # noqa: N802 - Qt's name
        del state
        pixmap = QPixmap.fromImage(self._image(size * scale, mode))
        pixmap.setDevicePixelRatio(scale)
        return pixmap

    def _image(self, size: QSize, mode: QIcon.Mode) -> QImage:
        group = QPalette.ColorGroup.Disabled if mode is QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        color = QGuiApplication.palette().color(group, self._role)
        return _draw(self._name, color.name(), size.width(), size.height())


@lru_cache(maxsize=512)
def _draw(name: str, color: str, width: int, height: int) -> QImage:
    side = min(width, height)
    source = resource_path("icons", f"{name}.svg").read_bytes().replace(INK, color.encode("ascii"))
    buffer = QBuffer()
    buffer.setData(source)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, b"svg")
    reader.setScaledSize(QSize(side, side))
    image = reader.read()
    if (width, height) != (side, side):
        image = _centred(image, width, height)
    return image


def _centred(image: QImage, width: int, height: int) -> QImage:
    canvas = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.drawImage((width - image.width()) // 2, (height - image.height()) // 2, image)
    painter.end()
    return canvas
