"""Painting of the pages themselves: sharp tiles, stand-ins until they come, paper, shadow, and what is said on a page
that cannot be shown. Everything is painted in device pixels, so that a tile's pixel is a screen pixel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QFontMetrics, QPainter, QPainterPath, QPalette, QRegion, QTransform

from app.page_view.layout import Level, PageLayout
from app.page_view.tiles import TileCache
from engine.errors import ErrorInfo

STAND_IN_LEVELS = 3
"""How many other zooms of a page are laid over each other while sharp tiles are missing."""
PAPER = QColor(255, 255, 255)
NIGHT_PAPER = QColor(0, 0, 0)
SHADOW_PX = 4
PANEL_WIDTH_PX = 420
PANEL_PAD_PX = 18


@contextmanager
def device_pixels(painter: QPainter) -> Iterator[None]:
    """Let one unit be one device pixel, with the origin on a whole one.

    At a fractional devicePixelRatio a widget's corner falls between device pixels; without the rounding every tile
    would be resampled and seams would show.
    """
    painter.save()
    painter.resetTransform()
    base = painter.deviceTransform()
    back, _ = base.inverted()
    painter.setWorldTransform(QTransform.fromTranslate(round(base.dx()), round(base.dy())) * back)
    yield
    painter.restore()


def device_font(font: QFont, dpr: float, factor: float = 1.0, *, bold: bool = False) -> QFont:
    """`font` for painting in device pixels, `factor` times its size."""
    scaled = QFont(font)
    scaled.setPixelSize(max(1, round(QFontInfo(font).pixelSize() * dpr * factor)))
    scaled.setBold(bold)
    return scaled


def turn_transform(rotation: int, size: QSize) -> QTransform:
    """px of an upright page of `size` → px of the page turned clockwise by `rotation`."""
    match rotation:
        case 90:
            return QTransform(0, 1, -1, 0, size.height(), 0)
        case 180:
            return QTransform(-1, 0, 0, -1, size.width(), size.height())
        case 270:
            return QTransform(0, -1, 1, 0, 0, size.width())
        case _:
            return QTransform()


def level_transform(source: Level, target: Level) -> QTransform:
    """px of `source` → px of `target`, another zoom or turn of the same page."""
    back, _ = turn_transform(source.rotation, _upright(source)).inverted()
    factor = target.scale / source.scale
    return back * QTransform.fromScale(factor, factor) * turn_transform(target.rotation, _upright(target))


def _upright(level: Level) -> QSize:
    size = level.size.swapped() if level.rotation % 180 else level.size
    return QSize(size.width, size.height)


@dataclass(frozen=True, slots=True)
class FailurePanel:
    """Where the message on a failed page stands, in device px of the viewport."""

    frame: QRect
    button: QRect


class Canvas:
    """Paints pages out of a tile cache."""

    def __init__(self, cache: TileCache) -> None:
        self._cache = cache

    def paint_page(
        self, painter: QPainter, layout: PageLayout, index: int, offset: QPoint, visible: QRect, *, inverted: bool
    ) -> bool:
        """Paint what of page `index` lies in `visible` (device px of the viewport, whose corner shows the content
        point `offset`). Returns whether any sharp tile was painted."""
        place = layout.page_rect(index).translated(-offset)
        region = place.intersected(visible)
        if region.isEmpty():
            return False
        level = layout.level(index)
        missing = QRegion()
        painted = False
        for col, row in level.tiles_in(region.translated(-place.topLeft())):
            rect = level.tile_rect(col, row).translated(place.topLeft())
            tile = self._cache.get((level, col, row))
            if tile is None:
                missing += rect.intersected(region)
            else:
                painter.drawImage(rect.topLeft(), tile.image(inverted=inverted))
                painted = True
        if not missing.isEmpty():
            self._paint_stand_ins(painter, level, place.topLeft(), missing, inverted=inverted)
        return painted

    def _paint_stand_ins(
        self, painter: QPainter, level: Level, corner: QPoint, missing: QRegion, *, inverted: bool
    ) -> None:
        """Other zooms of the page, scaled, where sharp tiles are missing: the coarsest first, the closest on top."""
        painter.save()
        painter.setClipRegion(missing, Qt.ClipOperation.IntersectClip)
        painter.fillRect(missing.boundingRect(), NIGHT_PAPER if inverted else PAPER)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        world = painter.worldTransform()
        target = missing.boundingRect().translated(-corner)
        for other in reversed(self._cache.other_levels(level)[:STAND_IN_LEVELS]):
            transform = level_transform(other, level)
            back, _ = transform.inverted()
            wanted = back.mapRect(target)
            painter.setWorldTransform(transform * QTransform.fromTranslate(corner.x(), corner.y()) * world)
            for col, row, tile in self._cache.tiles_of(other):
                rect = other.tile_rect(col, row)
                if rect.intersects(wanted):
                    painter.drawImage(rect.topLeft(), tile.image(inverted=inverted))
        painter.restore()


def paint_shadow(painter: QPainter, place: QRect, dpr: float) -> None:
    """A hairline and a soft shadow around a page, outside it."""
    painter.setPen(Qt.PenStyle.NoPen)
    outside = QPainterPath()
    outside.addRect(QRectF(place.adjusted(-64, -64, 64, 64)))
    page = QPainterPath()
    page.addRect(QRectF(place))
    painter.save()
    painter.setClipPath(outside - page, Qt.ClipOperation.IntersectClip)
    steps = round(SHADOW_PX * dpr)
    for step in range(steps, 0, -1):
        painter.fillRect(place.adjusted(-step, -step + 1, step, step + round(dpr)), QColor(0, 0, 0, 26 // step + 5))
    hair = max(1, round(dpr))
    painter.fillRect(place.adjusted(-hair, -hair, hair, hair), QColor(0, 0, 0, 70))
    painter.restore()


def failure_panel(region: QRect, error: ErrorInfo, font: QFont, dpr: float) -> FailurePanel:
    """Where the message stands on the visible part `region` of a page."""
    pad = round(PANEL_PAD_PX * dpr)
    width = max(1, min(round(PANEL_WIDTH_PX * dpr), region.width() - pad))
    title_height = QFontMetrics(device_font(font, dpr, 1.15, bold=True)).height()
    metrics = QFontMetrics(device_font(font, dpr))
    text = metrics.boundingRect(QRect(0, 0, max(1, width - 2 * pad), 10000), _WRAPPED, str(error))
    button_height = round(metrics.height() * 1.9)
    height = 2 * pad + title_height + pad // 2 + text.height() + pad + button_height
    frame = QRect(0, 0, width, height)
    frame.moveCenter(region.center())
    frame.moveTop(max(frame.top(), region.top() + pad // 2))
    button_width = metrics.horizontalAdvance(RETRY_TEXT) + 2 * pad
    button = QRect(frame.left() + pad, frame.bottom() - pad - button_height + 1, button_width, button_height)
    return FailurePanel(frame, button)


RETRY_TEXT = "Try again"
_WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


def paint_failure(
    painter: QPainter, panel: FailurePanel, title: str, error: ErrorInfo, palette: QPalette, style: tuple[QFont, float]
) -> None:
    """The message on a page that could not be shown. `style` is (widget font, devicePixelRatio)."""
    font, dpr = style
    pad = round(PANEL_PAD_PX * dpr)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = palette.color(QPalette.ColorRole.WindowText)
    painter.setBrush(palette.color(QPalette.ColorRole.Window))
    painter.setPen(QColor(ink.red(), ink.green(), ink.blue(), 90))
    painter.drawRoundedRect(QRectF(panel.frame).adjusted(0.5, 0.5, -0.5, -0.5), 8 * dpr, 8 * dpr)
    inner = panel.frame.adjusted(pad, pad, -pad, -pad)
    painter.setPen(ink)
    title_font = device_font(font, dpr, 1.15, bold=True)
    painter.setFont(title_font)
    painter.drawText(inner, _WRAPPED, title)
    painter.setFont(device_font(font, dpr))
    painter.drawText(inner.adjusted(0, QFontMetrics(title_font).height() + pad // 2, 0, 0), _WRAPPED, str(error))
    painter.setBrush(palette.color(QPalette.ColorRole.Button))
    painter.setPen(QColor(ink.red(), ink.green(), ink.blue(), 130))
    painter.drawRoundedRect(QRectF(panel.button).adjusted(0.5, 0.5, -0.5, -0.5), 5 * dpr, 5 * dpr)
    painter.setPen(palette.color(QPalette.ColorRole.ButtonText))
    painter.drawText(panel.button, int(Qt.AlignmentFlag.AlignCenter), RETRY_TEXT)
    painter.restore()
