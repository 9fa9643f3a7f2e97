"""The word that was clicked, as each of the two policies feeds it to its model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from app.lab.feeding import WordFeed
from app.lab.pixels_view import FACTORS, PixelsView
from app.lab.words_text import RESAMPLED, tr, word_line
from app.wording import plain
from engine.slicing.figures import Figures

LARGEST_FACTOR = 8
GAP_PX = 3
"""Between two parts, in pixels of the views."""


class WordParts(PixelsView):
    """The parts of a word beside each other, as large as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.feeds: tuple[WordFeed, ...] = ()

    def show_feeds(self, feeds: Sequence[WordFeed]) -> None:
        self.feeds = tuple(feeds)
        self.show_image(beside([feed.image for feed in self.feeds]))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        size, dpr = self.viewport().size(), self.viewport().devicePixelRatioF()
        if not self.image.isNull():
            across = size.width() * dpr / self.image.width()
            down = size.height() * dpr / self.image.height()
            room = min(across, down, LARGEST_FACTOR)
            self.set_factor(max((each for each in FACTORS if each <= room), default=1))


def beside(images: Sequence[QImage]) -> QImage:
    """Images in a row, on nothing."""
    if not images:
        return QImage()
    width = sum(image.width() for image in images) + GAP_PX * (len(images) - 1)
    row = QImage(width, max(image.height() for image in images), QImage.Format.Format_ARGB32_Premultiplied)
    row.fill(Qt.GlobalColor.transparent)
    painter = QPainter(row)
    left = 0
    for image in images:
        painter.drawImage(left, 0, image)
        left += image.width() + GAP_PX
    painter.end()
    return row


class WordPanel(QWidget):
    """A stands above B."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(200)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        self.title = self._label("")
        column.addWidget(self.title)
        self.parts: list[WordParts] = []
        self.lines: list[QLabel] = []
        self._names: list[QLabel] = []
        for side in "AB":
            name, parts, line = self._label(""), WordParts(self), self._label("muted")
            parts.setAccessibleName(tr("The word as policy {side} feeds it").format(side=side))
            column.addWidget(name)
            column.addWidget(parts, 1)
            column.addWidget(line)
            self._names.append(name)
            self.parts.append(parts)
            self.lines.append(line)
        self._note = self._label("muted")
        self._note.setText(tr(RESAMPLED))
        column.addWidget(self._note)
        self._rest = QWidget(self)
        column.addWidget(self._rest, 1)
        self.clear()

    def clear(self) -> None:
        """Show no word, but how to get one."""
        self.title.setText(tr("Click a word on the page, or step to it with Ctrl+Right, to see it as it is fed."))
        for name, parts, line in zip(self._names, self.parts, self.lines, strict=True):
            parts.show_feeds(())
            for widget in (name, parts, line):
                widget.hide()
        self._note.hide()
        self._rest.show()

    def show_word(self, text: str, rows: Sequence[Figures | None], feeds: Sequence[Sequence[WordFeed]]) -> None:
        """A word and its parts, policy by policy."""
        self.title.setText(tr("“{word}” as the model gets it").format(word=plain(text)))
        for number, (row, found) in enumerate(zip(rows, feeds, strict=True)):
            policy = row.chosen.id if row is not None else ""
            self._names[number].setText(tr("{side} · {policy}").format(side="AB"[number], policy=policy))
            self.parts[number].show_feeds(found)
            said = word_line(row, found)
            self.parts[number].setAccessibleName(said)
            self.lines[number].setText(said)
            self._names[number].show()
            self.parts[number].show()
            self.lines[number].show()
        self._note.show()
        self._rest.hide()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label
