"""The reading worker's work: questions and background reading, one at a time, questions first."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from engine.errors import CancelledError, DeviceLostError, TesseraError, internal_error
from engine.readers.opening import Readers
from engine.readers.protocol import WordSourceProtocol
from engine.readers.types import AllAnswered, AnswerReady, Event, Failed, PageRead, Progress, Request
from engine.runtime.machine import Speed
from engine.service.brokered_pages import BrokeredPages
from engine.service.messages import (
    AdviseModel,
    Ask,
    AskMany,
    Command,
    MachineMeasured,
    MeasureMachine,
    ModelAdvised,
    ReadPage,
    Reply,
)

logger = logging.getLogger(__name__)


class ReadingWorker:
    """Handles commands on the worker's main thread. Heavy modules are imported when the first page is read."""

    def __init__(
        self, pages: BrokeredPages, send: Callable[[Reply], None], is_cancelled: Callable[[int], bool]
    ) -> None:
        self._pages = pages
        self._send = send
        self._is_cancelled = is_cancelled
        self._words: WordSourceProtocol | None = None
        self._readers = Readers(self._word_source, pages)

    def handle(self, command: Command) -> None:
        """Do one command; its last message is always a final one."""
        match command:
            case Ask(ask=request):
                self._guarded(request.id, lambda: self._answer(request, self._readers.ask(request)))
            case AskMany():
                events = self._readers.ask_many(command.ask, command.questions)
                self._guarded(command.request, lambda: self._answer(command.ask, events))
            case AdviseModel():
                self._guarded(command.request, lambda: self._advise(command))
            case MeasureMachine():
                self._guarded(command.request, lambda: self._measure(command.request))
            case ReadPage():
                self._guarded(command.request, lambda: self._read(command))
            case _:
                logger.error("the reading worker does not know %s", type(command).__name__)

    def _guarded(self, request: int, work: Callable[[], None]) -> None:
        self._pages.current = request
        try:
            if self._is_cancelled(request):
                raise CancelledError("Cancelled.")
            work()
        except TesseraError as error:
            self._send(Failed(request, error.info))
        except Exception as error:  # the border of the reading process
            logger.exception("request %s failed", request)
            self._send(Failed(request, internal_error(error)))

    def _answer(self, request: Request, events: Iterator[Event]) -> None:
        for event in events:
            if self._is_cancelled(request.id):
                raise CancelledError("Cancelled.")
            self._send(event)
            if isinstance(event, Failed) and event.error.code == DeviceLostError.code:
                # CUDA never recovers in the process that lost it; the supervisor starts another one.
                raise SystemExit(event.error.message)
            if isinstance(event, AnswerReady | AllAnswered | Failed):
                return
        raise RuntimeError(f"reader {request.reader.name} ended without an answer")

    def _advise(self, command: AdviseModel) -> None:
        # torch comes in here: a model's shape is that of its class.
        from engine.readers.sliced.loading import advice_on

        self._send(ModelAdvised(command.request, command.model, advice_on(command.model)))

    def _measure(self, request: int) -> None:
        from engine.runtime.self_bench import measure_and_keep

        def on_speed(speed: Speed) -> None:
            if self._is_cancelled(request):
                raise CancelledError("Cancelled.")
            self._send(Progress(request, 0, 0, f"Measured {speed.engine}"))

        self._send(Progress(request, 0, 0, "Measuring this machine"))
        self._send(MachineMeasured(request, measure_and_keep(on_speed)))

    def _read(self, command: ReadPage) -> None:
        words = self._word_source().words(command.page, keep_on_disk=command.keep_on_disk)
        self._send(PageRead(command.request, words))

    def _word_source(self) -> WordSourceProtocol:
        if self._words is None:
            from engine.ocr.page_words import PageWordReader

            self._words = PageWordReader(self._pages)
        return self._words
