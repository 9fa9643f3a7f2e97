"""The main window: lays the panels out and connects them. What they do is in the panels and controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QSplitter

from app.actions import MENUS, SEPARATOR, Actions, translated
from app.answers import AnswerBook
from app.asking import AskController, AskParts
from app.commands import Commands
from app.documents import BackgroundReading, DocumentStore
from app.page_pane import PagePane
from app.panels.ask_panel import AskPanel
from app.panels.documents_panel import DocumentsPanel
from app.panels.message_bar import Message
from app.service import Service
from app.settings import (
    COLUMN_WIDTHS,
    DIM_REST,
    GEOMETRY,
    GRID_VISIBLE,
    POLICY,
    READ_AHEAD,
    REDUCED_MOTION,
    THEME,
    Settings,
)
from app.status_line import StatusLine
from app.task import mailbox
from app.theme import Theme
from app.toolbar import Toolbar
from engine.documents.types import PageRef
from engine.errors import ErrorInfo

if TYPE_CHECKING:
    from app.keeping import SessionKeeper

DEFAULT_SIZE = (1360, 880)
DEFAULT_WIDTHS = (190, 820, 350)


class MainWindow(QMainWindow):
    """One per process. `files` are opened after the first paint; without any the last session comes back."""

    painted = Signal()
    """The window has been painted for the first time."""

    def __init__(self, service: Service, settings: Settings, theme: Theme, files: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.settings = settings
        self._theme = theme
        self._files = files
        self._started = False
        self.keeper: SessionKeeper | None = None
        self.service = service
        self.store = DocumentStore(service, self)
        self.book = AnswerBook(self.store, service, self)
        self.reading = BackgroundReading(self.store, service, self)
        self.setWindowTitle("Tessera")
        self.setAcceptDrops(True)
        self._build()
        self.asking = AskController(
            self.book, self.store, settings, AskParts(self.panel, self.documents, self.pane, self.status), self
        )
        self.commands = Commands(self)
        self._connect()
        self._apply_settings()

    # Lay-out.

    def _build(self) -> None:
        self.actions_by_key = Actions(self)
        for action in self.actions_by_key:
            self.addAction(action)
        self._build_menus()
        self.toolbar = Toolbar(self.actions_by_key, self)
        self.addToolBar(self.toolbar)
        self.documents = DocumentsPanel(self.store, self.actions_by_key["open"], self.actions_by_key["close"], self)
        self.pane = PagePane(self.store, self.service, self.actions_by_key, self)
        self.panel = AskPanel(self.book, self.actions_by_key, self)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        for index, widget in enumerate((self.documents, self.pane, self.panel)):
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(index, int(widget is self.pane))
            self._splitter.setCollapsible(index, False)
        self._splitter.setHandleWidth(1)
        self.documents.setMinimumWidth(130)
        self.pane.setMinimumWidth(320)
        self.panel.setMinimumWidth(260)
        self.setCentralWidget(self._splitter)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self._restore_layout()

    def _build_menus(self) -> None:
        for menu in MENUS:
            shown = self.menuBar().addMenu(translated(menu.title))
            for key in menu.keys:
                if key == SEPARATOR:
                    shown.addSeparator()
                else:
                    shown.addAction(self.actions_by_key[key])

    def _restore_layout(self) -> None:
        self.resize(*DEFAULT_SIZE)
        geometry = self.settings.get(GEOMETRY)
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode("ascii", "ignore")))
        stored = self.settings.get(COLUMN_WIDTHS).split(",")
        widths = [int(each) for each in stored if each.isdigit()]
        if len(widths) != len(DEFAULT_WIDTHS):
            widths = list(DEFAULT_WIDTHS)
        self._splitter.setSizes([width or usual for width, usual in zip(widths, DEFAULT_WIDTHS, strict=True)])
        self.documents.setVisible(widths[0] > 0)
        self.panel.setVisible(widths[2] > 0)
        for key, panel in (("documents", self.documents), ("answers", self.panel)):
            self.actions_by_key[key].setChecked(not panel.isHidden())

    def _save_layout(self) -> None:
        self.settings.set(GEOMETRY, self.saveGeometry().toBase64().toStdString())
        columns = zip((self.documents, self.pane, self.panel), self._splitter.sizes(), strict=True)
        self.settings.set(COLUMN_WIDTHS, ",".join(str(0 if each.isHidden() else width) for each, width in columns))

    # What belongs to whom.

    def _connect(self) -> None:
        store, pane, toolbar = self.store, self.pane, self.toolbar
        store.opened.connect(self._on_document_opened)
        store.chosen.connect(pane.show_document)
        store.refused.connect(self._on_document_refused)
        store.password_needed.connect(self._on_password_needed)
        store.page_righted.connect(self._on_page_righted)
        store.words_read.connect(self._show_reading)
        store.closed.connect(self._on_document_closed)
        self.documents.page_chosen.connect(self._on_page_chosen)
        pane.place_changed.connect(self._on_place_changed)
        pane.zoom_changed.connect(toolbar.show_zoom)
        pane.view_made.connect(self._on_view_made)
        toolbar.page_wanted.connect(self._on_page_wanted)
        toolbar.policy_chosen.connect(self._on_policy_chosen)
        self.settings.changed.connect(self._on_setting_changed)
        mailbox().failed.connect(self.show_error)

    def _apply_settings(self) -> None:
        policy = self.settings.get(POLICY)
        self.toolbar.show_policy(policy)
        self.pane.set_policy(policy)
        self.reading.set_enabled(self.settings.get(READ_AHEAD))
        self.actions_by_key["grid"].setChecked(self.settings.get(GRID_VISIBLE))
        self.actions_by_key["dim"].setChecked(self.settings.get(DIM_REST))
        self.commands.refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._started:
            self._started = True
            # After the events of showing, painting among them, have been handled.
            QTimer.singleShot(0, self, self._on_shown)

    def _on_shown(self) -> None:
        QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        """Everything that waits for the first paint: the last session, the files, the worker processes."""
        from app.keeping import SessionKeeper

        self.painted.emit()
        for path in self._files:
            self.store.open(path)
        self.keeper = SessionKeeper(self.store, self.book, self.pane, self.settings, self)
        self.keeper.start(self.panel.question, self.asking.private_questions, open_documents=not self._files)
        self.panel.question.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self._save_layout()
        self.commands.close_dialogs()
        if self.keeper is not None:
            self.keeper.finish()
        self.reading.set_enabled(False)
        self.book.cancel()
        self.store.cancel_opening()
        self.pane.close_tiles()
        self.service.close()
        event.accept()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_by_key["full-screen"].setChecked(self.isFullScreen())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.store.open(url.toLocalFile())
        event.acceptProposedAction()

    # Messages.

    def show_error(self, error: ErrorInfo) -> None:
        """One line that says what happened and what to do."""
        self.pane.messages.show_message(Message(f"error:{error.code}", str(error), serious=True))

    def show_notice(self, text: str, *, serious: bool = False) -> None:
        """Something the user should know that no question and no document carries."""
        self.pane.messages.show_message(Message(f"notice:{text}", text, serious))

    # What the others say.

    def _on_document_opened(self, path: str) -> None:
        info = self.store.document(path)
        if info is None:
            return
        for number, notice in enumerate(info.notices):
            self.pane.messages.show_message(Message(f"document:{path}:{number}", f"{info.name}: {notice}"))
        if not self.pane.path or self.keeper is None or not self.keeper.is_behind(path):
            self.pane.show_document(path)
        self.commands.refresh()

    def _on_document_closed(self, path: str) -> None:
        self.pane.messages.remove(f"righted:{path}")
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

    def _on_page_chosen(self, path: str, page: int) -> None:
        self.pane.go_to(path, page)

    def _on_page_wanted(self, page: int) -> None:
        if self.pane.path:
            self.pane.go_to(self.pane.path, page)

    def _on_place_changed(self, path: str, page: int) -> None:
        info = self.store.document(path)
        self.setWindowTitle(self.tr("{name} – Tessera").format(name=info.name) if info is not None else "Tessera")
        self.toolbar.show_page(page, len(info.pages) if info is not None else 0)
        if self.pane.view is not None:
            self.toolbar.show_zoom(self.pane.view.zoom)
        self.status.show_page(self.store.page(path, page))
        self.documents.show_place(path, page)
        self.reading.come_near(path, page)
        self._show_reading()
        self.commands.refresh()

    def _on_view_made(self) -> None:
        view = self.pane.view
        if view is None or self.pane.thumbnails is None:
            return
        self.documents.set_thumbnails(self.pane.thumbnails)
        view.set_grid_visible(self.settings.get(GRID_VISIBLE))
        view.set_dim(self.settings.get(DIM_REST))
        view.set_reduced_motion(self.settings.get(REDUCED_MOTION))
        view.zoom_changed.connect(self.commands.refresh)

    def _on_policy_chosen(self, policy_id: str) -> None:
        self.settings.set(POLICY, policy_id)

    def _on_setting_changed(self, key: str) -> None:
        settings, view = self.settings, self.pane.view
        if key == THEME.key:
            self._theme.choose(settings.get(THEME))
        elif key == POLICY.key:
            self.toolbar.show_policy(settings.get(POLICY))
            self.pane.set_policy(settings.get(POLICY))
        elif key == READ_AHEAD.key:
            self.reading.set_enabled(settings.get(READ_AHEAD))
        elif view is not None:
            view.set_grid_visible(settings.get(GRID_VISIBLE))
            view.set_dim(settings.get(DIM_REST))
            view.set_reduced_motion(settings.get(REDUCED_MOTION))

    def _show_reading(self) -> None:
        self.status.show_reading(self.pane.document, self.store.read_count(self.pane.path))
