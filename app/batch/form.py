"""The form of a run: documents, questions, pages, policy, and where the CSV goes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.batch.setup import BatchSetup
from app.model_words import title_of
from app.readers import ReaderShelf
from engine.readers.types import EMBEDDED
from engine.slicing.policies import policies

BOX_HEIGHT_PX = 120
CHOICE_LENGTH = 16


class BatchForm(QWidget):
    """Holds no state but that of its fields."""

    changed = Signal()

    def __init__(self, open_paths: Callable[[], tuple[str, ...]], parent: QWidget) -> None:
        super().__init__(parent)
        self._open_paths = open_paths
        self._policy = ""
        self._reader = EMBEDDED
        self._shelf: ReaderShelf | None = None
        self.setAcceptDrops(True)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addLayout(self._build_documents(), 0, 0)
        grid.addLayout(self._build_questions(), 0, 1)
        grid.addLayout(self._build_rest(), 1, 0, 1, 2)

    def setup(self) -> BatchSetup:
        """What stands in the fields."""
        documents = tuple(self.documents.item(row).text() for row in range(self.documents.count()))
        return BatchSetup(
            documents,
            self.questions.toPlainText(),
            self.questions_file.text().strip(),
            self.scope.text().strip() or "all",
            self._policy,
            self.out.text().strip(),
            reader=self._reader,
        )

    def set_setup(self, setup: BatchSetup) -> None:
        self.documents.clear()
        self.documents.addItems(list(setup.documents))
        self.questions.setPlainText(setup.questions)
        self.questions_file.setText(setup.questions_file)
        self.scope.setText("" if setup.scope == "all" else setup.scope)
        self.out.setText(setup.out)
        self._set_policy(setup.policy)
        self._reader = setup.reader
        self._show_readers()
        self.changed.emit()

    def offer_readers(self, shelf: ReaderShelf) -> None:
        """Let the run be read by any reader that there is, as the settings say it is to be run."""
        self._shelf = shelf
        shelf.changed.connect(self._show_readers)
        self._show_readers()

    def is_complete(self) -> bool:
        """Whether there is enough to start."""
        questions = self.questions_file.text().strip() or self.questions.toPlainText().strip()
        return bool(self.documents.count() and questions and self.out.text().strip())

    def add_documents(self, paths: list[str]) -> None:
        known = {self.documents.item(row).text() for row in range(self.documents.count())}
        self.documents.addItems([path for path in dict.fromkeys(paths) if path not in known])
        self.changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        self.add_documents([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def _build_documents(self) -> QVBoxLayout:
        column = QVBoxLayout()
        row = QHBoxLayout()
        row.addWidget(self._title(self.tr("Documents")), 1)
        for text, slot in (
            (self.tr("Add files …"), self._choose_files),
            (self.tr("Add folder …"), self._choose_folder),
            (self.tr("Add open documents"), self._add_open),
            (self.tr("Remove"), self._remove),
        ):
            row.addWidget(self._flat(text, slot))
        column.addLayout(row)
        self.documents = QListWidget(self)
        self.documents.setAccessibleName(self.tr("Documents of the run"))
        self.documents.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.documents.setTextElideMode(Qt.TextElideMode.ElideLeft)
        self.documents.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.documents.setFixedHeight(BOX_HEIGHT_PX)
        self.documents.setObjectName("boxed")
        column.addWidget(self.documents)
        return column

    def _build_questions(self) -> QVBoxLayout:
        column = QVBoxLayout()
        row = QHBoxLayout()
        row.addWidget(self._title(self.tr("Questions, one a line")), 1)
        row.addWidget(self._flat(self.tr("From a CSV or TXT …"), self._choose_questions))
        column.addLayout(row)
        self.questions = QPlainTextEdit(self)
        self.questions.setAccessibleName(self.tr("Questions, one a line"))
        self.questions.setTabChangesFocus(True)
        self.questions.setPlaceholderText(self.tr("What is the invoice total?\nWhat is the invoice date?"))
        self.questions.textChanged.connect(self.changed)
        self.questions_file = QLineEdit(self)
        self.questions_file.setAccessibleName(self.tr("File of questions"))
        self.questions_file.setClearButtonEnabled(True)
        self.questions_file.textChanged.connect(self._on_questions_file_changed)
        self.questions_file.hide()
        self.questions.setFixedHeight(BOX_HEIGHT_PX)
        column.addWidget(self.questions_file)
        column.addWidget(self.questions)
        column.addStretch(1)
        return column

    def _build_rest(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(QLabel(self.tr("Pages"), self))
        self.scope = QLineEdit(self)
        self.scope.setPlaceholderText(self.tr("all"))
        self.scope.setToolTip(self.tr("All pages, or such as 1-3, 7"))
        self.scope.setAccessibleName(self.tr("Pages"))
        self.scope.setMaximumWidth(90)
        row.addWidget(self.scope)
        row.addWidget(QLabel(self.tr("Slices"), self))
        self.policy = QComboBox(self)
        self.policy.setAccessibleName(self.tr("Slicing policy"))
        self.policy.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.policy.setMinimumContentsLength(CHOICE_LENGTH)
        for policy in policies():
            self.policy.addItem(policy.title, policy.id)
        self.policy.activated.connect(lambda index: self._set_policy(self.policy.itemData(index)))
        row.addWidget(self.policy)
        row.addWidget(QLabel(self.tr("Reader"), self))
        self.reader = QComboBox(self)
        self.reader.setAccessibleName(self.tr("Reader"))
        self.reader.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.reader.setMinimumContentsLength(CHOICE_LENGTH)
        self.reader.activated.connect(self._on_reader_activated)
        row.addWidget(self.reader)
        row.addSpacing(12)
        row.addWidget(QLabel(self.tr("Write to"), self))
        self.out = QLineEdit(self)
        self.out.setPlaceholderText(self.tr("answers.csv"))
        self.out.setAccessibleName(self.tr("CSV to write"))
        self.out.textChanged.connect(self.changed)
        row.addWidget(self.out, 1)
        button = QPushButton(self.tr("Choose …"), self)
        button.clicked.connect(self._choose_out)
        row.addWidget(button)
        return row

    def _set_policy(self, policy_id: str) -> None:
        """A policy with another cap than its own stays the one that was chosen in the main window."""
        self._policy = policy_id
        base, _, cap = policy_id.partition(":")
        index = self.policy.findData(base)
        if cap and index >= 0:
            self.policy.setItemText(index, f"{self.policy.itemText(index).split(' · ')[0]} · {cap}")
        self.policy.setCurrentIndex(index)

    def _show_readers(self) -> None:
        """The readers that there are now; one that is gone stays listed as what the run asks for."""
        shelf, name = self._shelf, self._reader.name
        options = [option for option in shelf.options() if option.enabled] if shelf is not None else []
        listed = shelf.list_name(name) if shelf is not None else name
        self.reader.clear()
        for option in options:
            self.reader.addItem(option.title, option.name)
            self.reader.setItemData(self.reader.count() - 1, option.tip, Qt.ItemDataRole.ToolTipRole)
        if self.reader.findData(listed) < 0:
            self.reader.addItem(title_of(name) if name != EMBEDDED.name else self.tr("Embedded"), listed)
        self.reader.setCurrentIndex(self.reader.findData(listed))

    def _on_reader_activated(self, index: int) -> None:
        if self._shelf is not None:
            self._reader = self._shelf.choice_of(self.reader.itemData(index))
            self.changed.emit()

    def _title(self, text: str) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName("panelTitle")
        return label

    def _flat(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setProperty("flat", True)
        button.clicked.connect(slot)
        return button

    def _choose_files(self) -> None:
        dialog = QFileDialog(self, self.tr("Add documents"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.add_documents)
        self._show(dialog)

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Add a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(self.add_documents)
        self._show(dialog)

    def _choose_questions(self) -> None:
        dialog = QFileDialog(self, self.tr("Questions"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Questions (*.csv *.txt *.tsv)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(self.questions_file.setText)
        self._show(dialog)

    def _choose_out(self) -> None:
        dialog = QFileDialog(self, self.tr("Write the answers to"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("CSV (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.fileSelected.connect(self.out.setText)
        self._show(dialog)

    def _show(self, dialog: QFileDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _add_open(self) -> None:
        self.add_documents(list(self._open_paths()))

    def _remove(self) -> None:
        for item in self.documents.selectedItems() or [self.documents.item(r) for r in range(self.documents.count())]:
            self.documents.takeItem(self.documents.row(item))
        self.changed.emit()

    def _on_questions_file_changed(self, path: str) -> None:
        self.questions_file.setVisible(bool(path))
        self.questions.setVisible(not path)
        self.changed.emit()
