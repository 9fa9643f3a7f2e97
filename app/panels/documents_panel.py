"""The documents panel: open documents, their pages as small pictures, and where files are dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from app.documents import DocumentStore
    from app.page_view.thumbnails import ThumbnailSource

AHEAD_ROWS = 4
"""Pictures are made for this many rows beyond those in sight."""


class DocumentsPanel(QWidget):
    """The tree of documents and pages."""

    page_chosen = Signal(str, int)
    close_wanted = Signal(str)
    selection_changed = Signal()

    def __init__(self, open_action: QAction, close_action: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._following = False
        self._close_action = close_action
        self._column = self._build(open_action, close_action)

    def set_store(self, store: DocumentStore, thumbnails: ThumbnailSource) -> None:
        """Show these documents, with these pictures; before that the panel is empty."""
        # Imported now: an empty panel is painted without them.
        from app.panels.documents_model import DocumentsModel, PageDelegate

        self._store = store
        self._thumbnails = thumbnails
        thumbnails.set_device_pixel_ratio(self.devicePixelRatioF())
        self.model = DocumentsModel(store, thumbnails, self)
        self._column.insertWidget(self._column.count() - 1, self._build_tree(PageDelegate(self.model, self)), 1)
        thumbnails.ready.connect(self.model.on_picture_ready)
        store.opening_changed.connect(self._on_opening_changed)
        store.opened.connect(self._on_document_opened)

    def selected_paths(self) -> tuple[str, ...]:
        """Documents with a selected row, in the order in which they are open."""
        rows = self.tree.selectionModel().selectedRows()
        chosen = {self.model.place(index)[0] for index in rows}
        return tuple(info.id.path for info in self._store.documents if info.id.path in chosen)

    def show_place(self, path: str, page: int) -> None:
        """Mark the page that is shown, without telling anyone."""
        index = self.model.index_of(path, page)
        if not index.isValid() or self.tree.currentIndex() == index:
            return
        selected = self.tree.selectionModel().selectedRows()
        if len(selected) > 1:
            # The user picked several documents for a question: scrolling must not undo that.
            return
        self._following = True
        self.tree.setCurrentIndex(index)
        self.tree.scrollTo(index)
        self._following = False

    def _build(self, open_action: QAction, close_action: QAction) -> QVBoxLayout:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 4, 4)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setContentsMargins(4, 0, 4, 0)
        title = QLabel(self.tr("Documents"), self)
        title.setObjectName("panelTitle")
        head.addWidget(title, 1)
        for action in (open_action, close_action):
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setIconSize(QSize(16, 16))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(action.text())
            head.addWidget(button)
        column.addLayout(head)
        self._opening = QLabel(self)
        self._opening.setObjectName("muted")
        self._opening.setTextFormat(Qt.TextFormat.PlainText)
        self._opening.hide()
        column.addWidget(self._opening)
        column.addStretch(0)
        return column

    def _build_tree(self, delegate: QAbstractItemDelegate) -> QTreeView:
        self.tree = QTreeView(self)
        self.tree.setModel(self.model)
        self.tree.setItemDelegate(delegate)
        self.tree.setAccessibleName(self.tr("Documents and pages"))
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.tree.customContextMenuRequested.connect(self._on_menu_wanted)
        self.tree.selectionModel().currentChanged.connect(self._on_current_changed)
        self.tree.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.tree.verticalScrollBar().valueChanged.connect(self._want_pictures)
        self.tree.verticalScrollBar().rangeChanged.connect(self._want_pictures)
        self.tree.expanded.connect(self._want_pictures)
        return self.tree

    def _on_document_opened(self, path: str) -> None:
        index = self.model.index_of(path)
        self.tree.expand(index)
        self._want_pictures()

    def _on_opening_changed(self) -> None:
        names = [path.replace("\\", "/").rsplit("/", 1)[-1] for path in self._store.opening]
        self._opening.setVisible(bool(names))
        if len(names) == 1:
            self._opening.setText(self.tr("Opening {name} …").format(name=names[0]))
        else:
            self._opening.setText(self.tr("Opening {number} files …").format(number=len(names)))

    def _on_current_changed(self, current: QModelIndex) -> None:
        if current.isValid() and not self._following:
            path, page = self.model.place(current)
            self.page_chosen.emit(path, max(page, 0))

    def _on_selection_changed(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        del selected, deselected
        self.selection_changed.emit()

    def _on_menu_wanted(self, position: QPoint) -> None:
        if not self.tree.indexAt(position).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self._close_action)
        menu.popup(self.tree.viewport().mapToGlobal(position))

    def _want_pictures(self) -> None:
        rows = []
        index = self.tree.indexAt(QPoint(4, 4))
        bottom = self.tree.viewport().height()
        beyond = 0
        while index.isValid() and beyond <= AHEAD_ROWS:
            page = self.model.page_at(index)
            if page is not None:
                rows.append(page)
            beyond += self.tree.visualRect(index).top() > bottom
            index = self.tree.indexBelow(index)
        self._thumbnails.want(rows)
