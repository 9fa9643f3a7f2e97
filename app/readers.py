"""The readers there are to choose from, which is chosen, and which models lie on this machine.

The chosen reader answers from the next question on. One that then cannot be loaded gives way to the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.machine import Advice, MachineView, look_at_machine, recommended_in
from app.model_words import device_text, title_of
from app.service import Service
from app.settings import (
    BEST_SLICES,
    CASCADE_SLICES,
    CONTRIBUTIONS,
    KEEP_BY,
    KEEP_TOKENS,
    MAX_TOKENS,
    MODEL,
    PRECISION,
    READER,
    TOP_P,
    Settings,
)
from app.task import Task, in_thread, mailbox
from engine.errors import ErrorInfo
from engine.models.installed import installed
from engine.models.shipped import NANO, shipped
from engine.models.types import ModelFolder
from engine.readers.names import CASCADE_NAME, is_cascade
from engine.readers.types import EMBEDDED, KeepBy, ReaderChoice
from engine.service.messages import ModelAdvised

LOADING_FAILURES = frozenset({"checkpoint", "device", "out-of-memory", "model-missing"})
"""Codes of errors that mean that a reader cannot be had as it was asked for."""
FILE_MISSING = "file-missing"
"""Of a model's folder, or of the document that was asked about."""


@dataclass(frozen=True, slots=True)
class ReaderOption:
    """A line in the list of readers. `name` is that of `ReaderChoice`."""

    name: str
    title: str
    tip: str
    enabled: bool = True


