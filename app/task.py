"""The one way the window runs anything that takes time.

`Task(parent, begin).on_result(..).on_error(..).on_progress(..).on_event(..).start()`: `begin(listener)` starts a
request; its events come on any thread and are handed to the callbacks on the GUI thread, in order. A task that was
cancelled, or whose parent is gone, hears nothing more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal
from shiboken6 import isValid

from app.service import Begin, Listener, PendingRequest
from engine.errors import ErrorInfo, OutputError, TesseraError, internal_error
from engine.readers.types import ContributionFound, Failed, PageRead, Preview, Progress, Token
from engine.service.messages import ModelDescribed

log = logging.getLogger(__name__)

T = TypeVar("T")

CANCELLED = "cancelled"
DELIVERY_BUDGET_S = 0.006
"""GUI-thread time spent on events in one go: well under a frame, so that a burst of them never drops one."""


class Step:
    """Base of what a thread's own job tells on the way."""

    __slots__ = ()


_ON_THE_WAY = (Step, Progress, PageRead, Token, Preview, ContributionFound, ModelDescribed)


@dataclass(frozen=True, slots=True)
class Finished:
    """The final event of a job that runs in a thread of the window's own process."""

    value: object


class Mailbox(QObject):
    """Carries events from any thread to the GUI thread. One for the application's life."""

    failed = Signal(object)
    """An ErrorInfo that no callback took: shown by the window."""
    _woken = Signal()

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self._letters: deque[tuple[Task, object]] = deque()
        self._awake = False
        self._lock = threading.Lock()
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def post(self, task: Task, event: object) -> None:
        """Hand `event` to `task` on the GUI thread. Callable from any thread; silent once the application is gone."""
        with self._lock:
            self._letters.append((task, event))
            if self._awake or not isValid(self):
                return
            self._awake = True
        self._woken.emit()

    def _on_woken(self) -> None:
        until = time.monotonic() + DELIVERY_BUDGET_S
        while time.monotonic() < until:
            with self._lock:
                if not self._letters:
                    self._awake = False
                    return
                task, event = self._letters.popleft()
            task.take(event)
        self._woken.emit()


_mailbox: Mailbox | None = None


def mailbox() -> Mailbox:
    """The application's mailbox; first called on the GUI thread."""
    global _mailbox
    if _mailbox is None or not isValid(_mailbox):
        _mailbox = Mailbox(QCoreApplication.instance())
    return _mailbox


class Task:
    """One request and its callbacks. `ends_with` names a final event that is not final for every request."""

    def __init__(self, parent: QObject, begin: Begin, ends_with: type | None = None) -> None:
        self._parent = parent
        self._begin = begin
        self._ends_with = ends_with
        self._pending: PendingRequest | None = None
        self._done = False
        self._result: Callable[[object], None] | None = None
        self._error: Callable[[ErrorInfo], None] | None = None
        self._progress: Callable[[Progress], None] | None = None
        self._event: Callable[[object], None] | None = None

    def on_result(self, callback: Callable[[object], None]) -> Task:
        """`callback(final event)`; for a job of `in_thread`, the value it returned."""
        self._result = callback
        return self

    def on_error(self, callback: Callable[[ErrorInfo], None]) -> Task:
        """`callback(error)`. Without one, the window shows the error."""
        self._error = callback
        return self

    def on_progress(self, callback: Callable[[Progress], None]) -> Task:
        self._progress = callback
        return self

    def on_event(self, callback: Callable[[object], None]) -> Task:
        """`callback(event)` for what comes on the way: pages read, tokens, previews, contributions."""
        self._event = callback
        return self

    def start(self) -> Task:
        box = mailbox()
        try:
            self._pending = self._begin(lambda event: box.post(self, event))
        except TesseraError as error:
            box.post(self, Failed(0, error.info))
        return self

    @property
    def running(self) -> bool:
        return not self._done

    def cancel(self) -> None:
        """Stop the request; nothing more is heard of it."""
        if self._done:
            return
        self._done = True
        if self._pending is not None:
            self._pending.cancel()

    def take(self, event: object) -> None:
        """Called by the mailbox, on the GUI thread."""
        if self._done or not isValid(self._parent):
            return
        if isinstance(event, Failed):
            self._done = True
            self._fail(event.error)
        elif isinstance(event, Progress):
            if self._progress is not None:
                self._progress(event)
        elif isinstance(event, _ON_THE_WAY) and not (self._ends_with and isinstance(event, self._ends_with)):
            if self._event is not None:
                self._event(event)
        else:
            self._done = True
            if self._result is not None:
                self._result(event.value if isinstance(event, Finished) else event)

    def _fail(self, error: ErrorInfo) -> None:
        if self._error is not None:
            self._error(error)
        elif error.code != CANCELLED:
            mailbox().failed.emit(error)


class _ThreadJob:
    """A job in a thread of this process. It cannot be interrupted: a cancelled one is merely not heard."""

    def cancel(self) -> None:
        pass


def in_thread(function: Callable[[], object]) -> Begin:
    """Runs `function` in a thread: for files and images of the window itself (session, pasted screenshot, CSV)."""
    return steps_in_thread(lambda _emit: function())


def steps_in_thread(function: Callable[[Listener], object]) -> Begin:
    """Runs `function(emit)` in a thread; what it emits (Step or Progress) comes as events on the way."""

    def begin(listener: Listener) -> PendingRequest:
        threading.Thread(target=_run_job, args=(function, listener), name="window-job", daemon=True).start()
        return _ThreadJob()

    return begin


def _run_job(function: Callable[[Listener], object], listener: Listener) -> None:
    try:
        value = function(listener)
    except TesseraError as error:
        listener(Failed(0, error.info))
    except OSError as error:
        name = error.filename if error.filename is not None else "the file"
        listener(Failed(0, OutputError(f"{name} cannot be used: {error.strerror}.").info))
    except Exception as error:  # the border of a task: a bug becomes one line, the log has the rest
        log.exception("A job of the window failed")
        listener(Failed(0, internal_error(error)))
    else:
        listener(Finished(value))
