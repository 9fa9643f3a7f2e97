"""The drop-down of readers, with the two commands that bring more of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget

if TYPE_CHECKING:
    from app.readers import ReaderOption

EMBEDDED_TIP = (
    "Reads printed words, from the text layer or by OCR, and finds answers among them. "
    "It is a reader of printed words, not a language model. Computes on the CPU."
)


class ReaderBox(QComboBox):
    """Shows what it is told; says by `reader_chosen` which reader the user wants."""

    reader_chosen = Signal(str)

    def __init__(self, commands: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self._commands = tuple(commands)
        self._shown = 0
        self._waiting: tuple[Sequence[ReaderOption], str] | None = None
        self.addItem(self.tr("Embedded"), "embedded")
        self.setAccessibleName(self.tr("Reader"))
        self.setToolTip(self.tr(EMBEDDED_TIP))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(self._on_activated)

    def show_options(self, options: Sequence[ReaderOption], chosen: str) -> None:
        """Fill the list and select `chosen`; an open list is left alone until it closes."""
        if self.view().isVisible():
            self._waiting = (options, chosen)
            return
        self._waiting = None
        with QSignalBlocker(self):
            self.clear()
            for number, option in enumerate(options):
                if number == 2:
                    self.insertSeparator(self.count())
                self.addItem(option.title, option.name)
                self.setItemData(self.count() - 1, option.tip, Qt.ItemDataRole.ToolTipRole)
                self._enable(self.count() - 1, option.enabled)
            self.insertSeparator(self.count())
            for command in self._commands:
                self.addItem(command.text(), command)
                self.setItemData(self.count() - 1, command.toolTip(), Qt.ItemDataRole.ToolTipRole)
            self._shown = max(self.findData(chosen), 0)
            self.setCurrentIndex(self._shown)
        tips = {option.name: option.tip for option in options}
        self.setToolTip(tips.get(chosen, ""))
        self.setAccessibleDescription(tips.get(chosen, ""))
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * self.view().frameWidth() + 8)

    def hidePopup(self) -> None:  # noqa: N802 - Qt's name
        super().hidePopup()
        if self._waiting is not None:
            # After the line that was chosen has been taken: Qt closes the list first.
            QTimer.singleShot(0, self, self._show_waiting)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        # A turn of the wheel over the toolbar must change neither the reader nor open a dialog.
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            # Opens the list instead of walking it unseen: two of its lines are commands.
            self.showPopup()
        else:
            super().keyPressEvent(event)

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self.show_options(*self._waiting)

    def _enable(self, index: int, enabled: bool) -> None:
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        model.item(index).setEnabled(enabled)

    def _on_activated(self, index: int) -> None:
        data = self.itemData(index)
        if isinstance(data, QAction):
            with QSignalBlocker(self):
                self.setCurrentIndex(self._shown)
            data.trigger()
        elif isinstance(data, str):
            self.reader_chosen.emit(data)
