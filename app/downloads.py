"""Models on their way here: what the hub says of one, and the download under way. One at a time.

Nothing is asked of the hub unless the user started it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from app.service import Service
from app.task import Task
from engine.errors import ErrorInfo
from engine.models.types import HubListing
from engine.readers.types import Progress
from engine.service.messages import ModelDescribed, ModelPulled


@dataclass(frozen=True, slots=True)
class Download:
    """What is known of one model's download. `listing` is what the hub said; bytes are 0 until it did."""

    model: str
    asking: bool = False
    running: bool = False
    listing: HubListing | None = None
    done_bytes: int = 0
    total_bytes: int = 0
    file: str = ""
    error: ErrorInfo | None = None


class ModelDownloads(QObject):
    """Goes on while its dialog is closed; ends with the window."""

    changed = Signal(str)
    """The hub id of the model of which more is known."""
    finished = Signal(str)
    """The hub id of a model that is installed now."""
    failed = Signal(str, object)
    """(hub id, ErrorInfo) of a download that stopped by itself."""

    def __init__(self, service: Service, parent: QObject) -> None:
        super().__init__(parent)
        self._service = service
        self._known: dict[str, Download] = {}
        self._task: Task | None = None
        self._model = ""

    @property
    def busy(self) -> str:
        """The model that the hub is asked about or that is being fetched; empty without one."""
        return self._model if self._task is not None and self._task.running else ""

    def of(self, model: str) -> Download:
        return self._known.get(model, Download(model))

    def describe(self, model: str) -> None:
        """Ask the hub what a download would fetch."""
        if self.busy:
            return
        self._put(replace(self.of(model), asking=True, error=None))
        self._begin(
            model,
            Task(self, lambda listener: self._service.describe_model(model, listener=listener), ModelDescribed),
        )

    def pull(self, model: str) -> None:
        """Fetch and install, at the commit that the hub described."""
        if self.busy:
            return
        listing = self.of(model).listing
        revision = listing.revision if listing is not None else None
        self._put(replace(self.of(model), running=True, error=None))
        self._begin(model, Task(self, lambda listener: self._service.pull_model(model, revision, listener=listener)))

    def cancel(self) -> None:
        """Stop; what was fetched is kept, and `pull` goes on from there."""
        model = self.busy
        if self._task is not None:
            self._task.cancel()
        if model:
            self._put(_kept(replace(self.of(model), asking=False, running=False)))

    def forget(self, model: str) -> None:
        """The model was removed: nothing of it is here any more."""
        self._known.pop(model, None)
        self.changed.emit(model)

    def _begin(self, model: str, task: Task) -> None:
        self._model = model
        self._task = task
        task.on_event(self._on_event).on_progress(self._on_progress)
        task.on_result(self._on_event).on_error(self._on_failed).start()

    def _on_event(self, event: object) -> None:
        known = self.of(self._model)
        if isinstance(event, ModelDescribed):
            listing = event.listing
            self._put(
                replace(
                    known,
                    asking=False,
                    listing=listing,
                    done_bytes=listing.here_bytes,
                    total_bytes=listing.size_bytes,
                )
            )
        elif isinstance(event, ModelPulled):
            self._put(replace(known, running=False, done_bytes=known.total_bytes, file=""))
            self.finished.emit(self._model)

    def _on_progress(self, progress: Progress) -> None:
        known = self.of(self._model)
        self._put(replace(known, done_bytes=int(progress.done), total_bytes=int(progress.total), file=progress.text))

    def _on_failed(self, error: ErrorInfo) -> None:
        was_running = self.of(self._model).running
        self._put(_kept(replace(self.of(self._model), asking=False, running=False, error=error)))
        if was_running:
            self.failed.emit(self._model, error)

    def _put(self, download: Download) -> None:
        self._known[download.model] = download
        self.changed.emit(download.model)


def _kept(download: Download) -> Download:
    """A download that stopped: its listing says how many bytes are here."""
    listing = download.listing
    if listing is None:
        return download
    return replace(download, listing=replace(listing, here_bytes=download.done_bytes), file="")
