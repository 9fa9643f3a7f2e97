"""The shortcut sheet, made from the actions, and the about box."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.actions import MENUS, SEPARATOR, Actions, translated
from app.panels.fonts import larger
from app.panels.icon_label import IconLabel
from engine.paths import cache_dir, config_dir, log_dir, state_dir

Block = tuple[str, list[tuple[str, str]]]
"""A title and its rows of (keys, what they do)."""

DISTRIBUTION = "tessera-reader"
ICON_PX = 72
NAME_SCALE = 1.4
KEY_WIDTH_PX = 130


class ShortcutSheet(QDialog):
    """All shortcuts, by menu, in two columns; and what the page itself understands."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 18, 24, 16)
        outer.setSpacing(14)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        outer.addLayout(columns)
        blocks = [(translated(menu.title).replace("&", ""), self._rows(actions, menu.keys)) for menu in MENUS] + [
            (self.tr("On the page"), self._page_rows())
        ]
        for part in self._balanced(blocks):
            column = QVBoxLayout()
            column.setSpacing(12)
            for title, rows in part:
                if rows:
                    column.addLayout(self._block(title, rows))
            column.addStretch(1)
            columns.addLayout(column)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        outer.addWidget(buttons)

    def _rows(self, actions: Actions, keys: tuple[str, ...]) -> list[tuple[str, str]]:
        rows = []
        for key in keys:
            if key != SEPARATOR and not actions[key].shortcut().isEmpty():
                shortcut = actions[key].shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                rows.append((shortcut, actions[key].text()))
        return rows

    def _balanced(self, blocks: list[Block]) -> tuple[list[Block], list[Block]]:
        """The blocks in two columns of about the same length."""
        left: list[Block] = []
        right: list[Block] = []
        for block in blocks:
            shorter = min((left, right), key=lambda part: sum(len(rows) + 2 for _title, rows in part))
            shorter.append(block)
        return left, right

    def _page_rows(self) -> list[tuple[str, str]]:
        return [
            (self.tr("Space, Shift+Space"), self.tr("A screen down, up")),
            (self.tr("Arrows"), self.tr("Scroll; left and right turn pages")),
            (self.tr("Ctrl+wheel"), self.tr("Zoom to the pointer")),
            (self.tr("Drag"), self.tr("Move the page")),
            (self.tr("Click on a slice"), self.tr("Which answers came from it")),
        ]

    def _block(self, title: str, rows: list[tuple[str, str]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        head = QLabel(title, self)
        head.setObjectName("panelTitle")
        grid.addWidget(head, 0, 0, 1, 2)
        for number, (keys, text) in enumerate(rows, start=1):
            key_label = QLabel(keys, self)
            key_label.setObjectName("key")
            key_label.setMinimumWidth(KEY_WIDTH_PX)
            grid.addWidget(key_label, number, 0)
            grid.addWidget(QLabel(text, self), number, 1)
        grid.setColumnStretch(1, 1)
        return grid


class AboutDialog(QDialog):
    """Version, licence and where things are kept."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Tessera"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 16)
        outer.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(IconLabel("tessera", ICON_PX, self), 0, Qt.AlignmentFlag.AlignTop)
        name = QLabel(self.tr("Tessera {version}").format(version=installed_version()), self)
        name.setFont(larger(self.font(), NAME_SCALE))
        text = QVBoxLayout()
        text.addWidget(name)
        text.addWidget(self._text(self.tr("An answer that you can check with one glance.")))
        text.addWidget(
            self._text(
                self.tr(
                    "Free software under the GNU Affero General Public License, version 3 or later. "
                    "It comes without any warranty.\nNothing leaves this machine."
                )
            )
        )
        head.addLayout(text, 1)
        outer.addLayout(head)
        outer.addLayout(self._folders())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        outer.addWidget(buttons)

    def _folders(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for row, (label, folder) in enumerate(
            (
                (self.tr("Session and runs"), state_dir()),
                (self.tr("Settings"), config_dir()),
                (self.tr("Cache"), cache_dir()),
                (self.tr("Logs"), log_dir()),
            )
        ):
            title = QLabel(label, self)
            title.setObjectName("muted")
            grid.addWidget(title, row, 0)
            place = QLabel(str(folder), self)
            place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(place, row, 1)
        grid.setColumnStretch(1, 1)
        return grid

    def _text(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        return label


def installed_version() -> str:
    """The version of the installed distribution; empty when it runs from a checkout that was never installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return ""
