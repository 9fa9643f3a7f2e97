"""A worker's incoming messages: read by a thread of its own, so that a cancel is seen while the worker works."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from engine.service.codec import from_json
from engine.service.messages import (
    Cancel,
    Command,
    ImageDelivered,
    NeedFailed,
    ReadPage,
    TextDelivered,
)

Delivery = TextDelivered | ImageDelivered | NeedFailed

FIRST, LATER = 0, 1


class Inbox:
    """Commands in order of priority (background reading last), the set of cancelled requests, and deliveries.

    When the pipe closes the worker leaves at once: its parent is gone and nobody waits for its work.
    """

    def __init__(self, connection: Connection, on_delivery: Callable[[Delivery], None]) -> None:
        self._connection = connection
        self._on_delivery = on_delivery
        self._commands: queue.PriorityQueue[tuple[int, int, Command]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def next_command(self) -> Command:
        return self._commands.get()[2]

    def is_cancelled(self, request: int) -> bool:
        return request in self._cancelled

    def done(self, request: int) -> None:
        """Forget that `request` was cancelled."""
        self._cancelled.discard(request)

    def _listen(self) -> None:
        try:
            while True:
                command: Command = from_json(Command, self._connection.recv_bytes())
                if isinstance(command, Cancel):
                    self._cancelled.add(command.request)
                elif isinstance(command, Delivery):
                    self._on_delivery(command)
                else:
                    priority = LATER if isinstance(command, ReadPage) else FIRST
                    self._commands.put((priority, next(self._numbers), command))
        except (EOFError, OSError):
            os._exit(0)
