"""The middle of the window as it stands at the first paint: room for messages and a word of welcome."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.panels.fonts import larger
from app.panels.icon_label import IconLabel
from app.panels.message_bar import MessageArea

SIGN_PX = 72
HERO_SCALE = 1.4
FOCUS_LINE_PX = 2
GAP_PX = 6


class PageFrame(QWidget):
    """Messages above, then the search bar once there is one, then the page view or the welcome."""

    sample_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.messages = MessageArea(self)
        self._column.addWidget(self.messages)
        self._focus_line = QFrame(self)
        self._focus_line.setObjectName("focusLine")
        self._focus_line.setFixedHeight(FOCUS_LINE_PX)
        self._column.addWidget(self._focus_line)
        self._stack = QStackedWidget(self)
        self._welcome = self._build_welcome()
        self._stack.addWidget(self._welcome)
        self._column.addWidget(self._stack, 1)

    def add_bar(self, bar: QWidget) -> None:
        """Put a bar between messages and page."""
        self._column.insertWidget(1, bar)

    def show_page(self, view: QWidget | None) -> None:
        """Show the page view, or the welcome without one."""
        if view is None:
            self._stack.setCurrentWidget(self._welcome)
            return
        if self._stack.indexOf(view) < 0:
            self._stack.addWidget(view)
        self._stack.setCurrentWidget(view)

    def show_focus(self, on: bool) -> None:
        """Show that the keys go to the page."""
        if bool(self._focus_line.property("on")) is not on:
            self._focus_line.setProperty("on", on)
            self._focus_line.style().unpolish(self._focus_line)
            self._focus_line.style().polish(self._focus_line)

    def _build_welcome(self) -> QWidget:
        welcome = QWidget(self)
        column = QVBoxLayout(welcome)
        column.addStretch(2)
        sign = IconLabel("tessera", SIGN_PX, welcome)
        hero = QLabel(self.tr("Drop a PDF or a screenshot here"), welcome)
        hero.setFont(larger(self.font(), HERO_SCALE))
        hero.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text = QLabel(
            self.tr("Or open one with Ctrl+O, or paste a screenshot with Ctrl+V.\nNothing leaves this machine."),
            welcome,
        )
        text.setObjectName("muted")
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        sample = QPushButton(self.tr("Try the sample invoice"), welcome)
        sample.clicked.connect(self.sample_wanted)
        for widget in (sign, hero, text, sample):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
            column.addSpacing(GAP_PX)
        column.addStretch(3)
        return welcome
