"""Messages in the window: what happened and what to do, above the page, never in the way. Also asks for passwords."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.icons import icon
from app.panels.icon_label import IconLabel

SIGN_PX = 18
MAX_BARS = 50
"""Beyond this the oldest message goes."""
MAX_HEIGHT_PX = 176
"""Messages never push the page away: more than these about four bars are scrolled."""


@dataclass(frozen=True, slots=True)
class Message:
    """`key` names what the message is about: a new one replaces that of the same key. `action` is (label, callback)."""

    key: str
    text: str
    serious: bool = False
    action: tuple[str, Callable[[], None]] | None = None


class MessageArea(QScrollArea):
    """The bars, newest on top."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: dict[str, QFrame] = {}
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(self.tr("Messages"))
        self._content = QWidget(self)
        self._layout = QVBoxLayout(self._content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setWidget(self._content)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as the bars are at this width, up to a limit."""
        self.setVisible(bool(self._bars))
        height = self._layout.heightForWidth(self.viewport().width()) if self._bars else 0
        self.setFixedHeight(min(height, MAX_HEIGHT_PX))

    @property
    def texts(self) -> tuple[str, ...]:
        """What the bars say now, oldest first."""
        return tuple(bar.accessibleName() for bar in self._bars.values())

    def show_message(self, message: Message) -> None:
        bar = _MessageBar(message, self)
        bar.dismissed.connect(self.remove)
        self._put(message.key, bar)

    def ask_password(self, path: str, name: str, wrong: bool, give: Callable[[str], None]) -> None:
        """Ask for the password of a file, without stopping anything else."""
        bar = PasswordBar(path, name, wrong, self)
        bar.given.connect(give)
        bar.dismissed.connect(self.remove)
        self._put(f"password:{path}", bar)
        bar.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def clear(self) -> None:
        """Close all bars but those that ask for a password."""
        for key in [key for key, bar in self._bars.items() if not isinstance(bar, PasswordBar)]:
            self.remove(key)

    def remove(self, key: str) -> None:
        bar = self._bars.pop(key, None)
        if bar is not None:
            self._layout.removeWidget(bar)
            bar.hide()
            bar.deleteLater()
            self._fit()

    def _put(self, key: str, bar: QFrame) -> None:
        self.remove(key)
        while len(self._bars) >= MAX_BARS:
            self.remove(next(iter(self._bars)))
        self._bars[key] = bar
        self._layout.insertWidget(0, bar)
        bar.show()
        self._fit()


class _Bar(QFrame):
    """A bar with an icon, room for content and a button that closes it."""

    dismissed = Signal(str)

    def __init__(self, key: str, icon_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._key = key
        self.setObjectName("messageBar")
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(12, 6, 8, 6)
        self.row.setSpacing(8)
        self.row.addWidget(IconLabel(icon_name, SIGN_PX, self), 0, Qt.AlignmentFlag.AlignVCenter)

    def add_close_button(self) -> None:
        close = QToolButton(self)
        close.setIcon(icon("close"))
        close.setIconSize(QSize(14, 14))
        close.setToolTip(self.tr("Close this message"))
        close.setAccessibleName(self.tr("Close this message"))
        close.clicked.connect(self._on_close_clicked)
        self.row.addWidget(close)

    def _on_close_clicked(self) -> None:
        self.dismissed.emit(self._key)


class _MessageBar(_Bar):
    def __init__(self, message: Message, parent: QWidget) -> None:
        super().__init__(message.key, "warning" if message.serious else "info", parent)
        self.setProperty("serious", message.serious)
        self.setAccessibleName(message.text)
        label = QLabel(message.text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.row.addWidget(label, 1)
        if message.action is not None:
            text, callback = message.action
            button = QPushButton(text, self)
            button.clicked.connect(callback)
            button.clicked.connect(self._on_close_clicked)
            self.row.addWidget(button)
        self.add_close_button()


class PasswordBar(_Bar):
    """Asks for one file's password. It is handed on and forgotten."""

    given = Signal(str)

    def __init__(self, path: str, name: str, wrong: bool, parent: QWidget) -> None:
        super().__init__(f"password:{path}", "lock", parent)
        if wrong:
            text = self.tr("That is not the password of {name}. Capital letters matter.").format(name=name)
        else:
            text = self.tr("{name} is protected by a password.").format(name=name)
        self.setAccessibleName(text)
        label = QLabel(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self.row.addWidget(label, 1)
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setPlaceholderText(self.tr("Password"))
        self.field.setAccessibleName(self.tr("Password of {name}").format(name=name))
        self.field.setMinimumWidth(160)
        self.field.returnPressed.connect(self._on_password_entered)
        self.row.addWidget(self.field)
        button = QPushButton(self.tr("Open"), self)
        button.setProperty("primary", True)
        button.clicked.connect(self._on_password_entered)
        self.row.addWidget(button)
        self.add_close_button()

    def _on_password_entered(self) -> None:
        password = self.field.text()
        if password:
            self.field.clear()
            self.given.emit(password)
            self.dismissed.emit(self._key)
