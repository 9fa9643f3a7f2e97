"""What is shown in the middle of the window: which document, where in it, what is marked, what is searched for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.actions import Actions
from app.documents import DocumentStore
from app.page_frame import PageFrame
from app.panels.search_bar import SearchBar
from app.search import Hit
from app.service import Service
from engine.documents.types import DocumentInfo, PageRef
from engine.geometry import PagePoint, PageRect
from engine.readers.types import Answer

if TYPE_CHECKING:
    from app.page_view.sheet import ViewState
    from app.page_view.thumbnails import ThumbnailSource
    from app.page_view.tiles import TileQueue
    from app.page_view.view import PageView
    from app.session import SavedPlace

MAX_PLACES = 100


class PagePane(QObject):
    """Shows one document at a time and remembers where each was left. The page view is made for the first one."""

    place_changed = Signal(str, int)
    """(path, 0-based page) that is shown."""
    zoom_changed = Signal(float)
    slice_clicked = Signal(int, object, object)
    view_made = Signal()

    def __init__(self, frame: PageFrame, store: DocumentStore, service: Service, actions: Actions) -> None:
        super().__init__(frame)
        self._frame = frame
        self.messages = frame.messages
        self._store = store
        self._service = service
        self._path = ""
        self._states: dict[str, ViewState] = {}
        self._places: list[tuple[str, ViewState]] = []
        self._at_place = 0
        self._policy = ""
        self._tiles: TileQueue | None = None
        self.view: PageView | None = None
        self.thumbnails: ThumbnailSource | None = None
        self.search = SearchBar(store, actions["find-next"], actions["find-previous"], frame)
        self.search.hits_changed.connect(self._on_hits_changed)
        self.search.hit_chosen.connect(self._on_hit_chosen)
        frame.add_bar(self.search)
        store.closed.connect(self._on_document_closed)
        store.page_turned.connect(self._on_page_turned)

    @property
    def path(self) -> str:
        """The document that is shown; empty without one."""
        return self._path

    @property
    def page(self) -> int:
        """0-based."""
        return self.view.current_page if self.view is not None and self._path else 0

    @property
    def document(self) -> DocumentInfo | None:
        return self._store.document(self._path)

    def make_view(self) -> PageView:
        """The page view, made now if it is the first time."""
        if self.view is None:
            self.view = self._make_view()
            self.view_made.emit()
        return self.view

    def show_document(self, path: str) -> None:
        """Show a document where it was left."""
        info = self._store.document(path)
        if info is None or path == self._path:
            return
        view = self.make_view()
        self._keep_state()
        self._path = path
        view.set_document(info)
        state = self._states.get(path)
        if state is not None:
            view.restore(state)
        self._frame.show_page(view)
        self.search.set_document(path)
        self.place_changed.emit(path, view.current_page)

    def go_to(self, path: str, page: int, box: PageRect | None = None) -> None:
        """Jump; `back` returns."""
        self._remember_place()
        self.show_document(path)
        if self.view is not None and self._path == path:
            self.view.go_to(page, box)

    def turn_page(self, step: int) -> None:
        """On by `step` pages, without remembering a place."""
        if self.view is not None and self._path:
            self.view.go_to(self.view.current_page + step)

    def back(self, step: int) -> None:
        """Back (-1) or forward (1) among the places jumped from."""
        target = self._at_place + step
        if self.view is None or not 0 <= target < len(self._places) + (step > 0):
            return
        if self._at_place == len(self._places):
            self._remember_place()
            self._at_place -= 1
            target = self._at_place + step
        if not 0 <= target < len(self._places):
            return
        self._at_place = target
        path, state = self._places[target]
        self.show_document(path)
        if self._path == path:
            self.view.restore(state)

    def show_evidence(self, answer: Answer | None) -> None:
        if self.view is not None:
            self.view.show_evidence(answer)

    def set_policy(self, policy_id: str) -> None:
        self._policy = policy_id
        if self.view is not None:
            from app.page_view.view import policy_plans

            self.view.set_plan_provider(policy_plans(policy_id))

    def states(self) -> dict[str, ViewState]:
        """Where each open document was left, by path."""
        self._keep_state()
        return {
            info.id.path: self._states[info.id.path] for info in self._store.documents if info.id.path in self._states
        }

    def restore_places(self, places: dict[str, SavedPlace]) -> None:
        """Where documents were left in the last session, for when they are open again."""
        from app.page_view.layout import ZoomMode
        from app.page_view.sheet import ViewState

        for path, place in places.items():
            if place.mode in {mode.value for mode in ZoomMode}:
                point = PagePoint(place.x, place.y)
                self._states[path] = ViewState(place.page, point, place.zoom, ZoomMode(place.mode), place.rotation)

    def close_tiles(self) -> None:
        """Nothing is rendered any more: the window closes."""
        if self._tiles is not None:
            self._tiles.close()

    def _make_view(self) -> PageView:
        # Imported for the first document only: an empty window starts without it.
        from app.page_view.thumbnails import ThumbnailSource
        from app.page_view.tiles import TileQueue
        from app.page_view.view import PageView, policy_plans

        self._tiles = TileQueue(self._service, parent=self)
        self.thumbnails = ThumbnailSource(self._tiles, parent=self)
        view = PageView(self._tiles, self._frame)
        view.set_plan_provider(policy_plans(self._policy) if self._policy else None)
        view.page_changed.connect(self._on_page_changed)
        view.zoom_changed.connect(self.zoom_changed)
        view.slice_clicked.connect(self.slice_clicked)
        return view

    def _keep_state(self) -> None:
        state = self.view.state() if self.view is not None and self._path else None
        if state is not None:
            self._states[self._path] = state

    def _remember_place(self) -> None:
        state = self.view.state() if self.view is not None and self._path else None
        if state is not None:
            self._places = [*self._places[: self._at_place][-MAX_PLACES:], (self._path, state)]
            self._at_place = len(self._places)

    def _on_page_changed(self, page: int) -> None:
        if self._path:
            self.place_changed.emit(self._path, page)

    def _on_page_turned(self, page: PageRef) -> None:
        if self.view is not None and page.document.path == self._path:
            self.view.replace_page(page)

    def _on_document_closed(self, path: str) -> None:
        self._states.pop(path, None)
        self._places = [place for place in self._places if place[0] != path]
        self._at_place = len(self._places)
        if self.thumbnails is not None:
            self.thumbnails.keep_only([page for info in self._store.documents for page in info.pages])
        if path != self._path or self.view is None:
            return
        self._path = ""
        others = self._store.documents
        if others:
            self.show_document(others[-1].id.path)
            return
        self.view.set_document(None)
        self._frame.show_page(None)
        self.place_changed.emit("", 0)

    def _on_hits_changed(self, hits: tuple[Hit, ...]) -> None:
        if self.view is not None:
            self.view.set_search_hits([(hit.page.index, box) for hit in hits for box in hit.boxes], None)

    def _on_hit_chosen(self, hit: Hit) -> None:
        if self.view is None or not hit.boxes:
            return
        places = [(each.page.index, box) for each in self.search.hits for box in each.boxes]
        current = places.index((hit.page.index, hit.boxes[0]))
        self.view.set_search_hits(places, current)
        self.view.go_to(hit.page.index, hit.boxes[0])
