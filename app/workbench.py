"""Everything behind the window: documents, answers, reading, session and commands, and how they are connected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.answers import AnswerBook
from app.asking import AskController, AskParts
from app.choosing import ReaderController
from app.commands import Commands
from app.documents import BackgroundReading, DocumentStore
from app.keeping import SessionKeeper
from app.page_pane import PagePane
from app.panels.message_bar import Message
from app.readers import ReaderShelf
from app.settings import DIM_REST, GRID_VISIBLE, POLICY, READ_AHEAD, REDUCED_MOTION, THEME
from app.task import Task, in_thread, mailbox
from engine.documents.types import PageRef
from engine.errors import ErrorInfo, TesseraError
from engine.resources import resource_path
from engine.slicing.policies import DEFAULT_POLICY, MAX_CAP, parse_policy, policies

if TYPE_CHECKING:
    from app.main_window import MainWindow

SAMPLE = "invoice.pdf"


class Workbench(QObject):
    """Made once the window has been painted; joins the parts, which know little of each other."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._settings = window.settings
        service = window.service
        self.store = DocumentStore(service, self)
        self.book = AnswerBook(self.store, service, self)
        self.reading = BackgroundReading(self.store, service, self)
        self.pane = PagePane(window.frame, self.store, service, window.actions_by_key)
        window.documents.set_store(self.store, self.pane.thumbnails)
        window.panel.set_book(self.book)
        self.shelf = ReaderShelf(window.settings, service, self)
        parts = AskParts(window.panel, window.documents, self.pane, window.status, self.shelf)
        self.asking = AskController(self.book, self.store, window.settings, parts, self)
        self.choosing = ReaderController(window, self.shelf, self.book, self.asking, self)
        self.keeper = SessionKeeper(self.store, self.book, self.pane, window.settings, self)
        window.toolbar.offer_policies(policies(), MAX_CAP)
        self.commands = Commands(window, self)
        self._connect()
        self._apply_settings()

    def start(self, files: tuple[str, ...]) -> None:
        """Open the files, or bring the last session back."""
        for path in files:
            self.store.open(path)
        self.keeper.start(self._window.panel.question, self.asking.private_questions, open_documents=not files)
        self.shelf.refresh()
        Task(self, in_thread(load_batch_room)).start()

    def close(self) -> None:
        """The window closes: what was answered is kept, what is under way is given up."""
        self.commands.close_dialogs()
        self.choosing.close()
        self.keeper.finish()
        self.reading.set_enabled(False)
        self.book.cancel()
        self.store.cancel_opening()
        self.pane.close_tiles()

    def _connect(self) -> None:
        store, pane, window = self.store, self.pane, self._window
        store.opened.connect(self._on_document_opened)
        store.chosen.connect(pane.show_document)
        store.refused.connect(self._on_document_refused)
        store.password_needed.connect(self._on_password_needed)
        store.page_righted.connect(self._on_page_righted)
        store.words_read.connect(self._show_reading)
        store.page_failed.connect(self._show_reading)
        store.closed.connect(self._on_document_closed)
        window.documents.page_chosen.connect(pane.go_to)
        pane.place_changed.connect(self._on_place_changed)
        pane.zoom_changed.connect(window.toolbar.show_zoom)
        pane.zoom_changed.connect(self.commands.refresh)
        window.toolbar.page_wanted.connect(self._on_page_wanted)
        window.toolbar.policy_chosen.connect(self._on_policy_chosen)
        self.keeper.refused.connect(self._on_session_refused)
        window.frame.sample_wanted.connect(self._on_sample_wanted)
        self._settings.changed.connect(self._on_setting_changed)
        mailbox().failed.connect(self.show_error)

    def _apply_settings(self) -> None:
        self._apply_policy()
        self._apply_look()
        self.reading.set_enabled(self._settings.get(READ_AHEAD))
        for key, setting in (("grid", GRID_VISIBLE), ("dim", DIM_REST)):
            self._window.actions_by_key[key].setChecked(self._settings.get(setting))
        self.commands.refresh()

    def _apply_policy(self) -> None:
        try:
            chosen = parse_policy(self._settings.get(POLICY))
        except TesseraError:
            # The settings are of another version of Tessera, which knew other policies.
            chosen = parse_policy(DEFAULT_POLICY)
        self._window.toolbar.show_policy(chosen)
        self.pane.set_policy(chosen.id)

    # Messages.

    def show_error(self, error: ErrorInfo) -> None:
        """One line that says what happened and what to do."""
        self.pane.messages.show_message(Message(f"error:{error.code}", str(error), serious=True))

    def _on_document_opened(self, path: str) -> None:
        info = self.store.document(path)
        if info is None:
            return
        for number, notice in enumerate(info.notices):
            self.pane.messages.show_message(Message(f"document:{path}:{number}", f"{info.name}: {notice}"))
        # Of many opened together the first is shown at once and the last in the end; all others are only listed.
        if not self.pane.path or not (self.keeper.is_behind(path) or self.store.opening):
            self.pane.show_document(path)
        self.commands.refresh()

    def _on_document_closed(self) -> None:
        self._show_reading()
        self.commands.refresh()

    def _on_document_refused(self, path: str, error: ErrorInfo) -> None:
        self.pane.messages.show_message(Message(f"refused:{path}", str(error), serious=True))

    def _on_password_needed(self, path: str, wrong: bool) -> None:
        name = path.replace("\\", "/").rsplit("/", 1)[-1]
        self.pane.messages.ask_password(path, name, wrong, lambda password: self.store.open(path, password))

    def _on_page_righted(self, page: PageRef) -> None:
        info = self.store.document(page.document.path)
        name = info.name if info is not None else ""
        text = self.tr("{name}: page {number} lay on its side and was righted.").format(
            name=name, number=page.index + 1
        )
        undo = (self.tr("Undo"), lambda: self.store.undo_righting(page))
        self.pane.messages.show_message(Message(f"righted:{page.document.path}:{page.index}", text, action=undo))

    def _on_session_refused(self) -> None:
        text = self.tr("Tessera is open already: documents and answers of this window are not kept for the next start.")
        self._window.show_notice(text)

    def _on_sample_wanted(self) -> None:
        self.store.open(str(resource_path("samples", SAMPLE)))

    # What the others say.

    def _on_page_wanted(self, page: int) -> None:
        if self.pane.path:
            self.pane.go_to(self.pane.path, page)

    def _on_place_changed(self, path: str, page: int) -> None:
        window, info = self._window, self.store.document(path)
        window.setWindowTitle(self.tr("{name} – Tessera").format(name=info.name) if info is not None else "Tessera")
        window.toolbar.show_page(page, len(info.pages) if info is not None else 0)
        window.toolbar.show_zoom(self.pane.view.zoom)
        window.status.show_page(self.store.page(path, page))
        window.documents.show_place(path, page)
        self.reading.come_near(path, page)
        self._show_reading()
        self.commands.refresh()

    def _on_policy_chosen(self, policy_id: str) -> None:
        # In its one spelling: a cap that is the policy's own is left out.
        self._settings.set(POLICY, parse_policy(policy_id).id)

    def _on_setting_changed(self, key: str) -> None:
        if key == THEME.key:
            self._window.theme.choose(self._settings.get(THEME))
        elif key == POLICY.key:
            self._apply_policy()
        elif key == READ_AHEAD.key:
            self.reading.set_enabled(self._settings.get(READ_AHEAD))
        else:
            self._apply_look()

    def _apply_look(self) -> None:
        view = self.pane.view
        view.set_grid_visible(self._settings.get(GRID_VISIBLE))
        view.set_dim(self._settings.get(DIM_REST))
        view.set_reduced_motion(self._settings.get(REDUCED_MOTION))

    def _show_reading(self) -> None:
        path = self.pane.path
        self._window.status.show_reading(self.pane.document, self.store.read_count(path), self.store.failed_count(path))


def load_batch_room() -> None:
    """Import what the batch window needs of the engine, in a thread: its command then opens it at once."""
    import engine.batch.run
    import engine.batch.service_asker
    import engine.readers.revisions  # noqa: F401 - for the import alone
