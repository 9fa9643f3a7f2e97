"""The reading worker's source of pages: every call is brokered by the supervisor to the render worker."""

from __future__ import annotations

import itertools
import mmap
import os
import queue
from collections.abc import Callable
from pathlib import Path

from engine.documents.types import PageRef, PageText
from engine.errors import CancelledError
from engine.readers.protocol import PageImage
from engine.service.inbox import Delivery
from engine.service.messages import ImageDelivered, NeedFailed, NeedImage, NeedText, Reply, TextDelivered
from engine.service.pending import error_of

CANCEL_CHECK_S = 0.05
# Need ids never repeat across restarts of the worker, so that a late delivery is known for what it is.
NEED_BASE = os.getpid() << 24


class BrokeredPages:
    """A `PageSource` over the pipe. `current` is the request being worked on; one at a time."""

    def __init__(self, send: Callable[[Reply], None], is_cancelled: Callable[[int], bool]) -> None:
        self.current = 0
        self._send = send
        self._is_cancelled = is_cancelled
        self._needs = itertools.count(NEED_BASE)
        self._awaited: int | None = None
        self._deliveries: queue.SimpleQueue[Delivery] = queue.SimpleQueue()

    def deliver(self, delivery: Delivery) -> None:
        """Called by the inbox thread."""
        self._deliveries.put(delivery)

    def text(self, page: PageRef) -> PageText:
        need = next(self._needs)
        self._send(NeedText(self.current, need, page))
        delivery = self._wait(need)
        if not isinstance(delivery, TextDelivered):
            raise TypeError(f"asked for text, got {type(delivery).__name__}")
        return delivery.text

    def image(self, page: PageRef) -> PageImage:
        need = next(self._needs)
        self._send(NeedImage(self.current, need, page))
        delivery = self._wait(need)
        if not isinstance(delivery, ImageDelivered):
            raise TypeError(f"asked for an image, got {type(delivery).__name__}")
        return PageImage(page, delivery.size, _map_and_delete(Path(delivery.path)))

    def cancelled(self) -> bool:
        return self._is_cancelled(self.current)

    def _wait(self, need: int) -> Delivery:
        while True:
            try:
                delivery = self._deliveries.get(timeout=CANCEL_CHECK_S)
            except queue.Empty:
                if self.cancelled():
                    raise CancelledError("Cancelled.") from None
                continue
            if delivery.need != need:
                _drop(delivery)
            elif isinstance(delivery, NeedFailed):
                raise error_of(delivery.error)
            else:
                return delivery


def _map_and_delete(path: Path) -> memoryview:
    """The file's bytes; its name is gone at once, its memory with the last view of it."""
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if os.name == "posix":
        path.unlink()
        return memoryview(data)
    # Windows keeps a mapped file's name: copy and delete.
    copied = memoryview(bytes(data))
    data.close()
    path.unlink()
    return copied


def _drop(delivery: Delivery) -> None:
    """Clean up after a delivery nobody waits for any more."""
    if isinstance(delivery, ImageDelivered):
        Path(delivery.path).unlink(missing_ok=True)
