"""What callers ask of the reading and the download worker. Each becomes one command; nothing is kept here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from engine.documents.types import PageRef
from engine.readers.types import EMBEDDED, ReaderChoice, Request
from engine.service.messages import (
    AdviseModel,
    Ask,
    AskMany,
    Command,
    DescribeModel,
    MeasureMachine,
    PullModel,
    ReadPage,
    WorkerKind,
)
from engine.service.pending import Listener, Pending


class WorkRequests(ABC):
    """The part of the supervisor that sends such commands."""

    @abstractmethod
    def _request(self, kind: WorkerKind, make: Callable[[int], Command], listener: Listener | None) -> Pending:
        """Send the command that `make` makes of a fresh request id."""

    @abstractmethod
    def _keep_on_disk(self, page: PageRef) -> bool:
        """Whether what is read of `page` may be cached on disk."""

    def read(self, page: PageRef, *, listener: Listener | None = None) -> Pending:
        """Read a page's words in the background; questions go first. Events: PageRead or Failed."""
        keep = self._keep_on_disk(page)
        return self._request(WorkerKind.READING, lambda request: ReadPage(request, page, keep), listener)

    def ask(
        self,
        question: str,
        pages: tuple[PageRef, ...],
        *,
        policy: str = "minicpm-v-16x",
        reader: ReaderChoice | None = None,
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> Pending:
        """Ask about pages of one document. Events: the reader's; AnswerReady or Failed last."""
        keep = all(self._keep_on_disk(page) for page in pages)

        def command(request: int) -> Ask:
            return Ask(Request(request, question, pages, policy, reader or EMBEDDED, budget_s, keep))

        return self._request(WorkerKind.READING, command, listener)

    def ask_many(
        self, questions: tuple[str, ...], pages: tuple[PageRef, ...], *, policy: str, reader: ReaderChoice
    ) -> Pending:
        """Ask a model several questions about the same pages of one document, `MODEL_PAGES` at most. Events: Progress,
        PageRead, a QuestionAnswered for each as it is made, then AllAnswered or Failed."""
        keep = all(self._keep_on_disk(page) for page in pages)

        def command(request: int) -> AskMany:
            return AskMany(request, Request(request, "", pages, policy, reader, None, keep), questions)

        return self._request(WorkerKind.READING, command, None)

    def advise(self, model: str, *, listener: Listener | None = None) -> Pending:
        """What this machine can run an installed model in. Events: ModelAdvised or Failed. Nothing is loaded."""
        return self._request(WorkerKind.READING, lambda request: AdviseModel(request, model), listener)

    def measure(self, *, listener: Listener | None = None) -> Pending:
        """Time what this machine runs models on, half a minute of work, and keep the figures. Events: Progress, then
        MachineMeasured or Failed."""
        return self._request(WorkerKind.READING, MeasureMachine, listener)

    def describe_model(self, model: str, *, listener: Listener | None = None) -> Pending:
        """Ask the hub what a pull of this hub id would fetch. Events: ModelDescribed or Failed."""
        return self._request(WorkerKind.DOWNLOAD, lambda request: DescribeModel(request, model), listener)

    def pull_model(self, model: str, revision: str | None = None, *, listener: Listener | None = None) -> Pending:
        """Fetch and install a model at a commit. Events: ModelDescribed, Progress in bytes, ModelPulled or Failed.

        What is fetched is kept when it is cancelled or cut; the next pull goes on from there.
        """
        return self._request(WorkerKind.DOWNLOAD, lambda request: PullModel(request, model, revision), listener)
