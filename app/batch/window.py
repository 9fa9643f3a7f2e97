"""The batch window: choose documents and questions, watch the rows come, pause, stop and go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.batch import model as columns
from app.batch.form import BatchForm
from app.batch.model import BatchModel
from app.batch.runner import BatchRunner, MakeAsker, RowMade
from app.batch.setup import BatchSetup, load_setup, setup_path
from app.icons import icon
from app.task import Task as WindowTask
from app.task import in_thread
from engine.batch.run import RunResult
from engine.batch.tasks import Task
from engine.errors import ErrorInfo
from engine.readers.types import AnswerStatus, Progress

DEFAULT_SIZE = (1080, 720)
COLUMN_WIDTHS = {
    columns.DOCUMENT: 170,
    columns.QUESTION: 250,
    columns.STATUS: 86,
    columns.CONFIDENCE: 100,
    columns.PAGE: 56,
    columns.SECONDS: 76,
}


class BatchWindow(QWidget):
    """A window of its own: a run goes on while the main window is used, and while this one is hidden."""

    evidence_wanted = Signal(object)
    """RowMade."""

    def __init__(
        self, make_asker: MakeAsker, defaults: BatchSetup, open_paths: Callable[[], tuple[str, ...]], parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(self.tr("Batch – Tessera"))
        self.resize(*DEFAULT_SIZE)
        self._defaults = defaults
        self.runner = BatchRunner(make_asker, self)
        self.model = BatchModel(self)
        self._build(open_paths)
        self._connect()
        self.form.set_setup(defaults)
        WindowTask(self, in_thread(lambda: load_setup(setup_path()))).on_result(self._on_setup_loaded).start()
        self._show_state()

    def start(self, *, fresh: bool = False) -> None:
        """Start the run that the form describes, or go on with it."""
        setup = replace(self.form.setup(), dpi=self._defaults.dpi)
        self._say("")
        self.runner.start(setup, fresh=fresh)
        self._show_state()

    # Lay-out.

    def _build(self, open_paths: Callable[[], tuple[str, ...]]) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 12, 14, 10)
        column.setSpacing(10)
        self.form = BatchForm(open_paths, self)
        column.addWidget(self.form)
        column.addLayout(self._build_buttons())
        self.message = QLabel(self)
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.hide()
        column.addWidget(self.message)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Progress of the run"))
        column.addWidget(self._bar)
        column.addWidget(self._build_table(), 1)

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        self.start_button = QPushButton(self.tr("Start"), self)
        self.start_button.setProperty("primary", True)
        self.start_button.clicked.connect(lambda: self.start())
        self.pause_button = QPushButton(icon("pause"), self.tr("Pause"), self)
        self.pause_button.setCheckable(True)
        self.pause_button.toggled.connect(self._on_pause_toggled)
        self.stop_button = QPushButton(icon("cancel"), self.tr("Stop"), self)
        self.stop_button.clicked.connect(self.runner.cancel)
        self.fresh_button = QPushButton(self.tr("Ask everything again"), self)
        self.fresh_button.setToolTip(self.tr("Forget the answers of an earlier start of this run"))
        self.fresh_button.clicked.connect(lambda: self.start(fresh=True))
        for button in (self.start_button, self.pause_button, self.stop_button, self.fresh_button):
            row.addWidget(button)
        self._counts = QLabel(self)
        self._counts.setObjectName("muted")
        row.addWidget(self._counts, 1, Qt.AlignmentFlag.AlignRight)
        return row

    def _build_table(self) -> QTableView:
        self.table = QTableView(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Answers of the run"))
        self.table.setToolTip(self.tr("Double click shows where an answer stands"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.setShowGrid(False)
        self.table.setAlternatingRowColors(True)
        self.table.verticalHeader().setDefaultSectionSize(28)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(False)
        header.setSectionResizeMode(columns.ANSWER, QHeaderView.ResizeMode.Stretch)
        for section, width in COLUMN_WIDTHS.items():
            self.table.setColumnWidth(section, width)
        self.table.activated.connect(self._on_row_activated)
        return self.table

    def _connect(self) -> None:
        self.runner.planned.connect(self._on_planned)
        self.runner.row_made.connect(self._on_row_made)
        self.runner.progressed.connect(self._on_progressed)
        self.runner.finished.connect(self._on_finished)
        self.runner.failed.connect(self._on_failed)
        self.form.changed.connect(self._show_state)

    # What happens.

    def _on_setup_loaded(self, setup: object) -> None:
        if isinstance(setup, BatchSetup) and not setup.finished and not self.runner.running:
            self.form.set_setup(setup)
            self._say(self.tr("The last run was not finished. Start goes on where it stopped."))

    def _on_planned(self, tasks: tuple[Task, ...]) -> None:
        self.model.set_tasks(tasks)
        self._bar.setRange(0, max(len(tasks), 1))
        self._show_counts()

    def _on_row_made(self, made: RowMade) -> None:
        self.model.add(made)
        self._bar.setValue(self.model.done)
        self._show_counts()

    def _on_progressed(self, progress: Progress) -> None:
        if not self.runner.paused:
            self._say(progress.text)

    def _on_pause_toggled(self, paused: bool) -> None:
        self.runner.pause(paused)
        self.pause_button.setText(self.tr("Go on") if paused else self.tr("Pause"))
        self.pause_button.setIcon(icon("start" if paused else "pause"))
        self._say(self.tr("Paused after the question at hand.") if paused else "")

    def _on_finished(self, result: RunResult) -> None:
        out = Path(self.form.setup().out)
        if result.cancelled:
            text = self.tr("Stopped. {done} of {total} rows are in {path}; Start goes on.")
        else:
            text = self.tr("Done. {done} of {total} rows are in {path}.")
        self._say(text.format(done=result.counts.total, total=result.total, path=out))
        self._show_state()

    def _on_failed(self, error: ErrorInfo) -> None:
        self._say(str(error))
        self._show_state()

    def _on_row_activated(self, index: QModelIndex) -> None:
        made = self.model.made(index.row())
        if made is not None:
            self.evidence_wanted.emit(made)

    # What is shown.

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _show_counts(self) -> None:
        total = self.model.rowCount()
        if total == 0:
            self._counts.clear()
            return
        self._counts.setText(
            self.tr(
                "{done} of {total} · {answered} answered · {unsure} unsure · {missing} not found · {errors} errors"
            ).format(
                done=self.model.done,
                total=total,
                answered=self.model.count(AnswerStatus.ANSWERED),
                unsure=self.model.count(AnswerStatus.UNSURE),
                missing=self.model.count(AnswerStatus.NOT_FOUND),
                errors=self.model.count(AnswerStatus.ERROR),
            )
        )

    def _show_state(self) -> None:
        running = self.runner.running
        self.form.setEnabled(not running)
        complete = self.form.is_complete()
        self.start_button.setEnabled(not running and complete)
        self.fresh_button.setEnabled(not running and complete)
        self.pause_button.setEnabled(running)
        self.stop_button.setEnabled(running)
        if not running and self.pause_button.isChecked():
            self.pause_button.setChecked(False)
        self._bar.setVisible(running)
