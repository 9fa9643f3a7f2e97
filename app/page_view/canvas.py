"""Painting of the pages themselves: sharp tiles, stand-ins until they come, paper and shadow.

Everything is painted in device pixels, so that a tile's pixel is a screen pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QColor, QFont, QFontInfo, QPainter, QRegion, QTransform

from app.page_view.layout import Level, PageLayout, turn_transform, upright_size
from app.page_view.tiles import TileCache

STAND_IN_LEVELS = 3
"""How many other zooms of a page are laid over each other while sharp tiles are missing."""
SMOOTH_AREA_PX = 600_000
"""Stand-ins up to this size are scaled smoothly; a whole window of them would cost more than a frame."""
PAPER = QColor(255, 255, 255)
NIGHT_PAPER = QColor(0, 0, 0)
SHADOW_PX = 3
SHADOW_FROM_PX = 64
"""Logical px of a page's width from which it throws a shadow."""


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


def level_transform(source: Level, target: Level) -> QTransform:
    """px of `source` → px of `target`, another zoom or turn of the same page."""
    back, _ = _turn(source).inverted()
    old, new = upright_size(source.page, source.scale), upright_size(target.page, target.scale)
    return back * QTransform.fromScale(new.width / old.width, new.height / old.height) * _turn(target)


def _turn(level: Level) -> QTransform:
    """px of the upright page at this scale → px of the turned one."""
    upright = upright_size(level.page, level.scale)
    return turn_transform(level.rotation, upright.width, upright.height)


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
        """Other zooms of the page, scaled, where sharp tiles are missing: the closest zoom there is, else paper."""
        painter.save()
        if _area(missing) <= SMOOTH_AREA_PX:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        world = painter.worldTransform()
        for other in self._cache.other_levels(level)[:STAND_IN_LEVELS]:
            if missing.isEmpty():
                break
            transform = level_transform(other, level) * QTransform.fromTranslate(corner.x(), corner.y())
            found = [
                (rect, tile)
                for col, row, tile in self._cache.tiles_of(other)
                if missing.intersects(transform.mapRect(rect := other.tile_rect(col, row)))
            ]
            painter.setWorldTransform(world)
            painter.setClipRegion(missing)
            painter.setWorldTransform(transform * world)
            for rect, tile in found:
                painter.drawImage(rect.topLeft(), tile.image(inverted=inverted))
                missing -= _covered(transform.mapRect(QRectF(rect)))
        painter.setWorldTransform(world)
        painter.restore()
        if not missing.isEmpty():
            _fill(painter, missing, NIGHT_PAPER if inverted else PAPER)


def _covered(rect: QRectF) -> QRect:
    """The px whose middle lies in `rect`: those an image drawn there fills. Neighbouring tiles leave none between."""
    left, top = math.ceil(rect.left() - 0.5), math.ceil(rect.top() - 0.5)
    return QRect(left, top, math.ceil(rect.right() - 0.5) - left, math.ceil(rect.bottom() - 0.5) - top)


def _area(region: QRegion) -> int:
    """At most the px of `region`: those of the rectangle around it."""
    bounds = region.boundingRect()
    return bounds.width() * bounds.height()


def _fill(painter: QPainter, region: QRegion, color: QColor) -> None:
    painter.save()
    painter.setClipRegion(region)
    painter.fillRect(region.boundingRect(), color)
    painter.restore()


def paint_desk(painter: QPainter, exposed: QRect, places: Sequence[QRect], color: QColor, dpr: float) -> None:
    """What is seen beside the pages at `places`: the desk, and each page's hairline and soft shadow on it."""
    desk = QRegion(exposed)
    for place in places:
        desk -= place
    _fill(painter, desk, color)
    hair, depth = max(1, round(dpr)), round(SHADOW_PX * dpr)
    for place in places:
        if place.width() > SHADOW_FROM_PX * dpr:
            _paint_frame(painter, place.adjusted(0, hair, 0, hair), depth, QColor(0, 0, 0, 22))
            _paint_frame(painter, place, hair, QColor(0, 0, 0, 80))


def _paint_frame(painter: QPainter, inner: QRect, width: int, color: QColor) -> None:
    """The ring of `width` px around `inner`. Four strips: filling under the page would cost a page's area each."""
    outer = inner.adjusted(-width, -width, width, width)
    painter.fillRect(QRect(outer.left(), outer.top(), outer.width(), width), color)
    painter.fillRect(QRect(outer.left(), inner.bottom() + 1, outer.width(), width), color)
    painter.fillRect(QRect(outer.left(), inner.top(), width, inner.height()), color)
    painter.fillRect(QRect(inner.right() + 1, inner.top(), width, inner.height()), color)
