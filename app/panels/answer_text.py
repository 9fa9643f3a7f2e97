"""The text of an answer, whose words can be selected; tells which."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel, QWidget

from app.panels.fonts import larger
from app.wording import kept_places, plain

SCALE = 1.25
SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard


class AnswerText(QLabel):
    """Shows `text` as it is, without what reorders or hides letters."""

    selected = Signal(int, int)
    """The characters [start, end) of `text` that are selected; 0, 0 when none are any more."""
    clicked = Signal()

    def __init__(self, text: str, parent: QWidget, *, final: bool = True) -> None:
        """One that is not `final` is shown beside the answer that there is, not as it."""
        super().__init__(plain(text), parent)
        self._source = text
        self._final = final
        self._reported = (0, 0)
        self.setObjectName("answerText" if final else "muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        if final:
            self.setFont(larger(parent.font(), SCALE))
        self.setTextInteractionFlags(SELECTABLE)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.IBeamCursor)

    def extend(self, piece: str) -> None:
        """Show more of an answer that is being written."""
        self._source += piece
        text = plain(self._source)
        self.setText(text if self._final else self.tr("The model writes: {text}").format(text=text))

    def set_worth_selecting(self, worth: bool) -> None:
        """Whether words of it have slices of their own: then the keyboard reaches it too."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if worth else Qt.FocusPolicy.ClickFocus)
        tip = self.tr("Select words to see their own slices") if worth else ""
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)

    def selection(self) -> tuple[int, int]:
        """The characters [start, end) of the text as it was given that are selected; (0, 0) for none."""
        if not self.hasSelectedText():
            return 0, 0
        # Qt counts UTF-16 units, of which some letters take two.
        units = self.text().encode("utf-16-le")
        first = len(units[: 2 * self.selectionStart()].decode("utf-16-le", "ignore"))
        places = kept_places(self._source)
        chosen = places[first : first + len(self.selectedText())]
        return (chosen[0], chosen[-1] + 1) if chosen else (0, 0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseMoveEvent(event)
        self._report()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseReleaseEvent(event)
        self._report()
        if event.button() == Qt.MouseButton.LeftButton and not self.hasSelectedText():
            self.clicked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseDoubleClickEvent(event)
        self._report()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        super().keyPressEvent(event)
        self._report()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            # The keyboard selects from the beginning on; Qt leaves its cursor at the end.
            self.setSelection(0, 0)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self._report()

    def _report(self) -> None:
        selection = self.selection()
        if selection != self._reported:
            self._reported = selection
            self.selected.emit(*selection)
