"""The search bar: what is searched for, how often it was found, and the way through the hits."""

from __future__ import annotations

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QAction, QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from app.documents import DocumentStore
from app.icons import icon
from app.search import MAX_HITS, Hit
from engine.documents.types import PageWords

AGAIN_MS = 150
"""Pages read in the background come in bursts; the search is done once for a burst."""


class SearchBar(QWidget):
    """The search field, the count of hits and the way through them."""

    hits_changed = Signal(object)
    """tuple[Hit, ...] of the document that is shown."""
    hit_chosen = Signal(object)
    """Hit."""

    def __init__(self, store: DocumentStore, next_hit: QAction, previous_hit: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("searchBar")
        self._store = store
        self._path = ""
        self._hits: tuple[Hit, ...] = ()
        self._current = -1
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN_MS)
        self._again.timeout.connect(self._search)
        self._build(next_hit, previous_hit)
        store.words_read.connect(self._on_words_read)
        self.hide()

    @property
    def hits(self) -> tuple[Hit, ...]:
        return self._hits

    def set_document(self, path: str) -> None:
        self._path = path
        if self.isVisible():
            self._search()

    def begin(self) -> None:
        """Show the bar, ready to type."""
        self.show()
        self.field.setFocus()
        self.field.selectAll()
        self._search()

    def step(self, by: int) -> None:
        """Go on to the next (1) or previous (-1) hit, round the end."""
        if not self._hits:
            return
        self._current = (self._current + by) % len(self._hits)
        self._show_count()
        self.hit_chosen.emit(self._hits[self._current])

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._again.stop()
        self._hits = ()
        self.hits_changed.emit(())

    def _build(self, next_hit: QAction, previous_hit: QAction) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        self.field = QLineEdit(self)
        self.field.setPlaceholderText(self.tr("Search the words of this document"))
        self.field.setAccessibleName(self.tr("Search the words of this document"))
        self.field.setClearButtonEnabled(True)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(next_hit.trigger)
        row.addWidget(self.field, 1)
        self._count = QLabel(self)
        self._count.setObjectName("muted")
        row.addWidget(self._count)
        for action in (previous_hit, next_hit):
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            row.addWidget(button)
        close = QAction(self.tr("Close the search"), self)
        close.setIcon(icon("close"))
        close.triggered.connect(self.hide)
        button = QToolButton(self)
        button.setDefaultAction(close)
        button.setIconSize(QSize(14, 14))
        button.setAccessibleName(close.text())
        row.addWidget(button)

    def _on_words_read(self, words: PageWords) -> None:
        if self.isVisible() and words.page.document.path == self._path:
            self._again.start()

    def _search(self) -> None:
        info = self._store.document(self._path)
        wanted = self.field.text()
        hits: list[Hit] = []
        for page in info.pages if info is not None else ():
            index = self._store.index(self._path, page.index)
            if index is not None and len(hits) < MAX_HITS:
                hits.extend(index.find(wanted))
        self._hits = tuple(hits)
        self._current = min(self._current, len(hits) - 1)
        self.hits_changed.emit(self._hits)
        self._show_count()

    def _show_count(self) -> None:
        self._count.setText(self._count_text() if self.field.text() else "")

    def _count_text(self) -> str:
        info = self._store.document(self._path)
        read = self._store.read_count(self._path)
        total = len(info.pages) if info is not None else 0
        number = len(self._hits)
        if number >= MAX_HITS:
            count = self.tr("more than {number}").format(number=MAX_HITS)
        elif self._current >= 0 and number:
            count = self.tr("{current} of {number}").format(current=self._current + 1, number=number)
        else:
            count = self.tr("no match") if number == 0 else self.tr("{number} matches").format(number=number)
        if read < total:
            return self.tr("{count} · {read} of {total} pages read").format(count=count, read=read, total=total)
        return count
