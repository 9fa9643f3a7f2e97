"""The table of all policies and what can be done with the one that is selected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from app.icons import icon
from app.lab.table_model import TEXTS, FiguresModel
from app.lab.words_text import tr
from app.panels.fonts import larger
from engine.slicing.figures import Figures

ROW_HEIGHT_PX = 26
CELL_PADDING_PX = 18
ARROW_PX = 14
"""Room for the arrow of the column that rows are sorted by."""


class TablePanel(QWidget):
    """Emits policy ids; keeps the selected policy selected while rows move."""

    shown_as = Signal(int, str)
    """(0 for A or 1 for B, policy)."""
    wanted = Signal(str)
    """A policy for the main window."""
    export_wanted = Signal()
    words_wanted = Signal()
    """The page's words are to be read now."""
    measure_wanted = Signal()
    """This machine is to be measured, or no longer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = FiguresModel(self)
        self._fitted: list[int] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(6)
        column.addWidget(self._build_table(), 1)
        column.addLayout(self._build_buttons())
        self._show_buttons()

    @property
    def selected(self) -> Figures | None:
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def set_rows(self, rows: Sequence[Figures]) -> None:
        """Show other figures; columns that nothing is known of are hidden."""
        held = self.selected.chosen.id if self.selected is not None else ""
        self.model.set_rows(rows)
        shown = [section for section in range(self.model.columnCount()) if not self.model.is_empty(section)]
        if rows and shown != self._fitted:
            self._fit_columns(shown)
        self.select(held)
        self._show_buttons()

    def select(self, policy: str) -> None:
        """Select the row of a policy, if there is one."""
        row = self.model.find(policy)
        if row is not None:
            self.table.setCurrentIndex(self.model.index(row, 0))
            self.table.scrollTo(self.model.index(row, 0))

    def say(self, text: str) -> None:
        """One line beside the buttons."""
        self.message.setText(text)
        self.message.setToolTip(text)

    def show_measuring(self, measuring: bool) -> None:
        """What the button of the self-test does next."""
        self.measure_button.setText(tr("Stop measuring") if measuring else tr("Measure this machine"))
        self.measure_button.setToolTip(
            tr("Give the measurement up")
            if measuring
            else tr("Time small models for half a minute, to estimate the seconds that a page takes here")
        )

    def _fit_columns(self, shown: list[int]) -> None:
        """Show these columns alone, each as wide as it needs; a user's own widths stay while they are the same."""
        for section in range(self.model.columnCount()):
            self.table.setColumnHidden(section, section not in shown)
        measure = QFontMetrics(larger(self.table.horizontalHeader().font(), 1.0)).horizontalAdvance
        for section in shown:
            title = measure(str(self.model.headerData(section, Qt.Orientation.Horizontal)))
            # Texts alone may be wider than their title; Qt's own measuring asks for every cell and takes three frames.
            rows = range(self.model.rowCount() if section < len(TEXTS) else 0)
            texts = max((measure(str(self.model.index(row, section).data())) for row in rows), default=0)
            self.table.setColumnWidth(section, max(title + ARROW_PX, texts) + CELL_PADDING_PX)
        self._fitted = shown

    def _build_table(self) -> QTableView:
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(tr("All policies on this page"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT_PX)
        self.table.verticalHeader().setFixedWidth(34)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setSortingEnabled(True)
        self.table.selectionModel().currentRowChanged.connect(self._show_buttons)
        self.table.activated.connect(self._on_activated)
        return self.table

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(10, 0, 10, 8)
        row.setSpacing(8)
        self.a_button = QPushButton(tr("Show as A"), self)
        self.b_button = QPushButton(tr("Show as B"), self)
        self.use_button = QPushButton(tr("Use this policy"), self)
        self.use_button.setToolTip(tr("Let the main window cut its pages by this policy"))
        self.export_button = QPushButton(icon("export"), tr("Export table …"), self)
        self.a_button.clicked.connect(lambda: self._show_as(0))
        self.b_button.clicked.connect(lambda: self._show_as(1))
        self.use_button.clicked.connect(self._on_use_clicked)
        self.export_button.clicked.connect(self.export_wanted)
        self.measure_button = QPushButton(self)
        self.measure_button.clicked.connect(self.measure_wanted)
        self.show_measuring(False)
        for button in (self.a_button, self.b_button, self.use_button, self.export_button, self.measure_button):
            row.addWidget(button)
        self.message = QLabel(self)
        self.message.setObjectName("muted")
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        row.addStretch(1)
        row.addWidget(self.message)
        self.read_button = QPushButton(tr("Read words"), self)
        self.read_button.setToolTip(tr("Read the words of this page, to see which of them are cut"))
        self.read_button.clicked.connect(self.words_wanted)
        self.read_button.hide()
        row.addWidget(self.read_button)
        return row

    def _show_buttons(self) -> None:
        selected = self.selected
        for button in (self.a_button, self.b_button):
            button.setEnabled(selected is not None)
        self.use_button.setEnabled(selected is not None and selected.refused is None)
        self.export_button.setEnabled(bool(self.model.rows))

    def _show_as(self, side: int) -> None:
        if self.selected is not None:
            self.shown_as.emit(side, self.selected.chosen.id)

    def _on_activated(self, index: QModelIndex) -> None:
        self.shown_as.emit(1, self.model.rows[index.row()].chosen.id)

    def _on_use_clicked(self) -> None:
        if self.selected is not None:
            self.wanted.emit(self.selected.chosen.id)
