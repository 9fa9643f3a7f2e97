"""Where questions are typed: a box that grows, with the history of questions under the arrow keys."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

MAX_LINES = 5
MAX_HISTORY = 200
FRAME_PX = 16


class QuestionBox(QPlainTextEdit):
    """Enter asks, Shift+Enter starts a new line, up and down at the first and last line walk the history."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history: list[str] = []
        self._at = 0
        self._draft = ""
        self.setTabChangesFocus(True)
        self.setPlaceholderText(self.tr("Ask about the document"))
        self.setAccessibleName(self.tr("Question"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(2)
        self.textChanged.connect(self._fit)
        self._fit()

    @property
    def history(self) -> tuple[str, ...]:
        """Questions asked, oldest first."""
        return tuple(self._history)

    def set_history(self, questions: tuple[str, ...]) -> None:
        self._history = list(questions)[-MAX_HISTORY:]
        self._at = len(self._history)

    def submit(self) -> None:
        """Ask what stands in the box."""
        question = " ".join(self.toPlainText().split())
        if question:
            self.asked.emit(question)

    def accept(self, question: str) -> None:
        """The question was taken: it goes to the history and the box is empty again."""
        others = [each for each in self._history if each != question]
        self._history = [*others, question][-MAX_HISTORY:]
        self._at = len(self._history)
        self._draft = ""
        self.clear()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shifted:
            self.submit()
        elif event.key() == Qt.Key.Key_Up and not shifted and self.textCursor().blockNumber() == 0:
            self._walk(-1)
        elif event.key() == Qt.Key.Key_Down and not shifted and self._on_last_line():
            self._walk(1)
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(200, self.height())

    def _on_last_line(self) -> bool:
        return self.textCursor().blockNumber() == self.blockCount() - 1

    def _walk(self, step: int) -> None:
        if not 0 <= self._at + step <= len(self._history):
            return
        if self._at == len(self._history):
            self._draft = self.toPlainText()
        self._at += step
        self.setPlainText(self._draft if self._at == len(self._history) else self._history[self._at])
        self.moveCursor(QTextCursor.MoveOperation.End)

    def _fit(self) -> None:
        lines = max(1, min(MAX_LINES, round(self.document().size().height())))
        self.setFixedHeight(QFontMetrics(self.font()).lineSpacing() * max(2, lines) + FRAME_PX)
