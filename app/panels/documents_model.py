"""The documents and their pages as a tree model, and how a page with its small picture is drawn."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.documents import DocumentStore
from app.icons import icon
from app.page_view.thumbnails import ThumbnailSource
from engine.documents.types import DocumentInfo, PageRef

Index = QModelIndex | QPersistentModelIndex

PICTURE_ROLE = Qt.ItemDataRole.UserRole

PICTURE_BOX_PX = QSize(86, 104)
"""Logical px that a page's picture may take."""
PAD_PX = 6


class DocumentsModel(QAbstractItemModel):
    """Rows are documents; their children are pages. An index's internal id is 0 for a document, else the document's
    serial number: paths move up when a document before them is closed."""

    def __init__(self, store: DocumentStore, thumbnails: ThumbnailSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._thumbnails = thumbnails
        self._paths: list[str] = []
        self._serials: list[int] = []
        self._next_serial = 1
        store.opened.connect(self._on_document_opened)
        store.closed.connect(self._on_document_closed)
        store.page_turned.connect(self.on_picture_ready)

    def place(self, index: Index) -> tuple[str, int]:
        """(path, 0-based page) of an index; the page is -1 for a document's own row."""
        if index.internalId() == 0:
            return self._paths[index.row()], -1
        return self._paths[self._serials.index(index.internalId())], index.row()

    def index_of(self, path: str, page: int = -1) -> QModelIndex:
        """The index of a document (page -1) or of one of its pages; invalid where there is none."""
        if path not in self._paths:
            return QModelIndex()
        row = self._paths.index(path)
        if page < 0 or self._is_single(row):
            return self.createIndex(row, 0, 0)
        return self.createIndex(page, 0, self._serials[row])

    def page_at(self, index: Index) -> PageRef | None:
        """The page that an index shows; None for a document of several pages."""
        serial = index.internalId()
        info = self._info(index.row() if serial == 0 else self._serials.index(serial))
        if info is None or (serial == 0 and len(info.pages) != 1):
            return None
        return info.pages[0 if serial == 0 else index.row()]

    def on_picture_ready(self, page: PageRef) -> None:
        index = self.index_of(page.document.path, page.index)
        if index.isValid():
            self.dataChanged.emit(index, index)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's signature
        # Asked for every page of a document when it is unfolded, so it asks nothing itself.
        return self.createIndex(row, column, self._serials[parent.row()] if parent.isValid() else 0)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008 - the overload without an argument is QObject's
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        return self.createIndex(self._serials.index(index.internalId()), 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        if not parent.isValid():
            return len(self._paths)
        if parent.internalId() != 0 or self._is_single(parent.row()):
            return 0
        info = self._info(parent.row())
        return len(info.pages) if info is not None else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        del parent
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        path, number = self.place(index)
        info = self._store.document(path)
        if info is None:
            return None
        if number < 0 and not self._is_single(index.row()):
            return self._document_data(info, role)
        return self._page_data(info, info.pages[max(number, 0)], number < 0, role)

    def _document_data(self, info: DocumentInfo, role: int) -> object:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return info.name
            case Qt.ItemDataRole.DecorationRole:
                return icon("lock" if info.protected else "documents")
            case Qt.ItemDataRole.ToolTipRole:
                return "\n".join((info.id.path, *info.notices))
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.tr("{name}, {pages} pages").format(name=info.name, pages=len(info.pages))
        return None

    def _page_data(self, info: DocumentInfo, page: PageRef, single: bool, role: int) -> object:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return info.name if single else page.label
            case Qt.ItemDataRole.ToolTipRole:
                size = self.tr("{width} × {height} px").format(width=page.native.width, height=page.native.height)
                return "\n".join((info.id.path, size, *info.notices)) if single else size
            case Qt.ItemDataRole.AccessibleTextRole:
                if single:
                    return self.tr("{name}, 1 page").format(name=info.name)
                return self.tr("Page {label} of {name}").format(label=page.label, name=info.name)
            case role if role == PICTURE_ROLE:
                return self._thumbnails.picture(page)
        return None

    def _info(self, row: int) -> DocumentInfo | None:
        return self._store.document(self._paths[row])

    def _is_single(self, row: int) -> bool:
        """A document of one page is shown as that page: unfolding it would say nothing new."""
        info = self._info(row)
        return info is not None and len(info.pages) == 1

    def _on_document_opened(self, path: str) -> None:
        row = len(self._paths)
        self.beginInsertRows(QModelIndex(), row, row)
        self._paths.append(path)
        self._serials.append(self._next_serial)
        self._next_serial += 1
        self.endInsertRows()

    def _on_document_closed(self, path: str) -> None:
        row = self._paths.index(path)
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._paths[row], self._serials[row]
        self.endRemoveRows()


class PageDelegate(QStyledItemDelegate):
    """Draws a page as its picture with its label below; documents as usual."""

    def __init__(self, model: DocumentsModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 - Qt's name
        page = self._model.page_at(index)
        if page is None:
            return super().sizeHint(option, index).expandedTo(QSize(0, 28))
        picture = _picture_size(page.width, page.height)
        return QSize(picture.width() + 2 * PAD_PX, picture.height() + option.fontMetrics.height() + 3 * PAD_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        page = self._model.page_at(index)
        if page is None:
            super().paint(painter, option, index)
            return
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        style = option.widget.style() if option.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        size = _picture_size(page.width, page.height)
        rect = option.rect
        place = QRect(
            rect.left() + (rect.width() - size.width()) // 2, rect.top() + PAD_PX, size.width(), size.height()
        )
        painter.save()
        picture = index.data(PICTURE_ROLE)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if picture is None:
            painter.fillRect(place, Qt.GlobalColor.white)
        else:
            painter.drawImage(place, picture)
        painter.setPen(option.palette.color(QPalette.ColorRole.Shadow))
        painter.drawRect(place.adjusted(-1, -1, 0, 0))
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        line = QRect(rect.left() + 4, place.bottom() + 3, rect.width() - 8, option.fontMetrics.height() + 4)
        shown = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideMiddle, line.width())
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, shown)
        painter.restore()


@lru_cache(maxsize=256)
def _picture_size(width: float, height: float) -> QSize:
    size = QSize(max(1, round(width)), max(1, round(height)))
    scaled = size.scaled(PICTURE_BOX_PX, Qt.AspectRatioMode.KeepAspectRatio)
    return scaled.expandedTo(QSize(12, 12))
