"""The table of all policies on one page: one row per policy, sortable by any figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QGuiApplication, QPalette

from engine.slicing.figures import Column, Figures, column_of, sorted_figures

Index = QModelIndex | QPersistentModelIndex

SHOWN = (
    *("policy", "grid", "tokens", "sequence", "scale", "dpi", "padding", "distortion", "cut", "text_px"),
    *("illegible", "vision_tflops", "language_tflops", "cache_mb", "seconds", "gpu_seconds"),
)
"""As on the command line; the exported table has all."""
TEXTS = ("policy", "grid")
"""Columns of text: the first ones."""
NUMBERS = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class FiguresModel(QAbstractTableModel):
    """Rows stand as they were sorted last; refused policies stand last in every figure. The header of a row says
    which of the two pictures shows it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Figures] = []
        self._columns: tuple[Column, ...] = tuple(map(column_of, SHOWN))
        self._order = "policy"
        self._pair: tuple[str, ...] = ("", "")
        self._current = ""
        self._tips = _tips(self)
        self._sources: dict[str, str] = {}

    @property
    def rows(self) -> tuple[Figures, ...]:
        """As they stand now."""
        return tuple(self._rows)

    def find(self, policy: str) -> int | None:
        """The row of a policy."""
        return next((number for number, row in enumerate(self._rows) if row.chosen.id == policy), None)

    def set_rows(self, rows: Sequence[Figures]) -> None:
        self.beginResetModel()
        self._rows = sorted_figures(rows, self._order)
        self.endResetModel()

    def set_chosen(self, pair: tuple[str, str], current: str) -> None:
        """The policies of both pictures, and the one of the main window."""
        self._pair, self._current = pair, current
        if self._rows:
            last = len(self._rows) - 1
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, last)
            self.dataChanged.emit(self.index(0, 0), self.index(last, 0))

    def set_sources(self, sources: Mapping[str, str]) -> None:
        """Where figures come from, by column: said with what they mean."""
        self._sources = dict(sources)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._columns) - 1)

    def is_empty(self, section: int) -> bool:
        """Whether no policy has this figure here: nothing is known that it could be computed from."""
        return all(self._columns[section].value(row) is None for row in self._rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        return 0 if parent.isValid() else len(self._columns)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        key = self._columns[column].key
        self._order = f"-{key}" if order is Qt.SortOrder.DescendingOrder else key
        self.layoutAboutToBeChanged.emit()
        held = self.persistentIndexList()
        policies = [self._rows[index.row()].chosen.id for index in held]
        self._rows = sorted_figures(self._rows, self._order)
        places = {row.chosen.id: number for number, row in enumerate(self._rows)}
        moved = zip(held, policies, strict=True)
        self.changePersistentIndexList(held, [self.index(places[name], index.column()) for index, name in moved])
        self.layoutChanged.emit()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: N802 - Qt's name
        if orientation is Qt.Orientation.Vertical:
            return self._mark(self._rows[section]) if role == Qt.ItemDataRole.DisplayRole else None
        column = self._columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join(filter(None, (self._tips[column.key], self._sources.get(column.key))))
            case Qt.ItemDataRole.TextAlignmentRole if column.key not in TEXTS:
                return NUMBERS
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], self._columns[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row)
            case Qt.ItemDataRole.TextAlignmentRole if column.key not in TEXTS:
                return NUMBERS
            case Qt.ItemDataRole.ForegroundRole if row.refused is not None:
                return QGuiApplication.palette().color(QPalette.ColorRole.PlaceholderText)
            case Qt.ItemDataRole.FontRole if row.chosen.id == self._current:
                font = QFont()
                font.setBold(True)
                return font
        return None

    def _text(self, row: Figures, column: Column) -> str:
        if column.key == "grid" and row.refused is not None:
            return self.tr("refused")
        return column.text(row)

    def _tip(self, row: Figures) -> str:
        policy = row.chosen.policy
        source = self.tr("{status} · {runs}").format(status=policy.status.value, runs=policy.runs_on.value)
        lines = [policy.title, policy.citation, source]
        if row.refused is not None:
            lines.append(str(row.refused))
        if row.chosen.id == self._current:
            lines.append(self.tr("The policy of the main window"))
        return "\n".join(lines)

    def _mark(self, row: Figures) -> str:
        return "".join(name for name, policy in zip("AB", self._pair, strict=True) if policy == row.chosen.id)


def _tips(model: FiguresModel) -> dict[str, str]:
    """What each figure says."""
    tr = model.tr
    return {
        "policy": tr("The published way to slice a page; hover a row for its source"),
        "grid": tr("Columns × rows of slices; 1 where the page is not sliced"),
        "tokens": tr("Visual tokens of all views"),
        "sequence": tr("Positions that the page takes in the model's sequence, separators included"),
        "scale": tr("The fewest pixels of a view per pixel of the page, where details are read"),
        "dpi": tr("The resolution at which details are read"),
        "padding": tr("The share of all pixels given to the model that shows nothing of the page"),
        "distortion": tr("How many times one side is stretched more than the other"),
        "cut": tr("Words that a seam runs through"),
        "text_px": tr("Median height of words in pixels of the views"),
        "illegible": tr("Words of 12 px and less in their view, or left out by a crop"),
        "vision_tflops": tr("Operations of the vision tower, in 10¹²"),
        "language_tflops": tr("Operations of the language model until its first word, in 10¹²"),
        "cache_mb": tr("Memory of keys and values that the page leaves"),
        "seconds": tr("Time until the first word on this machine's CPU, estimated"),
        "gpu_seconds": tr("Time until the first word on this machine's GPU, estimated"),
    }
