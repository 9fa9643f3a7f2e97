"""What is shown in the middle of the window: which document, where in it, what is marked, what is searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.actions import Actions
from app.contributions import Shown
from app.documents import DocumentStore
from app.page_frame import PageFrame
from app.page_view.layout import ZoomMode
from app.page_view.sheet import ViewState
from app.page_view.thumbnails import ThumbnailSource
from app.page_view.tiles import TileQueue
from app.page_view.view import PageView, policy_plans
from app.panels.search_bar import SearchBar
from app.places import Place, PlaceHistory
from app.search import Hit
from app.service import Service
from engine.documents.types import DocumentInfo, PageRef
from engine.geometry import PagePoint, PageRect
from engine.readers.types import Answer

if TYPE_CHECKING:
    from app.session import SavedPlace


class PagePane(QObject):
    """Shows one document at a time and remembers where each was left."""

    place_changed = Signal(str, int)
    """(path, 0-based page) that is shown; an empty path when no document is."""
    zoom_changed = Signal(float)
    slice_clicked = Signal(int, object, object)

    def __init__(self, frame: PageFrame, store: DocumentStore, service: Service, actions: Actions) -> None:
        super().__init__(frame)
        self._frame = frame
        self.messages = frame.messages
        self._store = store
        self._path = ""
        self._states: dict[str, ViewState] = {}
        self.places = PlaceHistory()
        self._tiles = TileQueue(service, parent=self)
        self.thumbnails = ThumbnailSource(self._tiles, parent=self)
        self.view = PageView(self._tiles, frame)
        self.search = SearchBar(store, actions["find-next"], actions["find-previous"], frame)
        frame.add_bar(self.search)
        self._connect()

    @property
    def path(self) -> str:
        """The document that is shown; empty without one."""
        return self._path

    @property
    def page(self) -> int:
        """0-based."""
        return self.view.current_page if self._path else 0

    @property
    def document(self) -> DocumentInfo | None:
        return self._store.document(self._path)

    def show_document(self, path: str) -> None:
        """Show a document where it was left."""
        info = self._store.document(path)
        if info is None or path == self._path:
            return
        self._keep_state()
        self._path = path
        self.view.set_document(info)
        state = self._states.get(path)
        if state is not None:
            self.view.restore(state)
        self._frame.show_page(self.view)
        self.search.set_document(path)
        self.place_changed.emit(path, self.view.current_page)

    def go_to(self, path: str, page: int, box: PageRect | None = None) -> None:
        """Jump; `back` returns."""
        here = self._here()
        if here is not None:
            self.places.jump(here)
        self.show_document(path)
        if self._path == path:
            self.view.go_to(page, box)

    def turn_page(self, step: int) -> None:
        """On by `step` pages, without remembering a place."""
        if self._path:
            self.view.go_to(self.view.current_page + step)

    def back(self) -> None:
        """Back to the place that the last jump left."""
        here = self._here()
        self._return_to(self.places.back(here) if here is not None else None)

    def forward(self) -> None:
        here = self._here()
        self._return_to(self.places.forward(here) if here is not None else None)

    def show_evidence(self, answer: Answer | None, shown: tuple[Shown, ...] | None = None) -> None:
        self.view.show_evidence(answer, shown)

    def set_policy(self, policy_id: str) -> None:
        self.view.set_plan_provider(policy_plans(policy_id))

    def states(self) -> dict[str, ViewState]:
        """Where each open document was left, by path."""
        self._keep_state()
        paths = [info.id.path for info in self._store.documents]
        return {path: self._states[path] for path in paths if path in self._states}

    def restore_places(self, places: dict[str, SavedPlace]) -> None:
        """Where documents were left in the last session, for when they are open again."""
        known = {mode.value for mode in ZoomMode}
        for path, place in places.items():
            if place.mode in known:
                point = PagePoint(place.x, place.y)
                self._states[path] = ViewState(place.page, point, place.zoom, ZoomMode(place.mode), place.rotation)

    def close_tiles(self) -> None:
        """Nothing is rendered any more: the window closes."""
        self._tiles.close()

    def _connect(self) -> None:
        self.view.page_changed.connect(self._on_page_changed)
        self.view.zoom_changed.connect(self.zoom_changed)
        self.view.slice_clicked.connect(self.slice_clicked)
        self.search.hits_changed.connect(self._on_hits_changed)
        self.search.hit_chosen.connect(self._on_hit_chosen)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus_changed)
        self._store.closed.connect(self._on_document_closed)
        self._store.page_turned.connect(self._on_page_turned)

    def _here(self) -> Place | None:
        state = self.view.state() if self._path else None
        return Place(self._path, state) if state is not None else None

    def _keep_state(self) -> None:
        here = self._here()
        if here is not None:
            self._states[here.path] = here.state

    def _return_to(self, place: Place | None) -> None:
        if place is None:
            return
        self.show_document(place.path)
        if self._path == place.path:
            self.view.restore(place.state)
            self.place_changed.emit(self._path, self.page)

    def _on_focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        del old
        self._frame.show_focus(new is self.view)

    def _on_page_changed(self, page: int) -> None:
        if self._path:
            self.place_changed.emit(self._path, page)

    def _on_page_turned(self, page: PageRef) -> None:
        if page.document.path == self._path:
            self.view.replace_page(page)

    def _on_document_closed(self, path: str) -> None:
        self._states.pop(path, None)
        self.places.keep_only(lambda place: place.path != path)
        self.thumbnails.keep_only([page for info in self._store.documents for page in info.pages])
        if path != self._path:
            return
        self._path = ""
        others = self._store.documents
        if others:
            self.show_document(others[-1].id.path)
            return
        self.view.set_document(None)
        self._frame.show_page(None)
        self.search.hide()
        self.place_changed.emit("", 0)

    def _on_hits_changed(self, hits: tuple[Hit, ...]) -> None:
        self.view.set_search_hits([(hit.page.index, box) for hit in hits for box in hit.boxes], None)

    def _on_hit_chosen(self, hit: Hit) -> None:
        if not hit.boxes:
            return
        found = [(each.page.index, box) for each in self.search.hits for box in each.boxes]
        self.view.set_search_hits(found, found.index((hit.page.index, hit.boxes[0])))
        self.view.go_to(hit.page.index, hit.boxes[0])
