"""The little labels on slices: a number in dark, a contribution in its colour beside it. Drawn once, then copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath

from app.page_view.canvas import device_font
from app.page_view.colors import CONTRIBUTION_CHIP, INK, LIGHT

PAD_PX = 5.0
RADIUS_PX = 3.5
FONT_FACTOR = 0.92
CACHE_LIMIT = 512


class TagKind(Enum):
    NAME = "name"
    CONTRIBUTION = "contribution"
    PREVIEW = "preview"


_COLORS: dict[TagKind, tuple[QColor, QColor]] = {
    TagKind.NAME: (INK, LIGHT),
    TagKind.CONTRIBUTION: (CONTRIBUTION_CHIP, INK),
    TagKind.PREVIEW: (LIGHT, INK),
}
"""(ground, text)."""


@dataclass(frozen=True, slots=True)
class TagPart:
    text: str
    kind: TagKind


class TagPainter:
    """Measures and paints tags in device px for one font and devicePixelRatio."""

    def __init__(self, font: QFont, dpr: float) -> None:
        self.font = QFont(font)
        self.dpr = dpr
        self._device_font = device_font(font, dpr, FONT_FACTOR, bold=True)
        self._metrics = QFontMetricsF(self._device_font)
        self.height = round(self._metrics.height() + 3 * dpr)
        self._images: dict[tuple[TagPart, ...], QImage] = {}

    def width(self, parts: Sequence[TagPart]) -> int:
        return sum(self._part_width(part) for part in parts)

    def paint(self, painter: QPainter, corner: QPointF, parts: Sequence[TagPart]) -> None:
        """Paint a tag with its upper left corner at `corner`; its light rim lies outside."""
        image = self._image(tuple(parts))
        rim = self._rim()
        painter.drawImage(round(corner.x()) - rim, round(corner.y()) - rim, image)

    def _rim(self) -> int:
        return max(1, round(self.dpr))

    def _part_width(self, part: TagPart) -> int:
        return round(self._metrics.horizontalAdvance(part.text) + 2 * PAD_PX * self.dpr)

    def _image(self, parts: tuple[TagPart, ...]) -> QImage:
        if parts not in self._images:
            if len(self._images) >= CACHE_LIMIT:
                self._images.clear()
            self._images[parts] = self._draw(parts)
        return self._images[parts]

    def _draw(self, parts: tuple[TagPart, ...]) -> QImage:
        rim, radius = self._rim(), RADIUS_PX * self.dpr
        whole = QRectF(rim, rim, self.width(parts), self.height)
        image = QImage(round(whole.width()) + 2 * rim, self.height + 2 * rim, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline, inside = QPainterPath(), QPainterPath()
        outline.addRoundedRect(whole.adjusted(-rim, -rim, rim, rim), radius + rim, radius + rim)
        inside.addRoundedRect(whole, radius, radius)
        painter.fillPath(outline, LIGHT)
        painter.setFont(self._device_font)
        left = whole.left()
        for part in parts:
            ground, ink = _COLORS[part.kind]
            place = QRectF(left, whole.top(), self._part_width(part), whole.height())
            shape = QPainterPath()
            shape.addRect(place)
            painter.fillPath(inside.intersected(shape), ground)
            painter.setPen(ink)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), part.text)
            left = place.right()
        painter.end()
        return image
