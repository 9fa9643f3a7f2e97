"""The word that was clicked, as each of the two policies feeds it to its model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.lab.feeding import WordFeed
from app.lab.words_text import RESAMPLED, tr, word_line
from app.page_view.canvas import device_pixels
from app.wording import plain
from engine.slicing.figures import Figures

LARGEST_FACTOR = 8
GAP_PX = 6
HEIGHT_PX = 110


class WordParts(QWidget):
    """The parts of a word beside each other, every pixel a square."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT_PX)
        self.feeds: tuple[WordFeed, ...] = ()

    def show_feeds(self, feeds: Sequence[WordFeed]) -> None:
        self.feeds = tuple(feeds)
        self.update()

    def factor(self, size: QSize, gap: int) -> int:
        """Device px per pixel: as many as there is room for, at least one."""
        width = sum(feed.image.width() for feed in self.feeds)
        height = max((feed.image.height() for feed in self.feeds), default=0)
        if not width or not height:
            return 1
        room = size.width() - gap * (len(self.feeds) - 1)
        return min(LARGEST_FACTOR, max(1, min(room // width, size.height() // height)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        with device_pixels(painter):
            dpr = self.devicePixelRatioF()
            size = QSize(round(self.width() * dpr), round(self.height() * dpr))
            gap, left = round(GAP_PX * dpr), 0
            factor = self.factor(size, gap)
            for feed in self.feeds:
                place = QRect(left, 0, feed.image.width() * factor, feed.image.height() * factor)
                painter.drawImage(place, feed.image)
                left += place.width() + gap
        painter.end()


class WordPanel(QWidget):
    """A stands above B."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(220)
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
            name.setAccessibleName(tr("Policy {side}").format(side=side))
            for widget in (name, parts, line):
                column.addWidget(widget)
            self._names.append(name)
            self.parts.append(parts)
            self.lines.append(line)
        self._note = self._label("muted")
        self._note.setText(tr(RESAMPLED))
        column.addStretch(1)
        column.addWidget(self._note)
        self.clear(tr("Click a word on the page to see it as each policy feeds it."))

    def clear(self, text: str) -> None:
        """Show no word but a sentence."""
        self.title.setText(text)
        for name, parts, line in zip(self._names, self.parts, self.lines, strict=True):
            parts.show_feeds(())
            for widget in (name, parts, line):
                widget.hide()
        self._note.hide()

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
            self.parts[number].setVisible(bool(found))
            self.lines[number].show()
        self._note.show()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label
