"""The picture of one policy: the page with its slices, drawn once and then only copied to the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QTransform

from app.lab.pixels import PageImage
from app.page_view.canvas import device_font
from app.page_view.marks import plan_marks
from app.page_view.overlay import Overlay, PlacedSlice
from app.page_view.tags import TagKind, TagPainter, TagPart
from engine.documents.types import PageRef
from engine.geometry import PagePoint, PageRect
from engine.slicing.figures import Figures, column_of

EXPORT_MAX_PX = 48_000_000
"""Of both pictures together; larger ones are reduced, and their caption says so."""
EXPORT_LINE_SHARE = 1 / 900
"""Width of a border's line in an exported picture, in heights of it."""
NAME_INSET_PX = 8.0
PAPER, INK = QColor(232, 232, 232), QColor(17, 19, 24)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a page lies in a picture: `scale` px of the picture per native px, its corner at (`x`, `y`)."""

    scale: float
    x: float
    y: float

    def page_rect(self, page: PageRef) -> QRectF:
        return QRectF(self.x, self.y, page.native.width * self.scale, page.native.height * self.scale)

    def from_units(self, page: PageRef) -> QTransform:
        """Page units → px of the picture."""
        across, down = page.units_per_px
        return QTransform(self.scale / across, 0, 0, self.scale / down, self.x, self.y)

    def to_page(self, page: PageRef, point: QPointF) -> PagePoint:
        """px of the picture → page units."""
        across, down = page.units_per_px
        return PagePoint((point.x() - self.x) / self.scale * across, (point.y() - self.y) / self.scale * down)


@dataclass(frozen=True, slots=True)
class PaneLook:
    """How slices are painted: the tags, the places outlined (page units), the name in a lower corner, if any."""

    tags: TagPainter
    outlined: Sequence[PageRect] = ()
    name: str = ""
    name_right: bool = False


def page_picture(size: QSize, image: PageImage, placement: Placement, desk: QColor) -> QImage:
    """The page as it is placed, on the desk."""
    picture = QImage(size, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    whole = QRectF(picture.rect())
    page = placement.page_rect(image.page)
    painter.fillRect(whole, desk)
    seen = page.intersected(whole)
    if not seen.isEmpty():
        level = image.level_for(placement.scale)
        source = QTransform.fromTranslate(-page.x(), -page.y()) * QTransform.fromScale(
            level.width() / page.width(), level.height() / page.height()
        )
        # Pixels enlarged are shown as pixels: in the lab they are what is looked at.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, placement.scale < image.scale)
        painter.drawImage(seen, level, source.mapRect(seen))
    painter.end()
    return picture


def paint_slices(picture: QImage, page: PageRef, row: Figures | None, placement: Placement, look: PaneLook) -> None:
    """Paint the slices of the policy of `row` over the page, or why there are none; its name at the lower edge."""
    painter = QPainter(picture)
    whole = QRectF(picture.rect())
    overlay = Overlay(painter, look.tags, whole)
    transform = placement.from_units(page)

    def place(box: PageRect) -> QRectF:
        return transform.mapRect(QRectF(box.x0, box.y0, box.width, box.height))

    if row is not None and row.plan is not None:
        slices = [PlacedSlice(mark, place(mark.box)) for mark in plan_marks(page, row.plan).slices]
        # A page that is not sliced has a border only where a crop leaves some of it out.
        cropped = row.plan.overview.rect.area < page.native.area - 1
        overlay.grid([each for each in slices if cropped or each.mark.number is not None])
        overlay.words([place(box) for box in look.outlined], ())
        overlay.tags(slices, numbers=True)
    elif row is not None and row.refused is not None:
        overlay.note(row.refused.message, placement.page_rect(page))
    if look.name:
        part = [TagPart(look.name, TagKind.NAME)]
        inset = NAME_INSET_PX * look.tags.dpr
        left = whole.right() - inset - look.tags.width(part) if look.name_right else inset
        look.tags.paint(painter, QPointF(left, whole.bottom() - inset - look.tags.height), part)
    painter.end()


def side_by_side(image: PageImage, rows: Sequence[Figures], font: QFont) -> QImage:
    """The page once per policy, each under its name, at native resolution where that can be held. For export; runs
    outside the GUI thread."""
    level = image.whole
    while level.width() * level.height() * len(rows) > EXPORT_MAX_PX and level is not image.levels[-1]:
        level = image.levels[image.levels.index(level) + 1]
    scale = level.width() / image.page.native.width
    dpr = max(1.0, level.height() * EXPORT_LINE_SHARE)
    margin = round(16 * dpr)
    head = 3 * margin
    width = len(rows) * (level.width() + margin) + margin
    sheet = QImage(width, level.height() + head + margin, QImage.Format.Format_RGB32)
    sheet.fill(PAPER)
    painter = QPainter(sheet)
    painter.setFont(device_font(font, dpr, 1.2, bold=True))
    painter.setPen(INK)
    look = PaneLook(TagPainter(font, dpr))
    page = page_picture(level.size(), image, Placement(scale, 0, 0), PAPER)
    for number, row in enumerate(rows):
        picture = page.copy()
        paint_slices(picture, image.page, row, Placement(scale, 0, 0), look)
        left = margin + number * (level.width() + margin)
        painter.drawImage(left, head, picture)
        place = QRectF(left, 0, level.width(), head)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), _caption(row, scale))
    painter.end()
    return sheet


def _caption(row: Figures, scale: float) -> str:
    grid = column_of("grid").text(row) or "–"
    reduced = "" if scale > 0.999 else f" · page reduced to {scale:.0%}"
    return f"{row.chosen.policy.title} · {grid} · {row.chosen.id}{reduced}"


def fitting(page: PageRef, size: QSize, margin_px: float) -> Placement:
    """All of the page, as large as it can be, in the middle of a picture of `size`."""
    width, height = max(1.0, size.width() - 2 * margin_px), max(1.0, size.height() - 2 * margin_px)
    scale = min(width / page.native.width, height / page.native.height)
    x = (size.width() - page.native.width * scale) / 2
    return Placement(scale, x, (size.height() - page.native.height * scale) / 2)