class ReaderShelf(QObject):
    """What can be chosen. The models folder is looked at in a thread: `changed` follows."""

    changed = Signal()
    """The list, the choice, or what is known of the machine or of a model on it."""
    lost = Signal(str, str)
    """(name, why) of the chosen reader, which is there no more: another one is the default now."""

    refused = Signal(str, object)
    """(model, ErrorInfo): nobody can say what a model needs here, because it cannot be used."""

    def __init__(self, settings: Settings, service: Service, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._service = service
        self._models: tuple[ModelFolder, ...] = ()
        self._advice: dict[str, Advice | None] = {}
        self._listed = False
        self.machine = MachineView()
        self._previous = EMBEDDED.name
        self._own = shipped()
        self._proven = {EMBEDDED.name}
        self._looked = False
        settings.changed.connect(self._on_setting_changed)

    def refresh(self) -> None:
        """Look at the models folder again."""
        self._advice = {model: advice for model, advice in self._advice.items() if advice is not None}
        Task(self, in_thread(installed)).on_result(self._on_models_listed).on_error(self._on_listing_failed).start()
        if not self._looked:
            self._looked = True
            Task(self, in_thread(look_at_machine)).on_result(self._on_machine_seen).start()

    @property
    def models(self) -> tuple[ModelFolder, ...]:
        """All models on this machine, also those that cannot be used and say why."""
        return self._models

    def folder(self, name: str) -> ModelFolder | None:
        """Where a model lies on this machine; None where it does not."""
        return next((model for model in self._models if model.name == name), None)

    def take_model(self, folder: ModelFolder) -> None:
        """A model that was found just now; looking at the folder again follows."""
        self._models = (*(model for model in self._models if model.name != folder.name), folder)

    @property
    def usable(self) -> tuple[ModelFolder, ...]:
        return tuple(model for model in self._models if not model.problem)

    @property
    def chosen(self) -> str:
        """The reader that answers the next question: what the user chose if it is there, else the cascade once a
        model is installed."""
        names = {option.name for option in self.options() if option.enabled}
        stored = self._settings.get(READER)
        if stored in names:
            return stored
        return CASCADE_NAME if CASCADE_NAME in names else EMBEDDED.name

    @property
    def model_behind(self) -> str | None:
        """The model that the chosen reader runs; None for the embedded one."""
        chosen = self.chosen
        if chosen == EMBEDDED.name:
            return None
        return self.model_to_ask if chosen == CASCADE_NAME else chosen

    def advice(self, model: str | None) -> Advice | None:
        """What this machine can run a model in, once that is known."""
        return self._advice.get(model) if model is not None else None

    @property
    def expected_device(self) -> str:
        """Where the chosen reader is going to compute, as answers name devices."""
        model = self.model_behind
        if model is None:
            return "cpu"
        advice = self.advice(model)
        return advice.recommended.device if advice is not None and advice.recommended else self.machine.device

    def ask_advice(self, model: str) -> None:
        """Find out what this machine can run an installed model in; `changed` follows. Nothing is loaded. A failure
        is shown and not tried again before `refresh`."""
        if model in self._advice:
            return
        self._advice[model] = None
        task = Task(self, lambda listener: self._service.advise(model, listener=listener))
        task.on_result(self._on_advised).on_error(lambda error: self.refused.emit(model, error)).start()

    @property
    def model_to_ask(self) -> str | None:
        """The model for a question that the embedded reader cannot answer: the one chosen last, else the first."""
        names = [model.name for model in self.usable]
        last = self._settings.get(MODEL)
        return last if last in names else next(iter(names), None)

    def options(self) -> tuple[ReaderOption, ...]:
        """Embedded, the cascade, then the models in the order in which they are listed."""
        embedded = self.tr(
            "Reads printed words, from the text layer or by OCR, and finds answers among them. "
            "It is a reader of printed words, not a language model. Computes on the CPU."
        )
        cascade = self.tr(
            "Asks the embedded reader first and, where that is not sure, the model: on few slices, then on more, "
            "until two answers agree. Computes on this machine: {device}."
        ).format(device=self._device_text())
        if not self.usable:
            cascade = self.tr("Needs a model: choose “Get a model …”.")
        return (
            ReaderOption(EMBEDDED.name, self.tr("Embedded"), embedded),
            ReaderOption(CASCADE_NAME, self.tr("Cascade"), cascade, bool(self.usable)),
            *(self._option(model) for model in self._models),
            *((self._option(self._own.folder),) if self._own is not None else ()),
        )

    def title(self, name: str) -> str:
        """How a reader is called in the window."""
        listed = self.list_name(name)
        return next((each.title for each in self.options() if each.name == listed), title_of(name))

    def list_name(self, name: str) -> str:
        """The name of a reader in the list: a cascade stands there without its model."""
        return CASCADE_NAME if is_cascade(name) else name

    def choice(self) -> ReaderChoice:
        """The chosen reader, as the settings say it is to be run."""
        stored = self._settings.get(READER)
        # Until the models are listed, what the user chose is believed to be there: the engine says if it is not.
        return self.choice_of(stored if stored and not self._listed else self.chosen)

    def choice_of(self, name: str) -> ReaderChoice:
        """A reader by name, as the settings say it is to be run."""
        if name == EMBEDDED.name:
            return EMBEDDED
        slices = self._settings.get(CASCADE_SLICES)
        cascade = name == CASCADE_NAME
        return ReaderChoice(
            f"{CASCADE_NAME}:{self.model_to_ask}" if cascade and self.model_to_ask else name,
            self._settings.get(PRECISION),
            self._settings.get(MAX_TOKENS),
            self._settings.get(CONTRIBUTIONS),
            slices or None if cascade else None,
            self._settings.get(BEST_SLICES) or None,
            self._settings.get(KEEP_TOKENS) / 100,
            KeepBy(self._settings.get(KEEP_BY)),
            self._settings.get(TOP_P) / 100 or None,
        )

    def choose(self, name: str) -> None:
        """Let this reader answer from now on."""
        if name != self.chosen:
            self._previous = self.chosen
        if name not in (EMBEDDED.name, CASCADE_NAME, NANO):
            self._settings.set(MODEL, name)
        self._settings.set(READER, name)
        model = self.model_behind
        if model is not None:
            self.ask_advice(model)

    def take_success(self, choice: ReaderChoice, answered_by: str) -> None:
        """A reader gave an answer: a later error is not one of loading. Of a cascade that needed no model nothing is
        known yet."""
        if choice == EMBEDDED or answered_by != EMBEDDED.name:
            self._proven.add(choice.name)

    def gives_way(self, choice: ReaderChoice, error: ErrorInfo) -> str | None:
        """The reader that is selected again because the chosen one cannot be loaded; None where it can."""
        selected = self.list_name(choice.name)
        folder_gone = error.code == FILE_MISSING and choice.name in error.message
        unusable = error.code in LOADING_FAILURES or folder_gone
        if not unusable or selected != self.chosen or choice.name in self._proven:
            return None
        enabled = {option.name for option in self.options() if option.enabled}
        back = self._previous if self._previous in enabled and self._previous != selected else EMBEDDED.name
        self._settings.set(READER, back)
        return back

    def _option(self, model: ModelFolder) -> ReaderOption:
        precision = self._settings.get(PRECISION)
        advice = self.advice(model.name)
        shown = precision if precision != "auto" else recommended_in(advice)
        title = title_of(model.name)
        own = self._own if self._own is not None and self._own.folder.name == model.name else None
        if own is not None and own.experimental:
            title = self.tr("{model} (experimental)").format(model=title)
        if model.problem:
            return ReaderOption(model.name, title, model.problem, enabled=False)
        how = f"{self._device_text()}, {shown}" if shown else self._device_text()
        tip = self.tr(
            "A model that looks at the slices of the page and writes its answer. Computes on this machine: {how}."
        ).format(how=how)
        reason = advice.reason if advice is not None else ""
        lines = (tip, "" if own is None else own.reason, reason, self._shortening(), model.name)
        return ReaderOption(
            model.name, f"{title} · {shown}" if shown else title, "\n".join(line for line in lines if line)
        )

    def _shortening(self) -> str:
        """What models are spared of a page, so that nobody forgets it."""
        if not self.choice_of(CASCADE_NAME).shortens:
            return ""
        return self.tr("Not all of a page is read: see Experimental in the settings.")

    def _device_text(self) -> str:
        machine = self.machine
        name = device_text(machine.device)
        return f"{name} ({machine.device_name})" if machine.device_name else name

    def _on_models_listed(self, models: object) -> None:
        assert isinstance(models, tuple)
        self._models = models
        self._listed = True
        self._notice_loss()
        self.changed.emit()

    def _on_listing_failed(self, error: ErrorInfo) -> None:
        mailbox().failed.emit(error)
        self._on_models_listed(())

    def _notice_loss(self) -> None:
        """The chosen reader may be gone: never a silent change."""
        stored = self._settings.get(READER)
        option = next((each for each in self.options() if each.name == stored), None)
        if stored and (option is None or not option.enabled):
            self._settings.set(READER, "")
            folder = self.folder(stored)
            self.lost.emit(stored, folder.problem if folder is not None else "")

    def _on_advised(self, event: object) -> None:
        assert isinstance(event, ModelAdvised)
        self._advice[event.model] = event.advice
        self.changed.emit()

    def _on_machine_seen(self, machine: object) -> None:
        assert isinstance(machine, MachineView)
        self.machine = machine
        self.changed.emit()

    def _on_setting_changed(self, key: str) -> None:
        if key in (READER.key, PRECISION.key, BEST_SLICES.key, KEEP_TOKENS.key, TOP_P.key):
            if key == PRECISION.key:
                # A model that worked in one precision may not fit in another.
                self._proven = {EMBEDDED.name}
            self.changed.emit()
