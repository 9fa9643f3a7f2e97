"""What is said on a page that cannot be shown: the message, on the page itself, and a way to try again."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette

from app.page_view.canvas import device_font
from app.page_view.layout import PageLayout
from app.page_view.tiles import TileQueue
from engine.documents.types import PageRef
from engine.errors import ErrorInfo

RETRY_TEXT = "Try again"
WIDTH_PX = 420
FULL_FROM_PX = 240
"""Logical px of a panel's width from which the message is written out; below it stands in the tooltip only."""
PAD_PX = 18
_WRAPPED = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)


@dataclass(frozen=True, slots=True)
class FailurePanel:
    """Where the message on a failed page stands, in device px of the viewport. `full` is false where the page is so
    small that only the title has room."""

    frame: QRect
    button: QRect
    title: QRect
    full: bool


def failure_panel(page: QRect, window: QRect, error: ErrorInfo, font: QFont, dpr: float) -> FailurePanel:
    """The panel in the middle of `page`, moved into `window` as far as the page reaches into it."""
    pad = round(PAD_PX * dpr)
    width = max(1, min(round(WIDTH_PX * dpr), page.width() - pad))
    full = width >= FULL_FROM_PX * dpr
    pad = pad if full else pad // 2
    inner = QRect(0, 0, max(1, width - 2 * pad), 10000)
    metrics = QFontMetrics(device_font(font, dpr))
    title = QFontMetrics(_title_font(font, dpr, full=full)).boundingRect(inner, _WRAPPED, title_of(0))
    text_height = metrics.boundingRect(inner, _WRAPPED, str(error)).height() + pad // 2 if full else 0
    button_height = round(metrics.height() * 1.9)
    frame = QRect(0, 0, width, 3 * pad + title.height() + text_height + button_height)
    frame.moveCenter(page.center())
    lowest = window.bottom() - frame.height() - pad
    frame.moveTop(max(min(frame.top(), lowest), window.top() + pad))
    frame.moveTop(min(max(frame.top(), page.top()), max(page.top(), page.bottom() - frame.height())))
    button_width = min(metrics.horizontalAdvance(RETRY_TEXT) + 2 * pad, inner.width())
    button = QRect(frame.left() + pad, frame.bottom() - pad - button_height + 1, button_width, button_height)
    return FailurePanel(
        frame, button, QRect(frame.left() + pad, frame.top() + pad, inner.width(), title.height()), full
    )


def title_of(index: int) -> str:
    return f"Page {index + 1} cannot be shown"


def _title_font(font: QFont, dpr: float, *, full: bool) -> QFont:
    return device_font(font, dpr, 1.15 if full else 0.9, bold=True)


class FailurePanels:
    """The panels now on screen: paints them and knows what is under the mouse."""

    def __init__(self, tiles: TileQueue) -> None:
        self._tiles = tiles
        self._shown: dict[PageRef, FailurePanel] = {}

    def paint(self, painter: QPainter, layout: PageLayout, seen: QRect, palette: QPalette, font: QFont) -> None:
        """Paint the panels of the failed pages in sight; `seen` is on the content, the painter on the viewport."""
        self._shown.clear()
        window = QRect(QPoint(0, 0), seen.size())
        dpr = layout.spec.dpr
        for index in layout.pages_in(seen):
            page = layout.pages[index]
            error = self._tiles.error_of(page)
            if error is not None:
                place = layout.page_rect(index).translated(-seen.topLeft())
                panel = self._shown[page] = failure_panel(place, window, error, font, dpr)
                paint_failure(painter, panel, index, error, palette, (font, dpr))

    def button_at(self, point: QPoint) -> PageRef | None:
        """The page whose “Try again” is at `point` (device px of the viewport)."""
        return next((page for page, panel in self._shown.items() if panel.button.contains(point)), None)

    def message_at(self, point: QPoint) -> str | None:
        """The message whose panel is at `point` (device px of the viewport)."""
        page = next((page for page, panel in self._shown.items() if panel.frame.contains(point)), None)
        error = self._tiles.error_of(page) if page is not None else None
        return str(error) if error is not None else None


def paint_failure(
    painter: QPainter, panel: FailurePanel, page: int, error: ErrorInfo, palette: QPalette, style: tuple[QFont, float]
) -> None:
    """Paint the panel of page `page` (0-based). `style` is (widget font, devicePixelRatio)."""
    font, dpr = style
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink = palette.color(QPalette.ColorRole.WindowText)
    painter.setBrush(palette.color(QPalette.ColorRole.Window))
    painter.setPen(QColor(ink.red(), ink.green(), ink.blue(), 90))
    painter.drawRoundedRect(QRectF(panel.frame).adjusted(0.5, 0.5, -0.5, -0.5), 8 * dpr, 8 * dpr)
    painter.setPen(ink)
    painter.setFont(_title_font(font, dpr, full=panel.full))
    painter.drawText(panel.title, _WRAPPED, title_of(page))
    painter.setFont(device_font(font, dpr))
    if panel.full:
        text = QRect(panel.title)
        text.setTop(panel.title.bottom() + round(PAD_PX * dpr) // 2)
        text.setBottom(panel.button.top())
        painter.drawText(text, _WRAPPED, str(error))
    painter.setBrush(palette.color(QPalette.ColorRole.Button))
    painter.setPen(QColor(ink.red(), ink.green(), ink.blue(), 130))
    painter.drawRoundedRect(QRectF(panel.button).adjusted(0.5, 0.5, -0.5, -0.5), 5 * dpr, 5 * dpr)
    painter.setPen(palette.color(QPalette.ColorRole.ButtonText))
    painter.drawText(panel.button, int(Qt.AlignmentFlag.AlignCenter), RETRY_TEXT)
    painter.restore()
