"""What each command does: connects the actions to the parts of the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDateTime, QMimeData, QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget
from shiboken6 import isValid

from app.page_view.layout import ZoomMode
from app.settings import DIM_REST, GRID_VISIBLE, POLICY, PRECISION, VECTOR_DPI
from app.task import Task, in_thread
from engine.errors import OutputError

if TYPE_CHECKING:
    from app.batch.window import BatchWindow
    from app.lab.window import LabWindow
    from app.main_window import MainWindow
    from app.workbench import Workbench

PASTED_FOLDER = "pasted"


class Commands(QObject):
    """One method per command; `refresh` says which make sense now."""

    def __init__(self, window: MainWindow, bench: Workbench) -> None:
        super().__init__(bench)
        self._window = window
        self._bench = bench
        self._dialogs: dict[str, QWidget] = {}
        self._batch: BatchWindow | None = None
        self._lab: LabWindow | None = None
        self._connect_files()
        self._connect_view()
        self._connect_answers()

    def refresh(self) -> None:
        """Enable what makes sense, check what is on."""
        actions, pane = self._window.actions_by_key, self._bench.pane
        open_now = bool(pane.path)
        for key in _NEED_DOCUMENT:
            actions[key].setEnabled(open_now)
        has_answers = bool(self._bench.book.records)
        for key in ("export", "clear-answers", "next-answer", "previous-answer", "copy-answer", "ask-model"):
            actions[key].setEnabled(has_answers)
        mode = pane.view.zoom_mode.value if open_now else ""
        for key, name in (("fit-width", "fit-width"), ("fit-page", "fit-page"), ("native", "native")):
            actions[key].setChecked(mode == name)
        info = pane.document
        actions["back"].setEnabled(open_now and pane.places.can_go_back)
        actions["forward"].setEnabled(open_now and pane.places.can_go_forward)
        actions["previous-page"].setEnabled(open_now and pane.page > 0)
        actions["next-page"].setEnabled(info is not None and pane.page < len(info.pages) - 1)

    def close_dialogs(self) -> None:
        """The window closes: a run stops in good order, dialogs go."""
        if self._batch is not None:
            self._batch.runner.close()
            self._batch.close()
        if self._lab is not None:
            self._lab.close_pixels()
            self._lab.close()
        for dialog in self._dialogs.values():
            if isValid(dialog):
                dialog.close()

    def _connect_files(self) -> None:
        for key, slot in (
            ("open", self._open),
            ("paste", self._paste),
            ("close", self._close_document),
            ("batch", self._show_batch),
            ("export", self._export),
            ("clear-cache", self._clear_cache),
            ("settings", self._show_settings),
            ("quit", self._window.close),
            ("shortcuts", self._show_shortcuts),
            ("about", self._show_about),
        ):
            self._window.actions_by_key[key].triggered.connect(slot)

    def _connect_view(self) -> None:
        window = self._window
        pane = self._bench.pane
        for key, slot in (
            ("find", pane.search.begin),
            ("find-next", lambda: pane.search.step(1)),
            ("find-previous", lambda: pane.search.step(-1)),
            ("zoom-in", lambda: self._zoom_by(1)),
            ("zoom-out", lambda: self._zoom_by(-1)),
            ("fit-page", lambda: self._fit("fit-page")),
            ("fit-width", lambda: self._fit("fit-width")),
            ("native", lambda: self._fit("native")),
            ("rotate-right", lambda: self._rotate(90)),
            ("rotate-left", lambda: self._rotate(-90)),
            ("invert", self._invert),
            ("grid", self._toggle_grid),
            ("dim", self._toggle_dim),
            ("lab", self._show_lab),
            ("documents", lambda: self._toggle_panel("documents", window.documents)),
            ("answers", lambda: self._toggle_panel("answers", window.panel)),
            ("full-screen", self._toggle_full_screen),
            ("previous-page", lambda: pane.turn_page(-1)),
            ("next-page", lambda: pane.turn_page(1)),
            ("first-page", lambda: pane.go_to(pane.path, 0)),
            ("last-page", self._go_to_last_page),
            ("go-to-page", self._type_page),
            ("back", pane.back),
            ("forward", pane.forward),
        ):
            window.actions_by_key[key].triggered.connect(slot)

    def _connect_answers(self) -> None:
        window = self._window
        for key, slot in (
            ("question", self._write_question),
            ("ask", lambda: self._bench.asking.ask()),
            ("next-answer", lambda: self._bench.asking.step(1)),
            ("previous-answer", lambda: self._bench.asking.step(-1)),
            ("copy-answer", lambda: self._bench.asking.copy()),
            ("clear-answers", self._clear_answers),
            ("cancel", self._cancel),
        ):
            window.actions_by_key[key].triggered.connect(slot)
        self._bench.book.added.connect(self.refresh)
        self._bench.book.removed.connect(self.refresh)

    # Files.

    def _open(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Open documents"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [self.tr("Documents (*.pdf *.png *.jpg *.jpeg *.tif *.tiff *.webp *.bmp *.gif)"), self.tr("All files (*)")]
        )
        dialog.filesSelected.connect(self._on_files_chosen)
        self._show_dialog("open", dialog)

    def _on_files_chosen(self, paths: list[str]) -> None:
        for path in paths:
            self._bench.store.open(path)

    def _paste(self) -> None:
        # The stubs say otherwise, but an empty clipboard has no data.
        data: QMimeData | None = QGuiApplication.clipboard().mimeData()
        urls = [url for url in data.urls() if url.isLocalFile()] if data is not None else []
        if urls:
            for url in urls:
                self._bench.store.open(url.toLocalFile())
            return
        image = QGuiApplication.clipboard().image()
        if image.isNull():
            self._window.show_notice(self.tr("There is no picture in the clipboard. Take a screenshot first."))
            return
        task = Task(self, in_thread(lambda: keep_screenshot(image)))
        task.on_result(lambda path: self._bench.store.open(str(path))).start()

    def _close_document(self) -> None:
        for path in self._window.documents.selected_paths() or (self._bench.pane.path,):
            self._bench.store.close(path)

    def _show_batch(self) -> None:
        if self._batch is None:
            self._batch = self._make_batch()
        self._batch.show()
        self._batch.raise_()
        self._batch.activateWindow()

    def _make_batch(self) -> BatchWindow:
        from app.batch.evidence import EvidenceOpener
        from app.batch.runner import window_asker
        from app.batch.setup import BatchSetup
        from app.batch.window import BatchWindow

        window = self._window
        shelf = self._bench.shelf
        defaults = BatchSetup(
            policy=window.settings.get(POLICY), dpi=window.settings.get(VECTOR_DPI), reader=shelf.choice()
        )
        batch = BatchWindow(window_asker(window.service, self._bench.store), defaults, self._open_paths, window)
        batch.form.offer_readers(shelf)
        opener = EvidenceOpener(self._bench.store, window.service, self._bench.asking, batch)
        batch.evidence_wanted.connect(opener.show_row)
        batch.evidence_wanted.connect(window.activateWindow)
        return batch

    def _show_lab(self) -> None:
        pane = self._bench.pane
        if self._lab is None:
            from app.lab.window import LabWindow

            self._lab = LabWindow(self._bench.store, self._window.service, self._window.settings, self._window)
            pane.place_changed.connect(self._lab.show_page)
        self._lab.show_page(pane.path, pane.page)
        self._lab.show()
        self._lab.activateWindow()

    def _open_paths(self) -> tuple[str, ...]:
        return tuple(info.id.path for info in self._bench.store.documents)

    def _export(self) -> None:
        dialog = QFileDialog(self._window, self.tr("Export answers"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("CSV (*.csv)"))
        dialog.setDefaultSuffix("csv")
        dialog.selectFile("answers.csv")
        dialog.fileSelected.connect(self.export_to)
        self._show_dialog("export", dialog)

    def export_to(self, path: str) -> None:
        """Write the answer cards to a CSV, in the order in which they were asked."""
        from app.exporting import write_answers

        records = self._bench.book.records
        task = Task(self, in_thread(lambda: write_answers(Path(path), records)))
        task.on_result(
            lambda count: self._window.show_notice(
                self.tr("{count} answers were written to {path}.").format(count=count, path=path)
            )
        ).start()

    def _clear_cache(self) -> None:
        from engine.service.upkeep import clear_cache

        task = Task(self, in_thread(clear_cache))
        task.on_result(lambda _size: self._window.show_notice(self.tr("The cache is empty."))).start()

    def _show_settings(self) -> None:
        from app.settings_dialog import SettingsDialog

        self._show_dialog("settings", SettingsDialog(self._window.settings, self._window, self._notes()))

    def _notes(self) -> dict[str, str]:
        advice = self._bench.shelf.machine.advice
        return {PRECISION.key: self.tr("Here: {advice}.").format(advice=advice)} if advice else {}

    def _show_shortcuts(self) -> None:
        from app.help import ShortcutSheet

        self._show_dialog("shortcuts", ShortcutSheet(self._window.actions_by_key, self._window))

    def _show_about(self) -> None:
        from app.help import AboutDialog

        self._show_dialog("about", AboutDialog(self._window))

    def _show_dialog(self, key: str, dialog: QWidget) -> None:
        """Show a dialog without stopping the window; an older one of its kind goes."""
        old = self._dialogs.pop(key, None)
        if old is not None and isValid(old):
            old.close()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialogs[key] = dialog
        dialog.show()
        dialog.activateWindow()

    # View.

    def _zoom_by(self, steps: int) -> None:
        self._bench.pane.view.zoom_by_steps(steps)

    def _fit(self, name: str) -> None:
        self._bench.pane.view.set_zoom_mode(ZoomMode(name))
        self.refresh()

    def _rotate(self, degrees: int) -> None:
        self._bench.pane.view.rotate(degrees)

    def _invert(self, on: bool) -> None:
        self._bench.pane.view.set_inverted(on)

    def _toggle_grid(self, on: bool) -> None:
        self._window.settings.set(GRID_VISIBLE, on)

    def _toggle_dim(self, on: bool) -> None:
        self._window.settings.set(DIM_REST, on)

    def _toggle_panel(self, key: str, panel: QWidget) -> None:
        panel.setVisible(self._window.actions_by_key[key].isChecked())

    def _toggle_full_screen(self, on: bool) -> None:
        if on:
            self._window.showFullScreen()
        else:
            self._window.showNormal()

    def _go_to_last_page(self) -> None:
        info = self._bench.pane.document
        if info is not None:
            self._bench.pane.go_to(info.id.path, len(info.pages) - 1)

    def _type_page(self) -> None:
        self._window.toolbar.page_box.setFocus()
        self._window.toolbar.page_box.selectAll()

    # Answers.

    def _write_question(self) -> None:
        self._window.panel.show()
        self._window.actions_by_key["answers"].setChecked(True)
        self._window.panel.question.setFocus()

    def _clear_answers(self) -> None:
        for record in self._bench.book.records:
            self._bench.book.remove(record.number)

    def _cancel(self) -> None:
        """Esc: what is under way first, then the search, then the evidence, then the messages."""
        window = self._window
        if self._bench.book.busy:
            self._bench.book.cancel()
        elif self._bench.store.opening:
            self._bench.store.cancel_opening()
        elif self._bench.pane.search.isVisible():
            self._bench.pane.search.hide()
        elif self._bench.asking.shown is not None:
            self._bench.asking.put_away()
        elif self._bench.pane.messages.texts:
            self._bench.pane.messages.clear()
        elif window.isFullScreen():
            window.showNormal()


_NEED_DOCUMENT = (
    *("close", "find", "find-next", "find-previous", "zoom-in", "zoom-out", "fit-page", "fit-width", "native"),
    *("lab", "rotate-right", "rotate-left", "invert", "first-page", "last-page", "go-to-page"),
)


def keep_screenshot(image: QImage) -> Path:
    """Save a pasted picture where it survives a restart; its path. Raises OutputError. Runs outside the GUI thread."""
    from engine.paths import make_private, state_dir

    folder = make_private(state_dir() / PASTED_FOLDER)
    stem = QDateTime.currentDateTime().toString("yyyy-MM-dd HH.mm.ss")
    path = folder / f"screenshot {stem}.png"
    number = 2
    while path.exists():
        path = folder / f"screenshot {stem} ({number}).png"
        number += 1
    if not image.save(str(path)):
        raise OutputError(f"The screenshot cannot be saved in {folder}.")
    path.chmod(0o600)
    return path
