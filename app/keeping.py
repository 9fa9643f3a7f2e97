"""Keeps the session: saves it a moment after every change and when the window closes, brings it back at the start."""

from __future__ import annotations

import logging

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from app.answers import AnswerBook
from app.documents import DocumentStore
from app.page_pane import PagePane
from app.panels.question_box import QuestionBox
from app.session import (
    MAX_ANSWERS,
    SavedDocument,
    SavedPlace,
    Session,
    load_session,
    save_session,
    session_path,
    without_protected,
)
from app.settings import KEEP_PROTECTED, RESTORE_SESSION, Settings
from app.task import Task, in_thread
from engine.errors import TesseraError
from engine.geometry import PagePoint
from engine.paths import make_private

log = logging.getLogger(__name__)

SAVE_PAUSE_MS = 1500


class SessionKeeper(QObject):
    """Reads the state of the others; they know nothing of it."""

    restored = Signal()
    refused = Signal()
    """Another window keeps the session already; this one keeps none."""

    def __init__(
        self, store: DocumentStore, book: AnswerBook, pane: PagePane, settings: Settings, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._book = book
        self._pane = pane
        self._settings = settings
        self._path = session_path()
        self._lock = QLockFile(str(self._path.with_suffix(".lock")))
        # Only the death of its owner frees it: a window may be open for weeks.
        self._lock.setStaleLockTime(0)
        self._behind: frozenset[str] = frozenset()
        self._question: QuestionBox | None = None
        self._private_questions: set[str] = set()
        self._open_documents = False
        self.ready = False
        self._save: Task | None = None
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_PAUSE_MS)
        self._timer.timeout.connect(self._save_in_thread)

    def start(self, question: QuestionBox, private_questions: set[str], *, open_documents: bool) -> None:
        """Bring the last session back, without its documents if others were asked for on the command line."""
        self._question = question
        self._private_questions = private_questions
        self._open_documents = open_documents
        make_private(self._path.parent)
        if not self._lock.tryLock(0):
            self.ready = True
            self.refused.emit()
            return
        if not self._settings.get(RESTORE_SESSION):
            self._begin_keeping()
            return
        path = self._path
        Task(self, in_thread(lambda: load_session(path))).on_result(self._on_session_loaded).start()

    def is_behind(self, path: str) -> bool:
        """Whether a document comes from the last session and was not the one shown then."""
        return path in self._behind

    def finish(self) -> None:
        """Save now: the window closes."""
        self._timer.stop()
        if not (self.ready and self._lock.isLocked()):
            return
        try:
            save_session(self._path, self._session())
        except TesseraError as error:
            log.warning("%s", error)
        self._lock.unlock()

    def _on_session_loaded(self, session: object) -> None:
        if isinstance(session, Session):
            if self._question is not None:
                self._question.set_history(session.questions)
            self._book.restore(session.answers)
            if self._open_documents:
                self._behind = frozenset(each.path for each in session.documents if each.path != session.shown)
                self._pane.restore_places({each.path: each.place for each in session.documents if each.place})
                for each in session.documents:
                    self._store.open(each.path)
        self._begin_keeping()

    def _begin_keeping(self) -> None:
        self.ready = True
        for signal in (
            self._store.opened,
            self._store.closed,
            self._book.finished,
            self._book.removed,
            self._pane.place_changed,
            self._pane.zoom_changed,
        ):
            signal.connect(self._on_something_changed)
        self.restored.emit()

    def _on_something_changed(self) -> None:
        self._timer.start()

    def _save_in_thread(self) -> None:
        if self._save is not None and self._save.running:
            self._again = True
            return
        self._again = False
        path, session = self._path, self._session()
        self._save = Task(self, in_thread(lambda: save_session(path, session)))
        self._save.on_result(self._on_saved).start()

    def _on_saved(self, result: object) -> None:
        del result
        if self._again:
            self._timer.start()

    def _session(self) -> Session:
        if not self._settings.get(RESTORE_SESSION):
            return Session()
        infos = self._store.documents
        states = self._pane.states()
        documents = []
        for info in infos:
            state = states.get(info.id.path)
            place = None
            if state is not None:
                point: PagePoint = state.point
                place = SavedPlace(state.page, point.x, point.y, state.zoom, state.mode.value, state.rotation)
            documents.append(SavedDocument(info.id.path, place))
        documents += [SavedDocument(path, None) for path in self._store.opening]
        finished = [each for each in self._book.records if not each.under_way]
        questions = self._question.history if self._question is not None else ()
        session = Session(tuple(documents), self._pane.path, questions, tuple(finished[-MAX_ANSWERS:]))
        if self._settings.get(KEEP_PROTECTED):
            return session
        protected = frozenset(info.id.path for info in infos if info.protected)
        return without_protected(session, protected, frozenset(self._private_questions))
