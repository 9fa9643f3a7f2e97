"""What the window asks of the engine's supervisor, as a protocol: the window is typed, built and tested against this.

The supervisor itself is imported after the first paint; this module imports nothing that the first paint can do
without.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from engine.documents.types import PageRef
    from engine.service.requests import TileSpec

Listener = Callable[[object], None]


class PendingRequest(Protocol):
    """A request under way; see `engine.service.pending.Pending`."""

    def cancel(self) -> None:
        """End the request: its final event comes at once."""


Begin = Callable[[Listener], PendingRequest]
"""Starts a request whose events go to the listener, on any thread."""


class Service(Protocol):
    """The part of `engine.service.supervisor.Supervisor` that the window uses. Thread-safe."""

    def open(self, path: str, password: str | None = None, *, listener: Listener | None = None) -> PendingRequest:
        """Progress*, then DocumentOpened | Failed."""

    def forget(self, path: str) -> None:
        """Close a document."""

    def tile(self, spec: TileSpec, *, listener: Listener | None = None) -> PendingRequest:
        """TilePixels | Failed."""

    def read(self, page: PageRef, *, listener: Listener | None = None) -> PendingRequest:
        """Read the words of a page in the background: PageRead | Failed."""

    def ask(
        self,
        question: str,
        pages: tuple[PageRef, ...],
        *,
        policy: str = ...,
        reader: str = ...,
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> PendingRequest:
        """Progress, PageRead, Preview, ..., then AnswerReady | Failed."""

    def close(self) -> None:
        """Stop the workers."""


class LazyService:
    """The service, made when it is first needed: importing it and starting its processes waits for the first paint."""

    def __init__(self, make: Callable[[], Service]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Service | None = None

    @property
    def started(self) -> bool:
        return self._made is not None

    def open(self, path: str, password: str | None = None, *, listener: Listener | None = None) -> PendingRequest:
        return self._service().open(path, password, listener=listener)

    def forget(self, path: str) -> None:
        self._service().forget(path)

    def tile(self, spec: TileSpec, *, listener: Listener | None = None) -> PendingRequest:
        return self._service().tile(spec, listener=listener)

    def read(self, page: PageRef, *, listener: Listener | None = None) -> PendingRequest:
        return self._service().read(page, listener=listener)

    def ask(
        self,
        question: str,
        pages: tuple[PageRef, ...],
        *,
        policy: str = "minicpm-v-16x",
        reader: str = "embedded",
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> PendingRequest:
        return self._service().ask(question, pages, policy=policy, reader=reader, budget_s=budget_s, listener=listener)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def _service(self) -> Service:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
