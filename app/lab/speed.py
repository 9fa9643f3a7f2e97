"""How fast this machine is, for the lab's seconds: the last self-test's figures, and a new self-test on demand."""

from __future__ import annotations

from PySide6.QtCore import QDate, QLocale, QObject, Qt, Signal

from app.lab.words_text import tr
from app.machine import Measured, Pace, look_at_speed
from app.service import Service
from app.task import CANCELLED, Task, in_thread
from engine.errors import ErrorInfo
from engine.readers.types import Progress
from engine.service.messages import MachineMeasured


class LabSpeed(QObject):
    """Knows the figures once they are read from their file; measures in the reading worker, never in this process."""

    changed = Signal()
    """There are other figures."""
    measuring = Signal(bool)
    said = Signal(str)
    """One line for the user about the self-test."""

    def __init__(self, service: Service, parent: QObject) -> None:
        super().__init__(parent)
        self._service = service
        self._task: Task | None = None
        self.measured: Measured | None = None
        Task(self, in_thread(look_at_speed)).on_result(self._take).start()

    def measure_or_stop(self) -> None:
        """Begin a self-test, or give up the one under way."""
        if self._task is not None:
            self._task.cancel()
            self._end(tr("The measurement was given up."))
            return
        task = Task(self, lambda listener: self._service.measure(listener=listener))
        task.on_progress(self._on_progress).on_result(self._on_measured).on_error(self._on_failed)
        self._task = task
        self.measuring.emit(True)
        task.start()

    def close(self) -> None:
        """The window closes: nothing is measured any more."""
        if self._task is not None:
            self._task.cancel()

    def sources(self) -> dict[str, str]:
        """Where the columns of seconds come from, by their keys."""
        if self.measured is None:
            return {}
        paces = {"seconds": self.measured.cpu, "gpu_seconds": self.measured.gpu}
        return {key: _source(pace) for key, pace in paces.items() if pace is not None}

    def _take(self, measured: object) -> None:
        if isinstance(measured, Measured):
            self.measured = measured
            self.changed.emit()

    def _on_progress(self, progress: Progress) -> None:
        self.said.emit(progress.text)

    def _on_measured(self, event: object) -> None:
        assert isinstance(event, MachineMeasured)
        self._end("")
        self._take(event.measured)

    def _on_failed(self, error: ErrorInfo) -> None:
        self._end("" if error.code == CANCELLED else str(error))

    def _end(self, text: str) -> None:
        self._task = None
        self.measuring.emit(False)
        self.said.emit(text)


def _source(pace: Pace) -> str:
    day = QLocale().toString(QDate.fromString(pace.day, Qt.DateFormat.ISODate), QLocale.FormatType.ShortFormat)
    text = tr("For {engine}, measured on {day} by the self-test; “Measure this machine” repeats it.")
    return text.format(engine=pace.engine, day=day)
