"""Pause and cancel for a run, from any thread."""

from __future__ import annotations

import threading

from engine.errors import CancelledError


class RunControl:
    """Pausing lets the question at hand finish, or those that a model is asked together; cancelling also ends the wait
    of a paused run.

    `cancelled` is what an Asker polls to give up the question at hand.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._cancelled = False

    def pause(self) -> None:
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def paused(self) -> bool:
        return self._paused

    def cancelled(self) -> bool:
        return self._cancelled

    def checkpoint(self) -> None:
        """Returns at once, or when the pause is over. Raises CancelledError once cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or not self._paused)
            if self._cancelled:
                raise CancelledError("The run was stopped.")
