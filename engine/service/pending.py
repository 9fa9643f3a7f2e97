"""What a caller holds of a request under way: its events, its result, and how to cancel it."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from engine.errors import ErrorInfo, TesseraError
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


class Pending:
    """A request under way. Every event goes to the listener (on a supervisor thread) or, without one, is kept for
    `events` and `result`. Exactly one final event comes, whatever happens."""

    def __init__(self, request: int, cancel: Callable[[int], None], listener: Listener | None) -> None:
        self.request = request
        self._cancel = cancel
        self._listener = listener
        self._events: queue.SimpleQueue[tuple[object, bool]] = queue.SimpleQueue()

    def deliver(self, event: object, *, final: bool) -> None:
        """Called by the supervisor alone."""
        if self._listener is not None:
            self._listener(event)
        else:
            self._events.put((event, final))

    def events(self, timeout_s: float | None = None) -> Iterator[object]:
        """Events as they come, the final one last. Raises TimeoutError after `timeout_s` without any."""
        final = False
        while not final:
            try:
                event, final = self._events.get(timeout=timeout_s)
            except queue.Empty:
                raise TimeoutError(f"no event for request {self.request} within {timeout_s} s") from None
            yield event

    def result(self, timeout_s: float | None = None) -> object:
        """The final event. Raises RequestFailedError when it is `Failed`."""
        last: object = None
        for event in self.events(timeout_s):
            last = event
        if isinstance(last, Failed):
            raise RequestFailedError(last.error)
        return last

    def cancel(self) -> None:
        """The final event comes at once, as `Failed` with code `cancelled`, unless another one was first."""
        self._cancel(self.request)
