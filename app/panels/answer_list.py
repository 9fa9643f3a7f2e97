"""The list of answer cards, newest first. Cards are made a few at a time, so that a long history never holds up
the window, and older ones only when they are asked for."""

from __future__ import annotations

import time
from bisect import bisect_left

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.answers import AnswerBook
from app.panels.answer_card import AnswerCard
from app.task import DELIVERY_BUDGET_S
from engine.readers.types import Progress

CARDS_AT_ONCE = 40
"""So many answers are listed, and so many more with each press of the button below them."""
SCROLL_MARGIN_PX = 12


class AnswerList(QScrollArea):
    """Cards by record number."""

    show_wanted = Signal(int)
    copy_wanted = Signal(int)
    again_wanted = Signal(int)
    page_wanted = Signal(int, int)
    slice_pointed = Signal(int, object)
    words_selected = Signal(int, int, int)
    model_wanted = Signal(int)

    def __init__(self, book: AnswerBook, parent: QWidget) -> None:
        super().__init__(parent)
        self._book = book
        self._cards: dict[int, AnswerCard] = {}
        self._limit = CARDS_AT_ONCE
        self._offer = ""
        self._current: int | None = None
        self._marked: frozenset[int] = frozenset()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._make_some)
        self._build()
        book.added.connect(self._on_record_added)
        book.changed.connect(self._on_record_changed)
        book.removed.connect(self._on_record_removed)
        book.progressed.connect(self._on_record_progressed)
        book.written.connect(self._on_piece_written)
        book.measured.connect(self._on_contribution_measured)

    def card(self, number: int) -> AnswerCard | None:
        return self._cards.get(number)

    @property
    def older(self) -> int:
        """How many answers have no card yet and will not get one by themselves."""
        return max(0, len(self._book.records) - self._limit)

    def set_current(self, number: int | None) -> None:
        """Mark the card of the answer whose evidence is on the page."""
        self._current = number
        if number is not None and self._book.record(number) is not None:
            self._make(number)
            self.ensureWidgetVisible(self._cards[number], 0, SCROLL_MARGIN_PX)
        for each, card in self._cards.items():
            card.set_current(each == number)

    def set_offer(self, offer: str) -> None:
        """What cards of unsure answers offer: to ask a model, or to get one."""
        self._offer = offer
        for card in self._cards.values():
            card.set_offer(offer)

    def mark(self, numbers: frozenset[int]) -> None:
        """Mark the cards of the answers that came from a slice."""
        self._marked = numbers
        for number in numbers:
            self._make(number)
        for each, card in self._cards.items():
            card.set_marked(each in numbers)
        if numbers:
            self.ensureWidgetVisible(self._cards[max(numbers)], 0, SCROLL_MARGIN_PX)

    def neighbour(self, step: int) -> int | None:
        """The answer after (1) or before (-1) the current one, in the order in which the cards stand."""
        order = sorted((record.number for record in self._book.records), reverse=True)
        if not order:
            return None
        if self._current not in order:
            return order[0]
        return order[max(0, min(len(order) - 1, order.index(self._current) + step))]

    def _build(self) -> None:
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Answers"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget(self)
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 2, 4)
        self._column.setSpacing(8)
        self._older = QPushButton(self.tr("Show older answers"), content)
        self._older.setProperty("flat", True)
        self._older.clicked.connect(self._on_older_clicked)
        self._older.hide()
        self._column.addWidget(self._older)
        self._column.addStretch(1)
        self.setWidget(content)
        self.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)

    def _make(self, number: int) -> None:
        """Make the card of a record unless it is there, in its place among the others."""
        record = self._book.record(number)
        if record is None or number in self._cards:
            return
        card = AnswerCard(record, self._offer, self)
        if self._book.written_of(number):
            card.write(self._book.written_of(number))
        card.show_wanted.connect(self.show_wanted)
        card.copy_wanted.connect(self.copy_wanted)
        card.again_wanted.connect(self.again_wanted)
        card.page_wanted.connect(self.page_wanted)
        card.slice_pointed.connect(self.slice_pointed)
        card.words_selected.connect(self.words_selected)
        card.model_wanted.connect(self.model_wanted)
        card.remove_wanted.connect(self._book.remove)
        card.set_marked(number in self._marked)
        card.set_current(number == self._current)
        self._column.insertWidget(bisect_left(sorted(-each for each in self._cards), -number), card)
        self._cards[number] = card

    def _make_some(self) -> None:
        """Make missing cards, the newest first, for a small part of a frame; the rest follows."""
        until = time.monotonic() + DELIVERY_BUDGET_S
        listed = [record.number for record in self._book.records[-self._limit :]]
        missing = [number for number in reversed(listed) if number not in self._cards]
        while missing and time.monotonic() < until:
            self._make(missing.pop(0))
        self._older.setVisible(self.older > 0)
        if missing:
            self._timer.start()

    def _on_older_clicked(self) -> None:
        self._limit += CARDS_AT_ONCE
        self._make_some()

    def _on_record_added(self, number: int) -> None:
        record = self._book.record(number)
        if record is not None and record.under_way:
            self._make(number)
            self.verticalScrollBar().setValue(0)
        else:
            self._timer.start()

    def _on_record_changed(self, number: int) -> None:
        record = self._book.record(number)
        if record is not None and number in self._cards:
            self._cards[number].set_record(record)

    def _on_record_removed(self, number: int) -> None:
        card = self._cards.pop(number, None)
        if card is not None:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        if number == self._current:
            self._current = None
        self._timer.start()

    def _on_record_progressed(self, number: int, progress: Progress) -> None:
        if number in self._cards:
            self._cards[number].set_progress(progress)

    def _on_piece_written(self, number: int, piece: str) -> None:
        if number in self._cards:
            self._cards[number].write(piece)

    def _on_contribution_measured(self, number: int) -> None:
        record = self._book.record(number)
        if record is not None and number in self._cards:
            self._cards[number].set_measured(record)
