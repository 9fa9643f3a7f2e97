"""What a policy feeds its model: views and words at the pixels they are resized to. Thread-safe; owns no widget.

Resampled by Qt's smooth scaling from the page's own pixels: sizes and places are the plan's, to the nearest page
pixel; a model's own filter may give other shades.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from app.lab.pixels import PageImage
from engine.geometry import PixelRect
from engine.slicing.plan import SlicePlan, View
from engine.slicing.quality import LEGIBLE_PX, detail_views
from engine.slicing.words import SLACK

PADDING = QColor(128, 132, 140)
"""Stands for padding, of whichever colour the model's own is."""
MARGIN = 0.4
"""Shown around a word, in heights of it."""


@dataclass(frozen=True, slots=True)
class WordFeed:
    """A word, or the part of it that `view` holds, in px of the view. `text_px` is how high its box is drawn there."""

    view: View
    image: QImage
    text_px: float

    @property
    def legible(self) -> bool:
        return self.text_px > LEGIBLE_PX


def view_image(image: PageImage, view: View) -> QImage:
    """The view as it goes into the vision encoder, `view.size` px, with padding in a grey of its own."""
    fed = QImage(view.size.width, view.size.height, QImage.Format.Format_RGB32)
    fed.fill(PADDING)
    source = _within(image, view.rect)
    if source.isEmpty():
        return fed
    place = _drawn(view)
    drawn = image.whole.copy(source).scaled(
        place.size(), Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    painter = QPainter(fed)
    painter.drawImage(place.topLeft(), drawn)
    painter.end()
    return fed


def holding_views(plan: SlicePlan, box: PixelRect) -> tuple[View, ...]:
    """The views in which the details of a word (page px) are read: one, several where seams cut it, none where a crop
    leaves it out."""
    slack = min(SLACK * box.height, box.width / 4)
    inner = PixelRect(box.x + slack, box.y + slack, box.width - 2 * slack, box.height - 2 * slack)
    return tuple(view for view in detail_views(plan) if _overlap(view.rect, inner) is not None)


def word_feeds(image: PageImage, plan: SlicePlan, box: PixelRect) -> tuple[WordFeed, ...]:
    """A word (page px) as `plan` feeds it, part by part."""
    room = MARGIN * box.height
    around = PixelRect(box.x - room, box.y - room, box.width + 2 * room, box.height + 2 * room)
    feeds = []
    for view in holding_views(plan, box):
        part = _overlap(view.rect, around)
        if part is not None:
            feeds.append(WordFeed(view, view_image(image, view).copy(_in_view(view, part)), box.height * view.scale[1]))
    return tuple(feeds)


def _drawn(view: View) -> QRect:
    if view.drawn is None:
        return QRect(0, 0, view.size.width, view.size.height)
    place = view.drawn
    corner = QPoint(round(place.x), round(place.y))
    return QRect(corner, QPoint(round(place.right) - 1, round(place.bottom) - 1))


def _within(image: PageImage, rect: PixelRect) -> QRect:
    """A rectangle of native px in the picture's whole px."""
    left, top = round(rect.x * image.scale), round(rect.y * image.scale)
    right, bottom = round(rect.right * image.scale), round(rect.bottom * image.scale)
    return QRect(left, top, right - left, bottom - top).intersected(image.whole.rect())


def _in_view(view: View, part: PixelRect) -> QRect:
    """A part of the view's source (page px) in px of the view."""
    (across, down), place = view.scale, _drawn(view)
    left, top = round((part.x - view.rect.x) * across), round((part.y - view.rect.y) * down)
    width, height = max(1, round(part.width * across)), max(1, round(part.height * down))
    return QRect(place.left() + left, place.top() + top, width, height).intersected(place)


def _overlap(one: PixelRect, other: PixelRect) -> PixelRect | None:
    left, top = max(one.x, other.x), max(one.y, other.y)
    right, bottom = min(one.right, other.right), min(one.bottom, other.bottom)
    return PixelRect(left, top, right - left, bottom - top) if right > left and bottom > top else None
