"""The download worker's work: what the hub says of a model, and pulls. The only process that opens a socket."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from engine.errors import CancelledError, TesseraError, internal_error
from engine.models.hub import describe
from engine.models.pull import pull, with_bytes_here
from engine.readers.types import Failed, Progress
from engine.service.messages import Command, DescribeModel, ModelDescribed, ModelPulled, PullModel, Reply

logger = logging.getLogger(__name__)

REPORT_INTERVAL_S = 0.1


class DownloadWorker:
    """Handles commands on the worker's main thread, one model at a time."""

    def __init__(self, send: Callable[[Reply], None], is_cancelled: Callable[[int], bool]) -> None:
        self._send = send
        self._is_cancelled = is_cancelled

    def handle(self, command: Command) -> None:
        """Do one command; its last message is always a final one."""
        match command:
            case DescribeModel(request=request, model=model):
                self._guarded(request, lambda: self._describe(request, model))
            case PullModel(request=request):
                self._guarded(request, lambda: self._pull(command))
            case _:
                logger.error("the download worker does not know %s", type(command).__name__)

    def _guarded(self, request: int, work: Callable[[], None]) -> None:
        try:
            if self._is_cancelled(request):
                raise CancelledError("Cancelled.")
            work()
        except TesseraError as error:
            self._send(Failed(request, error.info))
        except Exception as error:  # the border of the download process
            logger.exception("request %s failed", request)
            self._send(Failed(request, internal_error(error)))

    def _describe(self, request: int, model: str) -> None:
        self._send(ModelDescribed(request, with_bytes_here(describe(model))))

    def _pull(self, command: PullModel) -> None:
        listing = with_bytes_here(describe(command.model, command.revision))
        self._send(ModelDescribed(command.request, listing))
        reporter = Reporter(command.request, self._send)
        folder = pull(listing, reporter.report, lambda: self._is_cancelled(command.request))
        self._send(ModelPulled(command.request, listing.id, listing.revision, str(folder.path)))


class Reporter:
    """Sends progress: every file's beginning and, within a file, a few times a second."""

    def __init__(self, request: int, send: Callable[[Reply], None]) -> None:
        self._request = request
        self._send = send
        self._name = ""
        self._sent_s = 0.0

    def report(self, done: int, total: int, name: str) -> None:
        now = time.monotonic()
        if name != self._name or done == total or now - self._sent_s >= REPORT_INTERVAL_S:
            self._name, self._sent_s = name, now
            self._send(Progress(self._request, done, total, name))
