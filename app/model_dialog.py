"""“Get a model …”: which models there are, what each takes, downloading and removing them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.downloads import ModelDownloads
from app.model_facts import Step, facts_of, names_to_list
from app.model_words import size_text, title_of
from app.panels.model_sheet import ModelSheet
from app.readers import ReaderShelf
from engine.models.catalogue import catalogue
from engine.models.types import is_hub_id

DEFAULT_SIZE = (820, 540)
LIST_WIDTH_PX = 260
PAGE = Qt.ItemDataRole.UserRole


class ModelDialog(QDialog):
    """Keeps no state but which model is looked at: downloads go on when it is closed."""

    use_wanted = Signal(str)
    """The name of a reader."""
    remove_wanted = Signal(str)
    folder_wanted = Signal()

    def __init__(self, shelf: ReaderShelf, downloads: ModelDownloads, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Models – Tessera"))
        self.resize(*DEFAULT_SIZE)
        self._shelf = shelf
        self._downloads = downloads
        self._others: list[str] = []
        self._removing = ""
        self._build()
        shelf.changed.connect(self._fill)
        downloads.changed.connect(self._on_download_changed)
        self._fill()
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def show_model(self, name: str) -> None:
        """Look at this model; one that is not listed yet is added."""
        listed = [self.list.item(row).data(PAGE) for row in range(self.list.count())]
        if name not in listed:
            self._others.append(name)
            self._fill()
            listed = [self.list.item(row).data(PAGE) for row in range(self.list.count())]
        self.list.setCurrentRow(listed.index(name))

    @property
    def shown(self) -> str:
        """The model that is looked at; empty without one."""
        item = self.list.currentItem()
        return str(item.data(PAGE)) if item is not None else ""

    # Lay-out.

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 18, 14)
        column.setSpacing(12)
        self._hint = self._build_hint()
        column.addWidget(self._hint)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addLayout(self._build_list())
        self.sheet = ModelSheet(self)
        self.sheet.step_wanted.connect(self._on_step_wanted)
        row.addWidget(self.sheet, 1)
        column.addLayout(row, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        folder = buttons.addButton(self.tr("Open model folder …"), QDialogButtonBox.ButtonRole.ActionRole)
        folder.clicked.connect(self.folder_wanted)
        buttons.rejected.connect(self.close)
        for button in buttons.buttons():
            button.setAutoDefault(False)  # type: ignore[attr-defined]  # the box makes push buttons
        column.addWidget(buttons)

    def _build_hint(self) -> QFrame:
        """The one line about a GPU that lies idle."""
        bar = QFrame(self)
        bar.setObjectName("notice")
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 8, 8, 8)
        self._hint_text = QLabel(bar)
        self._hint_text.setWordWrap(True)
        self._hint_text.setTextFormat(Qt.TextFormat.PlainText)
        self._hint_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(self._hint_text, 1)
        self.copy_button = QPushButton(self.tr("Copy the command"), bar)
        self.copy_button.setAutoDefault(False)
        self.copy_button.clicked.connect(self._on_copy_clicked)
        row.addWidget(self.copy_button)
        return bar

    def _build_list(self) -> QVBoxLayout:
        column = QVBoxLayout()
        self.list = QListWidget(self)
        self.list.setObjectName("boxed")
        self.list.setAccessibleName(self.tr("Models"))
        self.list.setFixedWidth(LIST_WIDTH_PX)
        self.list.currentRowChanged.connect(self._on_row_changed)
        column.addWidget(self.list, 1)
        self.other = QLineEdit(self)
        self.other.setPlaceholderText(self.tr("another one: owner/model"))
        self.other.setAccessibleName(self.tr("Another model of the hub, as owner/model"))
        self.other.setFixedWidth(LIST_WIDTH_PX)
        self.other.returnPressed.connect(self._on_other_entered)
        column.addWidget(self.other)
        return column

    # What is shown.

    def _fill(self) -> None:
        shown = self.shown
        listed = names_to_list(self._shelf.models, catalogue())
        names = (*listed, *(name for name in self._others if name not in listed))
        self.list.blockSignals(True)
        self.list.clear()
        for name in names:
            item = QListWidgetItem(self._line(name))
            item.setData(PAGE, name)
            item.setToolTip(name)
            self.list.addItem(item)
        self.list.setCurrentRow(names.index(shown) if shown in names else 0)
        self.list.blockSignals(False)
        machine = self._shelf.machine
        self._hint.setVisible(bool(machine.cuda_hint))
        self._hint_text.setText(f"{machine.cuda_hint}\n{machine.cuda_command}")
        self._show()

    def _line(self, name: str) -> str:
        """A model in the list, with what is most worth knowing of it here."""
        title = title_of(name)
        download = self._downloads.of(name)
        if download.running and download.total_bytes:
            return f"{title} · {round(100 * download.done_bytes / download.total_bytes)} %"
        folder = self._shelf.folder(name)
        if folder is not None:
            return self.tr("{title} · {size}").format(title=title, size=size_text(folder.size_bytes))
        return title

    def _show(self) -> None:
        name = self.shown
        if not name:
            return
        folder, advice = self._shelf.folder(name), self._shelf.advice(name)
        if folder is not None and not folder.problem:
            self._shelf.ask_advice(name)
        facts = facts_of(name, folder, self._downloads.of(name), self._downloads.busy, advice)
        self.sheet.advise(self._shelf.machine.advice if advice is None else advice.reason, whole=advice is not None)
        self.sheet.show_facts(facts, confirming=self._removing == name)

    def _on_row_changed(self, row: int) -> None:
        del row
        self._removing = ""
        self._show()

    def _on_download_changed(self, name: str) -> None:
        for row in range(self.list.count()):
            item = self.list.item(row)
            if item.data(PAGE) == name:
                item.setText(self._line(name))
        self._show()

    # What is wanted.

    def _on_step_wanted(self, step: Step) -> None:
        name = self.shown
        confirmed = self._removing == name
        self._removing = ""
        match step:
            case Step.LOOK_UP:
                self._downloads.describe(name)
            case Step.DOWNLOAD:
                self._downloads.pull(name)
            case Step.CANCEL:
                self._downloads.cancel()
            case Step.USE:
                self.use_wanted.emit(name)
            case Step.REMOVE if confirmed:
                self.remove_wanted.emit(name)
            case Step.REMOVE:
                self._removing = name
        self._show()

    def _on_other_entered(self) -> None:
        name = self.other.text().strip()
        if not is_hub_id(name):
            self.sheet.say(self.tr("“{name}” is no hub id: that is owner/model.").format(name=name))
            return
        self.other.clear()
        self.show_model(name)

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._shelf.machine.cuda_command)
        self.copy_button.setText(self.tr("Copied"))
