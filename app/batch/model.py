"""The table of a run: one row per question and document, filled in as answers come."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app import wording
from app.batch.runner import RowMade
from engine.batch.table import Row
from engine.batch.tasks import Task
from engine.readers.types import EMBEDDED, AnswerStatus

Index = QModelIndex | QPersistentModelIndex

DOCUMENT, QUESTION, ANSWER, STATUS, CONFIDENCE, PAGE, SECONDS = range(7)
NUMBERS = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class BatchModel(QAbstractTableModel):
    """Rows stand in the order of the CSV."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks: tuple[Task, ...] = ()
        self._made: dict[int, RowMade] = {}
        self.headers = (
            self.tr("Document"),
            self.tr("Question"),
            self.tr("Answer"),
            self.tr("Status"),
            self.tr("Confidence"),
            self.tr("Page"),
            self.tr("Seconds"),
        )
        self._statuses = {
            AnswerStatus.ANSWERED: self.tr("answered"),
            AnswerStatus.UNSURE: self.tr("unsure"),
            AnswerStatus.NOT_FOUND: self.tr("not found"),
            AnswerStatus.ERROR: self.tr("error"),
        }

    @property
    def done(self) -> int:
        """How many rows there are already."""
        return len(self._made)

    def count(self, status: AnswerStatus) -> int:
        return sum(each.row.status is status for each in self._made.values())

    def made(self, row: int) -> RowMade | None:
        return self._made.get(row)

    def set_tasks(self, tasks: tuple[Task, ...]) -> None:
        self.beginResetModel()
        self._tasks = tasks
        self._made = {}
        self.endResetModel()

    def add(self, made: RowMade) -> None:
        row = made.task.number
        self._made[row] = made
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.headers) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        return 0 if parent.isValid() else len(self._tasks)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        return 0 if parent.isValid() else len(self.headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802 - Qt's name
        if role == Qt.ItemDataRole.TextAlignmentRole and section >= CONFIDENCE:
            return NUMBERS
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self.headers[section] if orientation is Qt.Orientation.Horizontal else section + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        task = self._tasks[index.row()]
        made = self._made.get(index.row())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(index.column(), task, made)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(index.column(), task, made)
            case Qt.ItemDataRole.TextAlignmentRole if index.column() >= CONFIDENCE:
                return NUMBERS
        return None

    def _text(self, column: int, task: Task, made: RowMade | None) -> str:
        if column == DOCUMENT:
            return Path(task.document).name
        if column == QUESTION:
            return wording.plain(task.question)
        if made is None:
            return ""
        row = made.row
        match column:
            case 2:
                return wording.plain(row.error or row.answer)
            case 3:
                return self._statuses[row.status]
            case 4:
                return self._confidence(row)
            case 5:
                return "" if row.page is None else str(row.page + 1)
            case _:
                return self._seconds(made)

    def _confidence(self, row: Row) -> str:
        if row.confidence is None or row.status is AnswerStatus.ERROR:
            return ""
        share = wording.percent(row.confidence)
        return share if row.reader == EMBEDDED.name else self.tr("≈ {share}").format(share=share)

    def _seconds(self, made: RowMade) -> str:
        if made.resumed:
            return self.tr("before")
        return "" if made.row.seconds is None else f"{made.row.seconds:.1f}"

    def _tip(self, column: int, task: Task, made: RowMade | None) -> str:
        if column == DOCUMENT:
            return task.document
        if column == SECONDS and made is not None and made.resumed:
            return self.tr("Answered before this run was stopped")
        if column == CONFIDENCE and made is not None and made.row.reader != EMBEDDED.name:
            return self.tr("Not calibrated: no probability of being right")
        return self._text(column, task, made)
