"""The slicing lab's window: all policies on the page that the main window shows, two of them compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSplitter, QTabWidget, QVBoxLayout, QWidget

from app.documents import DocumentStore
from app.lab.compare_panel import ComparePanel
from app.lab.exporting import write_figures, write_picture
from app.lab.facts import LabPage, figures_on, lab_page
from app.lab.feeding import WordFeed, word_feeds
from app.lab.pane import side_by_side
from app.lab.picker import PolicyPicker
from app.lab.pixels import PageImage, PagePixels
from app.lab.speed import LabSpeed
from app.lab.table_panel import TablePanel
from app.lab.views_panel import ViewsPanel
from app.lab.words_text import pair_line, tr
from app.service import Service
from app.settings import POLICY, Settings
from app.task import Task, in_thread
from app.wording import percent
from engine.documents.types import PageRef, PageWords, Word
from engine.errors import ErrorInfo, TesseraError
from engine.geometry import PagePoint
from engine.readers.types import PageRead
from engine.slicing.figures import Figures
from engine.slicing.policies import DEFAULT_POLICY, parse_policy

DEFAULT_SIZE = (1360, 920)
SECONDS = ("llava-next", "llava-uhd-v1")
"""What the policy of the main window is compared with at first: the first of them that it is not."""


class LabWindow(QWidget):
    """Follows the main window from page to page while it is seen."""

    def __init__(
        self, store: DocumentStore, service: Service, settings: Settings, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(tr("Slicing lab – Tessera"))
        self.resize(*DEFAULT_SIZE)
        self._store = store
        self._service = service
        self._place = ("", 0)
        self._lab: LabPage | None = None
        self._image: PageImage | None = None
        self._rows: tuple[Figures, ...] = ()
        self._word: Word | None = None
        self._settings = settings
        self._current = policy_of(settings)
        own = parse_policy(self._current).policy.id
        self._chosen = [self._current, next(each for each in SECONDS if each != own)]
        self._tasks: dict[str, Task] = {}
        self._pixels = PagePixels(service, self)
        self.speed = LabSpeed(service, self)
        self._build()
        self._connect()
        self._show_policies()

    @property
    def pair(self) -> tuple[Figures | None, Figures | None]:
        """The figures of both policies; None while they are not computed."""
        a, b = (next((row for row in self._rows if row.chosen.id == policy), None) for policy in self._chosen)
        return a, b

    @property
    def image(self) -> PageImage | None:
        """The page's pixels, once they are there."""
        return self._image

    def show_page(self, path: str, index: int) -> None:
        """The page to be about from now on."""
        self._place = (path, index)
        if self.isVisible():
            self._follow()

    def compare(self, side: int, policy: str) -> None:
        """Show a policy as A (0) or B (1)."""
        self._chosen[side] = parse_policy(policy).id
        self._show_policies()
        if any(row is None for row in self.pair):
            self._compute()
        else:
            self._show_pair()

    def export_table(self, path: str) -> None:
        """Write all figures of all policies to a CSV."""
        lab = self._lab
        if lab is not None and self._rows:
            rows = self.table.model.rows
            self._export("table", path, lambda: write_figures(Path(path), lab.page, rows))

    def export_pictures(self, path: str) -> None:
        """Write both pictures, one beside the other, to a PNG."""
        a, b = self.pair
        image, font = self._image, self.font()
        if image is not None and a is not None and b is not None:
            self._export("pictures", path, lambda: write_picture(Path(path), side_by_side(image, (a, b), font)))

    def close_pixels(self) -> None:
        """The main window closes: nothing is fetched any more."""
        self._pixels.close()
        self.speed.close()
        for task in self._tasks.values():
            task.cancel()

    # Lay-out.

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.setSpacing(24)
        self.pickers = [PolicyPicker(side, self) for side in "AB"]
        for picker in self.pickers:
            head.addWidget(picker, 1)
        column.addLayout(head)
        self.compare_panel = ComparePanel(self)
        self.views = ViewsPanel(self)
        self.table = TablePanel(self)
        self.tabs = QTabWidget(self)
        self.tabs.addTab(self.compare_panel, tr("Page"))
        self.tabs.addTab(self.views, tr("What the model saw"))
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.addWidget(self.tabs)
        splitter.addWidget(self.table)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([540, 280])
        splitter.setChildrenCollapsible(False)
        column.addWidget(splitter, 1)

    def _connect(self) -> None:
        for side, picker in enumerate(self.pickers):
            picker.chosen.connect(lambda policy, side=side: self.compare(side, policy))
        self.table.shown_as.connect(self.compare)
        self.table.wanted.connect(lambda policy: self._settings.set(POLICY, policy))
        self._settings.changed.connect(self._on_setting_changed)
        self.table.export_wanted.connect(self._ask_table_file)
        self.table.words_wanted.connect(self._read_words)
        self.table.measure_wanted.connect(self.speed.measure_or_stop)
        self.speed.changed.connect(self._on_speed_changed)
        self.speed.measuring.connect(self.table.show_measuring)
        self.speed.said.connect(self.table.say)
        panel = self.compare_panel
        panel.export_wanted.connect(self._ask_picture_file)
        panel.retry_wanted.connect(self._fetch)
        panel.view.point_clicked.connect(self._on_point_clicked)
        panel.view.word_stepped.connect(self._on_word_stepped)
        self._pixels.ready.connect(self._on_pixels_ready)
        self._pixels.failed.connect(self._on_pixels_failed)
        self._store.words_read.connect(self._on_words_read)
        self._store.page_turned.connect(self._on_page_turned)
        self._store.closed.connect(self._on_document_closed)

    # The page.

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        if event.spontaneous():
            # Minimized by the system: it will be back.
            return
        # A hidden lab holds no pixels; they may be hundreds of megabytes.
        self._lab = None
        self._show_pixels(None, "")
        self._pixels.fetch(None)

    def _follow(self) -> None:
        """Show the page that the main window shows, if it is another one or has been read since."""
        before, self._lab = self._lab, lab_page(self._store, *self._place)
        if self._lab == before:
            return
        page = self._lab.page if self._lab is not None else None
        if before is None or page != before.page:
            self._word = None
            self._forget_figures()
            self.compare_panel.word.clear()
            self._fetch()
        self._compute()

    def _fetch(self) -> None:
        page = self._lab.page if self._lab is not None else None
        self.compare_panel.retry_button.hide()
        notice = tr("Rendering the page …") if page is not None else tr("Open a document to see its slices.")
        self._show_pixels(None, notice)
        self._pixels.fetch(page)

    def _show_pixels(self, image: PageImage | None, notice: str) -> None:
        self._image = image
        reduced = image is not None and image.scale < 1.0
        text = tr("The page is too large: pixels are reduced to {share}.")
        self.compare_panel.note.setText(
            text.format(share=percent(image.scale)) if image is not None and reduced else ""
        )
        self.compare_panel.export_button.setEnabled(image is not None)
        self.compare_panel.view.show_image(image, notice)
        self.views.show_image(image)

    def _on_pixels_ready(self, image: PageImage) -> None:
        self._show_pixels(image, "")

    def _on_pixels_failed(self, error: ErrorInfo) -> None:
        self._show_pixels(None, str(error))
        self.compare_panel.retry_button.show()

    def _on_words_read(self, words: PageWords) -> None:
        if self.isVisible() and (words.page.document.path, words.page.index) == self._place:
            self._follow()

    def _on_page_turned(self, page: PageRef) -> None:
        if self.isVisible() and (page.document.path, page.index) == self._place:
            self._follow()

    def _on_document_closed(self, path: str) -> None:
        if self.isVisible() and path == self._place[0]:
            self._follow()

    # Figures.

    def _compute(self) -> None:
        lab = self._lab
        self.table.read_button.setVisible(lab is not None and lab.words is None)
        if lab is None:
            self._take_rows(())
            self.table.say("")
            return
        chosen, speed = (*self._chosen, self._current), self.speed.measured
        self._run("figures", Task(self, in_thread(lambda: figures_on(lab, chosen, speed))).on_result(self._take_rows))
        number = lab.page.index + 1
        size = f"{lab.page.native.width} × {lab.page.native.height} px"
        text = (
            tr("Page {number} · {size}") if lab.words is not None else tr("Page {number} · {size} · words not read yet")
        )
        self.table.say(text.format(number=number, size=size))

    def _on_speed_changed(self) -> None:
        self.table.model.set_sources(self.speed.sources())
        if self._lab is not None:
            self._compute()

    def _forget_figures(self) -> None:
        """No slices of one page on another, not even for a moment; the table stays until its figures are there."""
        self._rows = ()
        self._show_pair()
        self.table.export_button.setEnabled(False)

    def _take_rows(self, rows: object) -> None:
        assert isinstance(rows, tuple)
        self._rows = rows
        self.table.set_rows(rows)
        if self.table.selected is None:
            self.table.select(self._chosen[0])
        self._show_pair()

    def _on_setting_changed(self, key: str) -> None:
        if key == POLICY.key:
            self._current = policy_of(self._settings)
            self._show_policies()
            self._compute()

    def _show_policies(self) -> None:
        for picker, policy in zip(self.pickers, self._chosen, strict=True):
            picker.show_policy(policy)
        a, b = self._chosen
        self.table.model.set_chosen((a, b), self._current)

    def _show_pair(self) -> None:
        pair = self.pair
        for picker, row in zip(self.pickers, pair, strict=True):
            picker.show_figures(row)
        self.compare_panel.view.show_pair(*pair)
        self.views.show_pair(*pair)
        said = (f"{name}: {row.chosen.id}, {pair_line(row)}" for name, row in zip("AB", pair, strict=True) if row)
        self.compare_panel.view.setAccessibleDescription(". ".join(said))
        if self._word is not None:
            self._show_word(self._word)

    # Words.

    def _read_words(self) -> None:
        """Read the page now; in the background its turn may come late, or never where that is switched off."""
        lab = self._lab
        if lab is None:
            return
        page, service = lab.page, self._service
        self.table.say(tr("Reading the words of page {number} …").format(number=page.index + 1))
        task = Task(self, lambda listener: service.read(page, listener=listener), ends_with=PageRead)
        self._run("words", task.on_result(self._on_page_read).on_error(lambda error: self.table.say(str(error))))

    def _on_page_read(self, event: object) -> None:
        assert isinstance(event, PageRead)
        self._store.take_words(event.words)

    def _on_point_clicked(self, point: PagePoint) -> None:
        word = self._lab.word_at(point) if self._lab is not None else None
        if word is not None:
            self._show_word(word)

    def _on_word_stepped(self, step: int) -> None:
        words = self._lab.words if self._lab is not None else None
        if not words:
            return
        at = words.index(self._word) + step if self._word in words else 0
        word = words[at % len(words)]
        self._show_word(word)
        self.compare_panel.view.reveal(word.box)

    def _show_word(self, word: Word) -> None:
        image, pair = self._image, self.pair
        if image is None:
            return
        self._word = word
        self.compare_panel.view.outline((word.box,))
        box = image.page.to_px(word.box)

        def feeds() -> tuple[tuple[WordFeed, ...], ...]:
            plans = [row.plan if row is not None else None for row in pair]
            return tuple(word_feeds(image, plan, box) if plan is not None else () for plan in plans)

        def show(found: object) -> None:
            assert isinstance(found, tuple)
            self.compare_panel.word.show_word(word.text, pair, found)

        self._run("word", Task(self, in_thread(feeds)).on_result(show))

    # Files.

    def _ask_table_file(self) -> None:
        self._ask_file(tr("Export table"), tr("CSV (*.csv)"), "policies.csv").fileSelected.connect(self.export_table)

    def _ask_picture_file(self) -> None:
        dialog = self._ask_file(tr("Export pictures"), tr("PNG (*.png)"), "policies.png")
        dialog.fileSelected.connect(self.export_pictures)

    def _ask_file(self, title: str, name_filter: str, name: str) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(name_filter)
        dialog.setDefaultSuffix(name.rpartition(".")[2])
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return dialog

    def _export(self, key: str, path: str, write: Callable[[], Path]) -> None:
        task = Task(self, in_thread(write))
        task.on_result(lambda _path: self.table.say(tr("Written to {path}").format(path=path)))
        self._run(key, task.on_error(lambda error: self.table.say(str(error))))

    def _run(self, key: str, task: Task) -> None:
        """Start a task in the place of an earlier one of its kind."""
        old = self._tasks.get(key)
        if old is not None:
            old.cancel()
        self._tasks[key] = task.start()


def policy_of(settings: Settings) -> str:
    """The main window's policy; settings of another version of Tessera may name one that is not known here."""
    try:
        return parse_policy(settings.get(POLICY)).id
    except TesseraError:
        return DEFAULT_POLICY
