"""The open documents: their pages as they are shown, their words as they are read. Owns no widget.

A page found to lie on its side is replaced by its righted `PageRef`; undoing that puts the unturned one back.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QObject, Signal

from app.search import PageIndex
from app.service import Holds, Service
from app.task import Task
from engine.documents.types import DocumentInfo, PageRef, PageWords
from engine.errors import ErrorInfo
from engine.geometry import turn_rect
from engine.readers.types import PageRead
from engine.service.messages import DocumentOpened

PASSWORD_NEEDED = "password-needed"
PASSWORD_WRONG = "password-wrong"


@dataclass(slots=True)
class _Open:
    """A document and what is known of its pages, by index."""

    info: DocumentInfo
    read: dict[int, PageIndex] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    left_unturned: set[int] = field(default_factory=set)

    def nearest_unread(self, near: int) -> PageRef | None:
        """The page nearest to page `near` that was neither read nor failed."""
        count = len(self.info.pages)
        for distance in range(count):
            for index in (near - distance, near + distance):
                if 0 <= index < count and index not in self.read and index not in self.failed:
                    return self.info.pages[index]
        return None


class DocumentStore(QObject):
    """Opens and closes documents and keeps what is known of them. Documents are named by their absolute path."""

    opened = Signal(str)
    closed = Signal(str)
    refused = Signal(str, object)
    """(path, ErrorInfo): the file cannot be used."""
    password_needed = Signal(str, bool)
    """(path, whether a password was tried and wrong)."""
    chosen = Signal(str)
    """A document that is open already was asked for again."""
    page_turned = Signal(object)
    """(PageRef): shown from now on in place of the page with the same document and index."""
    page_righted = Signal(object)
    """(PageRef): as `page_turned`, found while reading and not at the user's wish: to be announced."""
    words_read = Signal(object)
    """(PageWords): a page's words are known."""
    page_failed = Signal(object)
    """(PageRef): it cannot be read."""
    opening_changed = Signal()

    def __init__(self, service: Service, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self.holds = Holds()
        self._documents: dict[str, _Open] = {}
        self._opening: dict[str, Task] = {}

    @property
    def documents(self) -> tuple[DocumentInfo, ...]:
        """In the order in which they were opened."""
        return tuple(each.info for each in self._documents.values())

    @property
    def opening(self) -> tuple[str, ...]:
        """Paths of the documents being opened."""
        return tuple(self._opening)

    def document(self, path: str) -> DocumentInfo | None:
        each = self._documents.get(path)
        return each.info if each is not None else None

    def page(self, path: str, index: int) -> PageRef | None:
        """The page as it is shown now."""
        each = self._documents.get(path)
        return each.info.pages[index] if each is not None and 0 <= index < len(each.info.pages) else None

    def index(self, path: str, index: int) -> PageIndex | None:
        """The words of a page, in the frame in which the page is shown, ready to be searched."""
        each = self._documents.get(path)
        return each.read.get(index) if each is not None else None

    def open(self, path: str, password: str | None = None) -> None:
        """Open a file; `opened`, `refused`, `password_needed` or `chosen` says what came of it."""
        path = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links and change the name shown
        if path in self._documents:
            self.chosen.emit(path)
            return
        if path in self._opening:
            return
        task = Task(self, lambda listener: self._service.open(path, password, listener=listener))
        task.on_result(lambda event: self._on_document_opened(path, event))
        task.on_error(lambda error: self._on_open_failed(path, error))
        self._opening[path] = task
        task.start()
        self.opening_changed.emit()

    def cancel_opening(self) -> None:
        tasks = list(self._opening.values())
        self._opening.clear()
        for task in tasks:
            task.cancel()
        self.opening_changed.emit()

    def close(self, path: str) -> None:
        if self._documents.pop(path, None) is not None:
            if self.holds.release(path):
                self._service.forget(path)
            self.closed.emit(path)

    def take_words(self, words: PageWords) -> None:
        """Keep the words of a page and right the page if it was found on its side."""
        each = self._documents.get(words.page.document.path)
        if each is None or each.info.id != words.page.document or words.page.index >= len(each.info.pages):
            return
        index = words.page.index
        shown = each.info.pages[index]
        if words.page.orientation != shown.orientation and index not in each.left_unturned:
            self._replace_page(each, words.page)
            self.page_turned.emit(words.page)
            self.page_righted.emit(words.page)
        each.read[index] = PageIndex(in_frame_of(words, each.info.pages[index]))
        self.words_read.emit(words)

    def take_failure(self, page: PageRef) -> None:
        """The page cannot be read; it is not tried again in the background."""
        each = self._documents.get(page.document.path)
        if each is not None:
            each.failed.add(page.index)
            self.page_failed.emit(page)

    def undo_righting(self, page: PageRef) -> None:
        """Put the unturned page back, and leave it so."""
        each = self._documents.get(page.document.path)
        if each is None:
            return
        each.left_unturned.add(page.index)
        shown = each.info.pages[page.index]
        unturned = shown.turned(-shown.orientation)
        self._replace_page(each, unturned)
        self.page_turned.emit(unturned)

    def next_unread(self, path: str, index: int) -> PageRef | None:
        """The unread page nearest to page `index` of `path`, those of other documents last."""
        for name in sorted(self._documents, key=lambda each: each != path):
            nearest = self._documents[name].nearest_unread(index if name == path else 0)
            if nearest is not None:
                return nearest
        return None

    def read_count(self, path: str) -> int:
        """How many pages of a document have been read."""
        each = self._documents.get(path)
        return len(each.read) if each is not None else 0

    def failed_count(self, path: str) -> int:
        """How many pages of a document cannot be read."""
        each = self._documents.get(path)
        return len(each.failed - each.read.keys()) if each is not None else 0

    def _on_document_opened(self, path: str, event: object) -> None:
        assert isinstance(event, DocumentOpened)
        info = event.document
        self._opening.pop(path, None)
        self.opening_changed.emit()
        self.holds.take(info.id.path)
        self._documents[info.id.path] = _Open(info)
        self.opened.emit(info.id.path)

    def _on_open_failed(self, path: str, error: ErrorInfo) -> None:
        self._opening.pop(path, None)
        self.opening_changed.emit()
        if error.code in (PASSWORD_NEEDED, PASSWORD_WRONG):
            self.password_needed.emit(path, error.code == PASSWORD_WRONG)
        else:
            self.refused.emit(path, error)

    @staticmethod
    def _replace_page(each: _Open, page: PageRef) -> None:
        pages = list(each.info.pages)
        pages[page.index] = page
        each.info = replace(each.info, pages=tuple(pages))
        if page.index in each.read:
            each.read[page.index] = PageIndex(in_frame_of(each.read[page.index].words, page))


def in_frame_of(words: PageWords, page: PageRef) -> PageWords:
    """The same words with their boxes as they lie on `page`, which may be turned against the page they were read on."""
    turn = (page.orientation - words.page.orientation) % 360
    if turn == 0:
        return words
    size = (words.page.width, words.page.height)
    turned = tuple(replace(word, box=turn_rect(word.box, size, turn)) for word in words.words)
    return replace(words, page=page, words=turned)


class BackgroundReading(QObject):
    """Reads the words of open documents one page at a time, the page nearest to the one shown first."""

    def __init__(self, store: DocumentStore, service: Service, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._service = service
        self._near = ("", 0)
        self._enabled = True
        self._task: Task | None = None
        store.opened.connect(self.go_on)
        store.closed.connect(self._on_document_closed)

    def set_enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        if enabled:
            self.go_on()
        else:
            self.stop()

    def come_near(self, path: str, index: int) -> None:
        """The page that is shown now."""
        self._near = (path, index)

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def go_on(self) -> None:
        """Read the next page unless one is being read."""
        if not self._enabled or self._task is not None:
            return
        page = self._store.next_unread(*self._near)
        if page is None:
            return
        task = Task(self, lambda listener: self._service.read(page, listener=listener), ends_with=PageRead)
        task.on_result(self._on_page_read).on_error(lambda error: self._on_page_failed(page, error))
        self._task = task.start()

    def _on_page_read(self, event: object) -> None:
        assert isinstance(event, PageRead)
        self._task = None
        self._store.take_words(event.words)
        self.go_on()

    def _on_page_failed(self, page: PageRef, error: ErrorInfo) -> None:
        del error  # shown where the page is looked at or asked about; a page that cannot be read is no news by itself
        self._task = None
        self._store.take_failure(page)
        self.go_on()

    def _on_document_closed(self) -> None:
        self.stop()
        self.go_on()
