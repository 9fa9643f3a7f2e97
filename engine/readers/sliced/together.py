"""Several questions about the same pages, written as one batch over what the model remembers of each page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from engine.documents.types import PageWords
from engine.errors import CancelledError, DeviceLostError, OutOfDeviceMemoryError, TesseraError
from engine.evidence.hidden_views import part_of
from engine.readers.sliced.answers import Round
from engine.readers.sliced.feeding import Feeder
from engine.readers.sliced.held_pages import Fed, HeldPages
from engine.readers.sliced.protocol import SlicedModel
from engine.readers.sliced.writing import written
from engine.readers.types import Event, QuestionAnswered
from engine.runtime.decoder import Stretch

ENDS_ALL = (CancelledError, DeviceLostError)
"""Errors that are not one question's own."""


class Together:
    """Writes the answers to some questions; `rounds` are those of the last `write`, by the questions' numbers."""

    def __init__(self, model: SlicedModel, held: HeldPages, feeder: Feeder) -> None:
        self._model = model
        self._held = held
        self._feeder = feeder
        self.rounds: dict[int, Round] = {}

    def write(self, begun: Round, questions: Mapping[int, str]) -> Iterator[Event]:
        """Fills `rounds` with what the model wrote about every page; a question that cannot be asked is answered by its
        error at once. Raises ENDS_ALL, and what opening a page raises."""
        self.rounds = {
            number: replace(
                begun,
                request=replace(begun.request, question=question),
                started=time.perf_counter(),
                notices=[*begun.notices],
                drafts=[],
            )
            for number, question in questions.items()
        }
        for words in begun.read:
            title = f"Page {words.page.index + 1}: " if len(begun.read) > 1 else ""
            feds: dict[int, Fed] = {}
            for number, round_ in list(self.rounds.items()):
                held = self._held.open(words.page, begun.policy)
                feed = self._feeder.feed(round_.request, held, words, round_.request.question, title)
                try:
                    feds[number] = yield from feed
                except ENDS_ALL:
                    raise
                except TesseraError as error:
                    yield self._given_up(number, error)
            for batch in _batches(feds):
                yield from self._write_batch(batch, words)

    def _write_batch(self, feds: dict[int, Fed], words: PageWords) -> Iterator[Event]:
        try:
            self._write_rows(feds, words)
        except ENDS_ALL:
            raise
        except TesseraError as error:
            if len(feds) == 1:
                yield self._given_up(next(iter(feds)), error)
                return
            if not isinstance(error, OutOfDeviceMemoryError):
                raise
            for number, fed in feds.items():
                yield from self._write_batch({number: fed}, words)

    def _write_rows(self, feds: dict[int, Fed], words: PageWords) -> None:
        first = next(iter(feds.values()))
        self._held.pause()
        parts = [asked_part(fed) for fed in feds.values()]
        limit = self.rounds[next(iter(feds))].request.reader.max_tokens
        memory = self._held.memory(first)
        rows = self._model.decoder.stream_rows(parts, memory, limit, self._model.stop, self._held.pause)
        for (number, fed), steps in zip(feds.items(), rows, strict=True):
            self.rounds[number].notices.extend(fed.notices)
            self.rounds[number].drafts.append(written(fed, words, steps, self._model))

    def _given_up(self, number: int, error: TesseraError) -> QuestionAnswered:
        request = self.rounds.pop(number).request.id
        return QuestionAnswered(request, number, None, error.info)


def asked_part(fed: Fed) -> Stretch:
    """The prompt's positions after those that are remembered of the page."""
    whole = Stretch(fed.model.embed(fed.plan, fed.prompt, fed.features), fed.prompt.positions)
    return part_of(whole, fed.prompt.page_length)


def _batches(feds: Mapping[int, Fed]) -> Sequence[dict[int, Fed]]:
    """One where all questions share what is remembered of the page, else each question by itself."""
    shared = {(fed.feeding, fed.prompt.page_length) for fed in feds.values()}
    if len(shared) == 1 and all(length > 0 for _, length in shared):
        return [dict(feds)]
    return [{number: fed} for number, fed in feds.items()]
