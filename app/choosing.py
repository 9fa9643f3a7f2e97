"""Choosing who answers: joins the list of readers, its commands, the dialog of models, and what answers tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QActionGroup, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget
from shiboken6 import isValid

from app import wording
from app.actions import COMMANDS, translated
from app.answers import AnswerBook, AnswerRecord, Stage
from app.downloads import ModelDownloads
from app.machine import option_in, option_text
from app.model_words import device_text, title_of
from app.panels.message_bar import Message
from app.readers import ReaderShelf
from app.settings import CUDA_HINT_SEEN, PRECISION, READER
from app.task import Task, in_thread
from engine.errors import ErrorInfo
from engine.models.installed import import_folder, remove
from engine.models.types import ModelFolder
from engine.readers.names import is_cascade
from engine.readers.types import EMBEDDED, Answer

if TYPE_CHECKING:
    from app.asking import AskController
    from app.main_window import MainWindow
    from app.model_dialog import ModelDialog

PRECISION_KEYS = ("auto", "int8", "int4", "fp32", "bf16", "nf4")


class ReaderController(QObject):
    """One for the window. `asking` puts questions to another reader."""

    def __init__(
        self, window: MainWindow, shelf: ReaderShelf, book: AnswerBook, asking: AskController, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._shelf = shelf
        self._book = book
        self._asking = asking
        self.downloads = ModelDownloads(window.service, self)
        self._ways: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._dialogs: list[QWidget] = []
        self._dialog: ModelDialog | None = None
        self._precisions = QActionGroup(self)
        self._connect()
        self._show()

    def close(self) -> None:
        """The window closes: a download stops, what was fetched is kept."""
        self.downloads.cancel()
        for dialog in self._dialogs:
            if isValid(dialog):
                dialog.close()

    def show_models(self, name: str = "") -> None:
        """The dialog of models, at one of them if it is named."""
        from app.model_dialog import ModelDialog

        if self._dialog is None or not isValid(self._dialog):
            self._dialog = ModelDialog(self._shelf, self.downloads, self._window)
            self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self._dialog.use_wanted.connect(self._shelf.choose)
            self._dialog.remove_wanted.connect(self._remove)
            self._dialog.folder_wanted.connect(self.open_folder)
            self._dialogs.append(self._dialog)
            self._shelf.refresh()
        if name:
            self._dialog.show_model(name)
        self._dialog.show()
        self._dialog.activateWindow()

    def open_folder(self) -> None:
        """Ask for the folder of a model."""
        dialog = QFileDialog(self._window, self.tr("Open model folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.import_from)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialogs.append(dialog)
        dialog.show()

    def import_from(self, path: str) -> None:
        """Check a model folder and choose it; one that cannot be used is explained and changes nothing."""
        task = Task(self, in_thread(lambda: import_folder(Path(path))))
        task.on_result(self._on_folder_imported).on_error(self._on_folder_refused).start()

    def ask_model(self, number: int) -> None:
        """Put the question of an answer to a model; without one, show which there are."""
        model = self._shelf.model_to_ask
        if model is None:
            self.show_models()
        else:
            self._asking.ask_other(number, self._shelf.choice_of(model))

    def _connect(self) -> None:
        window = self._window
        actions = window.actions_by_key
        window.toolbar.reader_chosen.connect(self._shelf.choose)
        window.panel.model_wanted.connect(self.ask_model)
        self._shelf.changed.connect(self._show)
        self._shelf.lost.connect(self._on_reader_lost)
        self._shelf.refused.connect(self._on_model_refused)
        self._book.finished.connect(self._on_record_finished)
        self.downloads.changed.connect(self._show_download)
        self.downloads.finished.connect(self._on_model_installed)
        self.downloads.failed.connect(self._on_download_failed)
        actions["choose-reader"].triggered.connect(window.toolbar.reader_box.showPopup)
        actions["open-model"].triggered.connect(self.open_folder)
        actions["get-model"].triggered.connect(lambda: self.show_models())
        actions["ask-model"].triggered.connect(self._on_ask_model)
        for key in PRECISION_KEYS:
            action = actions[f"precision-{key}"]
            self._precisions.addAction(action)
            action.triggered.connect(lambda _on=True, value=key: window.settings.set(PRECISION, value))

    # What is shown.

    def _show(self) -> None:
        shelf, window = self._shelf, self._window
        window.toolbar.reader_box.show_options(shelf.options(), shelf.chosen)
        actions = window.actions_by_key
        actions[f"precision-{window.settings.get(PRECISION)}"].setChecked(True)
        self._show_precisions()
        self._show_device()
        offer = self.tr("Ask the model") if shelf.model_to_ask is not None else self.tr("Get a model …")
        window.panel.answers.set_offer(offer)
        if shelf.machine.cuda_hint and not window.settings.get(CUDA_HINT_SEEN):
            window.settings.set(CUDA_HINT_SEEN, True)
            command = shelf.machine.cuda_command
            text = self.tr("{hint} This installs one that uses it: {command}").format(
                hint=shelf.machine.cuda_hint, command=command
            )
            copy = (self.tr("Copy the command"), lambda: QGuiApplication.clipboard().setText(command))
            window.frame.messages.show_message(Message("cuda", text, action=copy))

    def _show_precisions(self) -> None:
        """Beside each precision, what the chosen model needs in it here."""
        machine, advice = self._shelf.machine, self._shelf.advice(self._shelf.model_behind)
        for key, command in ((each.key, each) for each in COMMANDS if each.key.startswith("precision-")):
            action = self._window.actions_by_key[key]
            option = option_in(advice, key.removeprefix("precision-")) if advice is not None else None
            note = option_text(advice, option) if advice is not None and option is not None else ""
            text = translated(command.text)
            action.setText(f"{text} · {note}" if note and option is not None and not option.lacking else text)
            action.setEnabled(option is None or not option.lacking)
            tip = note or translated(command.tip)
            if key == "precision-auto":
                here = self.tr("Recommended on this machine: {advice}.").format(advice=machine.advice)
                tip = advice.reason if advice is not None else here if machine.advice else tip
            action.setStatusTip(tip)
            action.setToolTip(tip)

    def _show_device(self) -> None:
        """Where the chosen reader computes: as its last answer says, else as is to be expected."""
        chosen = self._shelf.chosen
        ways = [way for (name, _, _), way in self._ways.items() if name == chosen]
        device = device_text(ways[-1][0] if ways else self._shelf.expected_device)
        self._window.toolbar.show_device(device, self.tr("Where the reader computes"))
        if self._asking.shown is None:
            title = self.tr("Embedded reader") if chosen == EMBEDDED.name else self._shelf.title(chosen)
            self._window.status.show_reader(f"{title} · {device}")

    def _show_download(self, name: str) -> None:
        """In the status line: the dialog may be closed."""
        download = self.downloads.of(name)
        if download.running and download.total_bytes:
            share = wording.percent(download.done_bytes / download.total_bytes)
            self._window.status.show_download(f"{title_of(name)}: {share}")
        else:
            self._window.status.show_download("")

    # What happens.

    def _on_ask_model(self) -> None:
        if self._asking.shown is not None:
            self.ask_model(self._asking.shown)

    def _on_record_finished(self, number: int) -> None:
        record = self._book.record(number)
        if record is None:
            return
        if record.stage is Stage.DONE and record.answer is not None:
            self._shelf.take_success(record.reader, record.answer.reader)
            self._notice_changes(record, record.answer)
            self._show_device()
        elif record.stage is Stage.FAILED and record.error is not None:
            self._on_reader_failed(record, record.error)

    def _on_reader_failed(self, record: AnswerRecord, error: ErrorInfo) -> None:
        failed = self._shelf.title(record.reader.name)
        back = self._shelf.gives_way(record.reader, error)
        if back is None:
            return
        text = self._way_out(failed, error, back)
        label = self.tr("Ask {reader}").format(reader=self._shelf.title(back))
        ask = (label, lambda: self._asking.ask_instead(record.number, self._shelf.choice_of(back)))
        self._say(Message(f"reader:{record.reader.name}", text, serious=True, action=ask))

    def _on_model_refused(self, model: str, error: ErrorInfo) -> None:
        """A model turned out to be unusable before anything was asked of it."""
        back = self._shelf.gives_way(self._shelf.choice(), error) if model == self._shelf.model_behind else None
        text = self._way_out(title_of(model), error, back) if back is not None else f"{title_of(model)}: {error}"
        self._say(Message(f"reader:{model}", text, serious=True))

    def _way_out(self, failed: str, error: ErrorInfo, back: str) -> str:
        return self.tr("{reader} cannot be used: {error} {back} is selected.").format(
            reader=failed, error=error, back=self._shelf.title(back)
        )

    def _on_reader_lost(self, name: str, why: str) -> None:
        text = why or self.tr("{reader} is not there any more.").format(reader=title_of(name))
        now = self._shelf.title(self._shelf.chosen)
        self._say(Message("model", self.tr("{text} {reader} is selected.").format(text=text, reader=now), serious=True))

    def _notice_changes(self, record: AnswerRecord, answer: Answer) -> None:
        """Never a silent change of model, device or precision."""
        asked = record.reader.name
        if asked != EMBEDDED.name and not is_cascade(asked) and answer.model != asked:
            text = self.tr("{given} answered instead of {asked}.").format(
                given=wording.reader_text(answer), asked=title_of(asked)
            )
            self._say(Message("model-changed", text, serious=True))
        key = (self._shelf.list_name(asked), answer.model, record.reader.precision)
        way = (answer.device, answer.precision)
        before = self._ways.pop(key, way)
        self._ways[key] = way
        if before != way:
            text = self.tr("{reader} now computes on {device}, no longer on {before}.").format(
                reader=wording.reader_text(answer), device=_way_text(way), before=_way_text(before)
            )
            self._say(Message("device-changed", text, serious=True))

    def _say(self, message: Message) -> None:
        self._window.frame.messages.show_message(message)
        wording.announce(self._window, message.text)

    def _on_folder_imported(self, folder: object) -> None:
        assert isinstance(folder, ModelFolder)
        self._shelf.take_model(folder)
        self._shelf.choose(folder.name)
        self._shelf.refresh()
        self._say(Message("model", self.tr("{model} answers from now on.").format(model=title_of(folder.name))))

    def _on_folder_refused(self, error: ErrorInfo) -> None:
        self._say(Message("model", str(error), serious=True))
        if self._dialog is not None and isValid(self._dialog):
            self._dialog.sheet.say(str(error))

    def _on_model_installed(self, name: str) -> None:
        text = self.tr("{model} is installed.").format(model=title_of(name))
        if not self._shelf.usable and not self._window.settings.get(READER):
            cascade = self.tr("The cascade answers from now on: the embedded reader first, then the model.")
            text = f"{text} {cascade}"
        self._shelf.refresh()
        self._say(Message("model", text, action=(self.tr("Use it"), lambda: self._shelf.choose(name))))

    def _on_download_failed(self, name: str, error: ErrorInfo) -> None:
        if self._dialog is None or not isValid(self._dialog) or not self._dialog.isVisible():
            text = f"{title_of(name)}: {error}"
            action = (self.tr("Show"), lambda: self.show_models(name))
            self._say(Message("model", text, serious=True, action=action))

    def _remove(self, name: str) -> None:
        task = Task(self, in_thread(lambda: remove(name)))
        task.on_result(lambda _freed: self._on_model_removed(name)).on_error(self._on_folder_refused).start()

    def _on_model_removed(self, name: str) -> None:
        self.downloads.forget(name)
        self._shelf.refresh()


def _way_text(way: tuple[str, str]) -> str:
    device, precision = way
    return f"{device_text(device)} {precision}".strip()
