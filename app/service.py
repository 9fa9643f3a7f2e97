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
    from engine.readers.types import ReaderChoice
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

    def warm_up(self) -> None:
        """Start the workers before they are needed."""

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
        reader: ReaderChoice | None = None,
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> PendingRequest:
        """Progress, PageRead, Token, Preview, ContributionFound, ..., then AnswerReady | Failed."""

    def advise(self, model: str, *, listener: Listener | None = None) -> PendingRequest:
        """What this machine can run an installed model in: ModelAdvised | Failed."""

    def measure(self, *, listener: Listener | None = None) -> PendingRequest:
        """Time what this machine runs models on: Progress*, then MachineMeasured | Failed."""

    def describe_model(self, model: str, *, listener: Listener | None = None) -> PendingRequest:
        """Ask the hub what a download would fetch: ModelDescribed | Failed."""

    def pull_model(
        self, model: str, revision: str | None = None, *, listener: Listener | None = None
    ) -> PendingRequest:
        """Download and install: ModelDescribed, Progress*, then ModelPulled | Failed."""

    def close(self) -> None:
        """Stop the workers."""


class Holds:
    """Who uses which document: window and run share a service, and neither may close what the other reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def take(self, path: str) -> None:
        with self._lock:
            self._counts[path] = self._counts.get(path, 0) + 1

    def release(self, path: str) -> bool:
        """Whether nobody uses the document any more."""
        with self._lock:
            left = self._counts.get(path, 0) - 1
            if left > 0:
                self._counts[path] = left
            else:
                self._counts.pop(path, None)
            return left <= 0


class LazyService:
    """The service, made when it is first needed: importing it and starting its processes waits for the first paint."""

    def __init__(self, make: Callable[[], Service]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Service | None = None

    def warm_up(self) -> None:
        self.made().warm_up()

    def open(self, path: str, password: str | None = None, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().open(path, password, listener=listener)

    def forget(self, path: str) -> None:
        self.made().forget(path)

    def tile(self, spec: TileSpec, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().tile(spec, listener=listener)

    def read(self, page: PageRef, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().read(page, listener=listener)

    def ask(
        self,
        question: str,
        pages: tuple[PageRef, ...],
        *,
        policy: str = "minicpm-v-16x",
        reader: ReaderChoice | None = None,
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> PendingRequest:
        return self.made().ask(question, pages, policy=policy, reader=reader, budget_s=budget_s, listener=listener)

    def advise(self, model: str, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().advise(model, listener=listener)

    def measure(self, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().measure(listener=listener)

    def describe_model(self, model: str, *, listener: Listener | None = None) -> PendingRequest:
        return self.made().describe_model(model, listener=listener)

    def pull_model(
        self, model: str, revision: str | None = None, *, listener: Listener | None = None
    ) -> PendingRequest:
        return self.made().pull_model(model, revision, listener=listener)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def made(self) -> Service:
        """The service itself."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
