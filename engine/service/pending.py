"""What a caller holds of a request under way: its events, its result, and how to cancel it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from engine.errors import CancelledError, ErrorInfo, TesseraError, WorkerDiedError
from engine.readers.types import Failed

Listener = Callable[[object], None]


class RequestFailedError(TesseraError):
    """A request's `Failed` event as an exception; carries the worker's own code, message, hint and exit code."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message, error.hint)
        self._info = error

    @property
    def info(self) -> ErrorInfo:
        return self._info


def error_of(failed: Failed) -> TesseraError:
    """The exception a `Failed` event stands for; cancelling and a dead worker keep their own types."""
    for known in (CancelledError, WorkerDiedError):
        if failed.error.code == known.code:
            return known(failed.error.message, failed.error.hint)
    return RequestFailedError(failed.error)


class Pending:
    """A request under way. Every event goes to the listener (on a supervisor thread) or, without one, is kept for
    `events` and `result`. Exactly one final event comes, whatever happens."""

    def __init__(self, request: int, cancel: Callable[[int], None], listener: Listener | None) -> None:
        self.request = request
        self._cancel = cancel
        self._listener = listener
        self._events: queue.SimpleQueue[tuple[object, bool]] = queue.SimpleQueue()
        self._last: object = None

    def deliver(self, event: object, *, final: bool) -> None:
        """Called by the supervisor alone."""
        if self._listener is not None:
            self._listener(event)
        else:
            self._events.put((event, final))

    def events(self, timeout_s: float | None = None) -> Iterator[object]:
        """Events as they come, the final one last. Raises TimeoutError after `timeout_s` without any."""
        while self._last is None:
            try:
                event, final = self._events.get(timeout=timeout_s)
            except queue.Empty:
                raise TimeoutError(f"no event for request {self.request} within {timeout_s} s") from None
            self._last = event if final else None
            yield event

    def wait(self, timeout_s: float, on_event: Callable[[object], None]) -> bool:
        """Hand events to `on_event` until the final one came (True) or none came for `timeout_s` (False)."""
        try:
            for event in self.events(timeout_s):
                on_event(event)
        except TimeoutError:
            return False
        return True

    def result(self, timeout_s: float | None = None) -> object:
        """The final event. Raises `error_of` it when it is `Failed`."""
        for _ in self.events(timeout_s):
            pass
        if isinstance(self._last, Failed):
            raise error_of(self._last)
        return self._last

    def cancel(self) -> None:
        """The final event comes at once, as `Failed` with code `cancelled`, unless another one was first."""
        self._cancel(self.request)
