"""Painting of marks over a page: slice grid, contributions, outlined words, search hits, the pulse of a slice.

What is not a contribution is told by dark and light lines side by side, which are readable on white paper, black
paper and photographs alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.contributions import Look
from app.page_view.colors import GRID_LIGHT, HATCH, HIT_FILL, INK, LIGHT, VEIL, contribution_color
from app.page_view.marks import SliceMark
from app.page_view.tags import TagKind, TagPainter, TagPart
from app.page_view.wording import percent

DASHES = (9.0, 3.0)
"""Dark and light along a border, in line widths: solid lines would be taken for rules of a table."""
TAG_INSET_PX = 5.0
HATCH_WIDEST_PX, HATCH_CLOSEST_PX = 48.0, 8.0
"""Logical px from line to line where a model did not look at all, and where it looked most."""
HATCH_FULL_SHARE = 0.5
"""The share of the attention from which on lines are closest: a page has many slices to look at."""


@dataclass(frozen=True, slots=True)
class PlacedSlice:
    """A slice and its place in device px of the viewport."""

    mark: SliceMark
    place: QRectF


class Overlay:
    """Paints marks in device px. `visible` keeps tags in sight when a slice reaches beyond the window."""

    def __init__(self, painter: QPainter, tags: TagPainter, visible: QRectF) -> None:
        self._painter = painter
        self._tags = tags
        self._dpr = tags.dpr
        self._visible = visible

    def dim(self, page: QRectF, lit: Sequence[QRectF]) -> None:
        """Lay a veil over the page, except over the `lit` places."""
        veil = QPainterPath()
        veil.addRect(page)
        holes = QPainterPath()
        holes.setFillRule(Qt.FillRule.WindingFill)
        for rect in lit:
            holes.addRect(rect.intersected(page))
        self._painter.fillPath(veil.subtracted(holes.simplified()), VEIL)

    def shade(self, slices: Iterable[PlacedSlice]) -> None:
        """Colour the slices that contributed, where their number has room: no colour without it."""
        for each in slices:
            share = each.mark.share
            if share is None or not self._fits([_share_part(each.mark, share)], each.place.intersected(self._visible)):
                continue
            if each.mark.look is Look.PREVIEW:
                self._hatch(each.place, share)
            else:
                self._painter.fillRect(each.place, contribution_color(share))

    def _hatch(self, place: QRectF, share: float) -> None:
        """Diagonal lines, dark beside light, the closer the more a model looked; they move with the page."""
        closeness = min(max(share, 0.0) / HATCH_FULL_SHARE, 1.0)
        step = self._dpr * HATCH_WIDEST_PX * (HATCH_CLOSEST_PX / HATCH_WIDEST_PX) ** closeness
        seen = place.intersected(self._visible)
        if seen.isEmpty():
            return
        height = seen.height()
        # Lines x + y = c: c counts from the slice's own corner, so that scrolling does not shift them.
        origin = place.left() + place.top()
        first = math.ceil((seen.left() + seen.top() - origin) / step)
        last = math.floor((seen.right() + seen.bottom() - origin) / step)
        lines = [
            QLineF(
                origin + each * step - seen.top(), seen.top(), origin + each * step - seen.bottom(), seen.top() + height
            )
            for each in range(first, last + 1)
        ]
        painter = self._painter
        painter.save()
        painter.setClipRect(seen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for color, shift in ((GRID_LIGHT, self._line(1.0)), (HATCH, 0.0)):
            painter.setPen(QPen(color, self._line(1.0)))
            painter.drawLines([line.translated(shift, 0) for line in lines])
        painter.restore()

    def grid(self, slices: Sequence[PlacedSlice]) -> None:
        """The borders of slices: dark dashes on light, with a light rim. Shared borders are drawn once."""
        width = int(self._line(1.0))
        # A line is centred on its border: at an even width the odd pixel goes to the right and below.
        before, after = (width - 1) // 2, width // 2 + 1
        window = self._visible.toAlignedRect()
        edges = _edges(slices)
        for edge in edges:
            rim = edge.adjusted(-before - width, -before - width, after + width, after + width)
            self._painter.fillRect(rim.intersected(window), GRID_LIGHT)
        pen = QPen(INK, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        for edge in edges:
            core = edge.adjusted(-before, -before, after, after)
            part = core.intersected(window)
            if not part.isEmpty():
                self._painter.fillRect(part, LIGHT)
                self._dash(part, core, pen)

    def _dash(self, part: QRect, core: QRect, pen: QPen) -> None:
        """Dark dashes along `part`, the visible part of the line `core`; they stay in place while the page moves."""
        width = pen.widthF()
        pen.setDashPattern(DASHES)
        middle = QRectF(part).center()
        if core.width() > core.height():
            pen.setDashOffset((part.left() - core.left()) / width)
            line = QLineF(part.left(), middle.y(), part.left() + part.width(), middle.y())
        else:
            pen.setDashOffset((part.top() - core.top()) / width)
            line = QLineF(middle.x(), part.top(), middle.x(), part.top() + part.height())
        self._painter.setPen(pen)
        self._painter.drawLine(line)

    def tags(self, slices: Iterable[PlacedSlice], *, numbers: bool) -> None:
        """Numbers in the corners of slices (if `numbers`), with the contribution beside them."""
        for each in slices:
            place = each.place.intersected(self._visible)
            if not place.isEmpty():
                self._tag(each, place, numbers=numbers)

    def _tag(self, each: PlacedSlice, place: QRectF, *, numbers: bool) -> None:
        share = each.mark.share
        name = TagPart("page" if each.mark.number is None else str(each.mark.number), TagKind.NAME)
        parts = [_share_part(each.mark, share)] if share is not None else []
        if share is not None or (numbers and self._roomy(name, each.place)):
            parts.insert(0, name)
        while parts and not self._fits(parts, place):
            # A slice too small for both keeps the contribution, one too small for that keeps nothing.
            parts.pop(0)
        if parts:
            self._tags.paint(self._painter, self._tag_corner(place), parts)

    def _tag_corner(self, place: QRectF) -> QPointF:
        return place.topLeft() + QPointF(1, 1) * self._dpr * TAG_INSET_PX

    def _roomy(self, name: TagPart, place: QRectF) -> bool:
        """Whether a number leaves most of its slice free: on a page zoomed far out numbers would cover everything."""
        return place.width() >= 3 * self._tags.width([name]) and place.height() >= 3 * self._tags.height

    def _fits(self, parts: Sequence[TagPart], place: QRectF) -> bool:
        inset = TAG_INSET_PX * self._dpr
        return place.width() >= self._tags.width(parts) + 2 * inset and place.height() >= self._tags.height + inset

    def note(self, text: str, page: QRectF) -> None:
        """A sentence at the upper edge of a page."""
        place = page.intersected(self._visible)
        if not place.isEmpty():
            self._tags.paint(self._painter, self._tag_corner(place), [TagPart(text, TagKind.NAME)])

    def legend(self, text: str, page: QRectF) -> None:
        """A sentence at the lower edge of a page, about marks on it."""
        place = page.intersected(self._visible)
        part = [TagPart(text, TagKind.NAME)]
        if not place.isEmpty() and self._fits(part, place):
            inset = TAG_INSET_PX * self._dpr
            self._tags.paint(self._painter, place.bottomLeft() + QPointF(inset, -inset - self._tags.height), part)

    def words(self, answer: Iterable[QRectF], labels: Iterable[QRectF]) -> None:
        """Outline the answer's words heavily, and those it was found by with a thin broken line."""
        for box in labels:
            self._outline(self._around(box, 1.5), 1.0, Qt.PenStyle.DashLine)
        for box in answer:
            self._outline(self._around(box, 2.5), 2.0, Qt.PenStyle.SolidLine)

    def hits(self, boxes: Iterable[QRectF], current: QRectF | None) -> None:
        """Search hits: grey and underlined, and the current one with its colours turned over, as selected text is."""
        line, room = self._line(1.0), self._line(1.0)
        seen = [box.adjusted(-room, -room, room, room).toRect() for box in boxes if box.intersects(self._visible)]
        if seen:
            light = [QRect(box.left(), box.bottom() + 1, box.width(), int(2 * line)) for box in seen]
            dark = [QRect(box.left(), box.bottom() + 1, box.width(), int(line)) for box in seen]
            # All at once: a page of hits would cost thousands of calls.
            self._painter.setPen(Qt.PenStyle.NoPen)
            for rects, color in ((seen, HIT_FILL), (light, LIGHT), (dark, INK)):
                self._painter.setBrush(color)
                self._painter.drawRects(rects)
        if current is not None:
            around = self._around(current, 1.5)
            self._painter.save()
            self._painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Difference)
            self._painter.fillRect(around, LIGHT)
            self._painter.restore()
            self._outline(around, 1.5, Qt.PenStyle.SolidLine)

    def pulse(self, place: QRectF, phase: float) -> None:
        """A frame inside a slice that swells and fades as `phase` goes from 0 to 1."""
        width = self._line(2.0 + 5.0 * (1.0 - phase))
        half = width / 2 + self._dpr
        painter = self._painter
        painter.save()
        painter.setOpacity(1.0 - 0.75 * phase)
        self._stroke(place.adjusted(half, half, -half, -half), width + 2 * self._dpr, LIGHT, Qt.PenStyle.SolidLine, 0)
        self._stroke(place.adjusted(half, half, -half, -half), width, INK, Qt.PenStyle.SolidLine, 0)
        painter.restore()

    def _outline(self, box: QRectF, width: float, style: Qt.PenStyle) -> None:
        radius = 2.5 * self._dpr
        line = self._line(width)
        self._stroke(box, line + 2 * self._line(1.0), LIGHT, Qt.PenStyle.SolidLine, radius)
        self._stroke(box, line, INK, style, radius)

    def _stroke(self, box: QRectF, width: float, color: QColor, style: Qt.PenStyle, radius: float) -> None:
        painter = self._painter
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(color, width, style)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, radius, radius)
        painter.restore()

    def _around(self, box: QRectF, logical_px: float) -> QRectF:
        room = logical_px * self._dpr
        return _whole(box.adjusted(-room, -room, room, room))

    def _line(self, logical_px: float) -> float:
        """A line's width in whole device px, at least one."""
        return float(max(1, round(logical_px * self._dpr)))


