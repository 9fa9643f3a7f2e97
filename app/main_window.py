"""The main window as it is first painted: menus, toolbar, empty panels. The rest follows in `app.workbench`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter

from app.actions import MENUS, SEPARATOR, Actions, translated
from app.page_frame import PageFrame
from app.panels.ask_panel import AskPanel
from app.panels.documents_panel import DocumentsPanel
from app.panels.message_bar import Message
from app.service import Service
from app.settings import COLUMN_WIDTHS, GEOMETRY, Settings
from app.status_line import StatusLine
from app.theme import Theme
from app.toolbar import Toolbar

if TYPE_CHECKING:
    from app.workbench import Workbench
    from engine.service.requests import Notice

DEFAULT_SIZE = (1360, 880)
DEFAULT_WIDTHS = (190, 820, 350)


class MainWindow(QMainWindow):
    """One per process. `files` are opened after the first paint; without any the last session comes back.

    `bench`, where documents, answers and controllers are, is there from `begun` on.
    """

    painted = Signal()
    """The window has been painted for the first time."""
    begun = Signal()
    """Everything behind the window is there."""
    bench: Workbench

    def __init__(self, service: Service, settings: Settings, theme: Theme, files: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.service = service
        self.settings = settings
        self.theme = theme
        self._files = files
        self._painted = False
        self._begun = False
        self.setWindowTitle("Tessera")
        self.setAcceptDrops(True)
        self._build()

    def show_notice(self, text: str, *, serious: bool = False) -> None:
        """Something the user should know that no question and no document carries."""
        self.frame.messages.show_message(Message(f"notice:{text}", text, serious))

    def show_service_notice(self, notice: Notice) -> None:
        """What the supervisor has to say: a worker died and was started again."""
        self.show_notice(notice.text, serious=notice.serious)

    def _build(self) -> None:
        self.actions_by_key = Actions(self)
        for action in self.actions_by_key:
            self.addAction(action)
        for menu in MENUS:
            shown = self.menuBar().addMenu(translated(menu.title))
            for key in menu.keys:
                if key == SEPARATOR:
                    shown.addSeparator()
                else:
                    shown.addAction(self.actions_by_key[key])
        self.toolbar = Toolbar(self.actions_by_key, self)
        self.addToolBar(self.toolbar)
        self.documents = DocumentsPanel(self.actions_by_key["open"], self.actions_by_key["close"], self)
        self.frame = PageFrame(self)
        self.panel = AskPanel(self.actions_by_key, self)
        self.status = StatusLine(self)
        self.setStatusBar(self.status)
        self._build_columns()

    def _build_columns(self) -> None:
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setHandleWidth(1)
        for index, (widget, narrowest_px) in enumerate(((self.documents, 130), (self.frame, 320), (self.panel, 260))):
            widget.setMinimumWidth(narrowest_px)
            self._splitter.addWidget(widget)
            self._splitter.setStretchFactor(index, int(widget is self.frame))
            self._splitter.setCollapsible(index, False)
        self.setCentralWidget(self._splitter)
        self._restore_layout()

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
        columns = zip((self.documents, self.frame, self.panel), self._splitter.sizes(), strict=True)
        self.settings.set(COLUMN_WIDTHS, ",".join(str(0 if each.isHidden() else width) for each, width in columns))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # The panels are painted in the same pass; the event loop is reached after them.
            QTimer.singleShot(0, self, self._begin)

    def _begin(self) -> None:
        """Make everything that the first paint could do without."""
        self.painted.emit()
        from app.task import Task, in_thread

        # Outside the GUI thread, which importing the supervisor and starting processes would hold up.
        Task(self, in_thread(self.service.warm_up)).on_result(self._on_service_warm).start()
        from app.workbench import Workbench

        self.bench = Workbench(self)
        self._begun = True
        self.panel.question.setFocus()
        self.begun.emit()

    def _on_service_warm(self, result: object) -> None:
        del result
        self.bench.start(self._files)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self._save_layout()
        self.hide()
        if self._begun:
            self.bench.close()
        self.service.close()
        event.accept()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_by_key["full-screen"].setChecked(self.isFullScreen())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if self._begun and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.bench.store.open(url.toLocalFile())
        event.acceptProposedAction()
