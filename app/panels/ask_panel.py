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
    QSizePolicy,
    QSpacerItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.icons import icon
from app.panels.question_box import QuestionBox

if TYPE_CHECKING:
    from app.answers import AnswerBook
    from app.panels.answer_list import AnswerList


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
    again_wanted = Signal(int)
    page_wanted = Signal(int, int)
    slice_pointed = Signal(int, object)
    words_selected = Signal(int, int, int)
    model_wanted = Signal(int)
    filter_cleared = Signal()

    answers: AnswerList
    """The cards; there from `set_book` on."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._build(actions)

    def set_book(self, book: AnswerBook) -> None:
        """Show these answers; before that the panel has none."""
        # Imported now: an empty panel is painted without it.
        from app.panels.answer_list import AnswerList

        self.answers = AnswerList(book, self)
        self.answers.show_wanted.connect(self.show_wanted)
        self.answers.copy_wanted.connect(self.copy_wanted)
        self.answers.again_wanted.connect(self.again_wanted)
        self.answers.page_wanted.connect(self.page_wanted)
        self.answers.slice_pointed.connect(self.slice_pointed)
        self.answers.words_selected.connect(self.words_selected)
        self.answers.model_wanted.connect(self.model_wanted)
        self._column.removeItem(self._rest)
        self._column.addWidget(self.answers, 1)
        book.busy_changed.connect(self._on_busy_changed)

    @property
    def scope(self) -> Scope:
        return Scope(self.scope_box.currentData())

    @property
    def range_text(self) -> str:
        """1-based pages as typed, for `Scope.RANGE`."""
        return self.range_field.text().strip()

    def mark(self, numbers: frozenset[int], text: str) -> None:
        """Mark the cards of the answers that came from a slice; `text` says which slice."""
        self.answers.mark(numbers)
        self._filter_text.setText(text)
        self._filter.setVisible(bool(text))

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
        self._column = column
        self._rest = QSpacerItem(0, 0, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        column.addItem(self._rest)

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

    def _on_scope_changed(self) -> None:
        self.range_field.setVisible(self.scope is Scope.RANGE)
        if self.scope is Scope.RANGE:
            self.range_field.setFocus()

    def _on_busy_changed(self, busy: bool) -> None:
        self._cancel.setVisible(busy)