def _share_part(mark: SliceMark, share: float) -> TagPart:
    if mark.look is Look.PREVIEW:
        return TagPart(f"looked {percent(share)}", TagKind.PREVIEW)
    return TagPart(percent(share), TagKind.CONTRIBUTION)


def _edges(slices: Sequence[PlacedSlice]) -> list[QRect]:
    """The borders of slices on whole device px, without thickness; a border that two slices share comes once."""
    across, down = set(), set()
    for each in slices:
        left, top = _snap(each.place.left()), _snap(each.place.top())
        right, bottom = _snap(each.place.right()), _snap(each.place.bottom())
        across |= {(top, left, right), (bottom, left, right)}
        down |= {(left, top, bottom), (right, top, bottom)}
    return [
        *(QRect(left, y, right - left, 0) for y, left, right in sorted(across)),
        *(QRect(x, top, 0, bottom - top) for x, top, bottom in sorted(down)),
    ]


def _snap(length: float) -> int:
    """The nearest whole px; a hair is added so that two ways to compute one border never round apart."""
    return math.floor(length + 0.5 + 1e-4)


def _whole(rect: QRectF) -> QRectF:
    """`rect` moved to whole device px, so that thin lines stay crisp."""
    left, top = round(rect.left()), round(rect.top())
    return QRectF(left, top, round(rect.right()) - left, round(rect.bottom()) - top)
