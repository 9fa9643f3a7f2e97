"""The ask panel: the question box, the scope of a question, and the answers, newest first."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.icons import icon
from app.panels.question_box import QuestionBox

if TYPE_CHECKING:
    from app.answers import AnswerBook
    from app.panels.answer_card import AnswerCard
    from engine.readers.types import Progress


class Scope(StrEnum):
    """What a question is asked of."""

    DOCUMENT = "document"
    PAGE = "page"
    RANGE = "range"
    SELECTED = "selected"


class AskPanel(QWidget):
    """Questions go out by `asked`; answers come in from the answer book."""

    asked = Signal(str)
    show_wanted = Signal(int)
    copy_wanted = Signal(int)
    page_wanted = Signal(int, int)
    slice_pointed = Signal(int, object)
    filter_cleared = Signal()

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._cards: dict[int, AnswerCard] = {}
        self._current: int | None = None
        self._build(actions)

    def set_book(self, book: AnswerBook) -> None:
        """Show these answers; before that the panel has none."""
        # Imported now: an empty panel is painted without it.
        from app.panels.answer_card import AnswerCard

        self._make_card = AnswerCard
        self._book = book
        book.added.connect(self._on_record_added)
        book.changed.connect(self._on_record_changed)
        book.removed.connect(self._on_record_removed)
        book.progressed.connect(self._on_record_progressed)
        book.busy_changed.connect(self._on_busy_changed)

    @property
    def scope(self) -> Scope:
        return Scope(self.scope_box.currentData())

    @property
    def range_text(self) -> str:
        """1-based pages as typed, for `Scope.RANGE`."""
        return self.range_field.text().strip()

    def card(self, number: int) -> AnswerCard | None:
        return self._cards.get(number)

    def set_current(self, number: int | None) -> None:
        """The answer whose evidence is on the page."""
        for each, card in self._cards.items():
            card.set_current(each == number)
        self._current = number
        if number is not None and number in self._cards:
            self._scroll.ensureWidgetVisible(self._cards[number], 0, 12)

    def mark(self, numbers: frozenset[int], text: str) -> None:
        """Mark the cards of the answers that came from a slice; `text` says which slice."""
        for each, card in self._cards.items():
            card.set_marked(each in numbers)
        self._filter_text.setText(text)
        self._filter.setVisible(bool(text))
        if numbers:
            self._scroll.ensureWidgetVisible(self._cards[max(numbers)], 0, 12)

    def neighbour(self, step: int) -> int | None:
        """The answer after (1) or before (-1) the current one, in the order in which the cards stand."""
        order = sorted(self._cards, reverse=True)
        if not order:
            return None
        if self._current not in order:
            return order[0]
        return order[max(0, min(len(order) - 1, order.index(self._current) + step))]

    def say(self, text: str) -> None:
        """A hint under the question box; empty takes it away."""
        self._hint.setText(text)
        self._hint.setVisible(bool(text))

    def _build(self, actions: Actions) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 8, 4)
        column.setSpacing(8)
        column.addLayout(self._build_head(actions))
        row = QHBoxLayout()
        row.setSpacing(6)
        self.question = QuestionBox(self)
        self.question.asked.connect(self.asked)
        row.addWidget(self.question, 1)
        ask = QPushButton(self)
        ask.setIcon(icon("ask", QPalette.ColorRole.HighlightedText))
        ask.setIconSize(QSize(18, 18))
        ask.setProperty("primary", True)
        ask.setToolTip(actions["ask"].toolTip())
        ask.setAccessibleName(self.tr("Ask"))
        ask.clicked.connect(actions["ask"].trigger)
        row.addWidget(ask, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        column.addLayout(self._build_scope(actions))
        self._hint = QLabel(self)
        self._hint.setWordWrap(True)
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setObjectName("muted")
        self._hint.hide()
        column.addWidget(self._hint)
        column.addWidget(self._build_filter())
        column.addWidget(self._build_cards(), 1)

    def _build_head(self, actions: Actions) -> QHBoxLayout:
        head = QHBoxLayout()
        title = QLabel(self.tr("Ask"), self)
        title.setObjectName("panelTitle")
        head.addWidget(title, 1)
        for key in ("export", "clear-answers"):
            button = QToolButton(self)
            button.setDefaultAction(actions[key])
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(actions[key].text())
            head.addWidget(button)
        return head

    def _build_scope(self, actions: Actions) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.scope_box = QComboBox(self)
        self.scope_box.setAccessibleName(self.tr("Ask about"))
        self.scope_box.setToolTip(self.tr("What the question is asked of"))
        for scope, text in (
            (Scope.DOCUMENT, self.tr("Whole document")),
            (Scope.PAGE, self.tr("This page")),
            (Scope.RANGE, self.tr("Pages …")),
            (Scope.SELECTED, self.tr("Selected documents")),
        ):
            self.scope_box.addItem(text, scope.value)
        self.scope_box.currentIndexChanged.connect(self._on_scope_changed)
        row.addWidget(self.scope_box)
        self.range_field = QLineEdit(self)
        self.range_field.setPlaceholderText(self.tr("1-3, 7"))
        self.range_field.setAccessibleName(self.tr("Pages to ask about"))
        self.range_field.setMaximumWidth(110)
        self.range_field.hide()
        row.addWidget(self.range_field)
        row.addStretch(1)
        self._cancel = QToolButton(self)
        self._cancel.setDefaultAction(actions["cancel"])
        self._cancel.setIconSize(QSize(16, 16))
        self._cancel.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._cancel.hide()
        row.addWidget(self._cancel)
        return row

    def _build_filter(self) -> QWidget:
        self._filter = QWidget(self)
        row = QHBoxLayout(self._filter)
        row.setContentsMargins(0, 0, 0, 0)
        self._filter_text = QLabel(self._filter)
        self._filter_text.setWordWrap(True)
        row.addWidget(self._filter_text, 1)
        clear = QToolButton(self._filter)
        clear.setIcon(icon("close"))
        clear.setIconSize(QSize(12, 12))
        clear.setToolTip(self.tr("Unmark the answers"))
        clear.setAccessibleName(self.tr("Unmark the answers"))
        clear.clicked.connect(self.filter_cleared)
        row.addWidget(clear)
        self._filter.hide()
        return self._filter

    def _build_cards(self) -> QScrollArea:
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("Answers"))
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        content = QWidget(self._scroll)
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(0, 0, 2, 4)
        self._list.setSpacing(8)
        self._list.addStretch(1)
        self._scroll.setWidget(content)
        self._scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        return self._scroll

    def _on_scope_changed(self) -> None:
        self.range_field.setVisible(self.scope is Scope.RANGE)
        if self.scope is Scope.RANGE:
            self.range_field.setFocus()

    def _on_busy_changed(self, busy: bool) -> None:
        self._cancel.setVisible(busy)

    def _on_record_added(self, number: int) -> None:
        record = self._book.record(number)
        if record is None:
            return
        card = self._make_card(record, self)
        card.show_wanted.connect(self.show_wanted)
        card.copy_wanted.connect(self.copy_wanted)
        card.page_wanted.connect(self.page_wanted)
        card.slice_pointed.connect(self.slice_pointed)
        card.remove_wanted.connect(self._book.remove)
        self._cards[number] = card
        self._list.insertWidget(0, card)

    def _on_record_changed(self, number: int) -> None:
        record = self._book.record(number)
        if record is not None and number in self._cards:
            self._cards[number].set_record(record)

    def _on_record_removed(self, number: int) -> None:
        card = self._cards.pop(number, None)
        if card is not None:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        if number == self._current:
            self._current = None

    def _on_record_progressed(self, number: int, progress: Progress) -> None:
        if number in self._cards:
            self._cards[number].set_progress(progress)
