"""The reader over a sliced vision-language model: asks the best pages, streams, and measures which slices counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence

from engine.documents.types import PageRef, PageWords
from engine.errors import TesseraError, UsageError
from engine.evidence.attention import attention_shares
from engine.evidence.hidden_views import Asked, HiddenViews, part_of
from engine.evidence.types import Contribution, EvidenceMethod
from engine.readers.protocol import PageSource, WordSourceProtocol
from engine.readers.sliced.answers import (
    Measured,
    Round,
    looked_at,
    measured_answer,
    measured_contribution,
    ordered,
    pieces_of,
    unmeasured_answer,
)
from engine.readers.sliced.feeding import Feeder
from engine.readers.sliced.held_pages import Fed, HeldPages
from engine.readers.sliced.page_choice import best_pages, chosen_notice
from engine.readers.sliced.protocol import SlicedModel
from engine.readers.sliced.together import ENDS_ALL, Together, asked_part
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.sliced.writing import Written, fresh_text, written
from engine.readers.types import (
    MODEL_PAGES,
    QUESTIONS_AT_ONCE,
    AllAnswered,
    AnswerReady,
    ContributionFound,
    Event,
    Failed,
    PageRead,
    Preview,
    Progress,
    QuestionAnswered,
    Request,
    Token,
)
from engine.runtime.decoder import Memory, Step
from engine.slicing.policies import parse_policy


class SlicedReader:
    """Answers with a sliced model. Greedy, so equal questions get bit-equal answers and contributions.

    `words` gives the words of pages (for choosing pages and for the boxes of answers), `pages` their pixels;
    `cancelled` is asked between views, tokens and batches. Pages stay held by the model between questions.
    """

    def __init__(
        self,
        model: SlicedModel,
        words: WordSourceProtocol,
        pages: PageSource,
        vision_cache: VisionCache,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._model = model
        self._words = words
        self._held = HeldPages(model, pages, vision_cache, cancelled)
        self._feeder = Feeder(model, self._held)

    def ask(self, request: Request) -> Iterator[Event]:
        """Progress and PageRead while reading, Token while the model writes, a Preview, a ContributionFound per
        slice, then one AnswerReady or Failed.

        Each page is asked on its own; a Preview ends the text streamed so far, and tokens after it begin the next
        page's answer. The last Preview carries where the model looked; without contributions asked for, it is
        the answer itself.
        """
        try:
            yield from self._ask(request)
        except TesseraError as error:
            yield Failed(request.id, error.info)
        finally:
            self._held.release_images()

    def ask_many(self, request: Request, questions: Sequence[str]) -> Iterator[Event]:
        """Progress, PageRead, a QuestionAnswered for each of `questions` about the pages of `request` as it is made,
        then AllAnswered; or Failed, which ends them all.

        Answers are those that `ask` gives; the tokens of several are written as one batch, so confidences may differ
        in their last bits. An error of one question is that question's alone.
        """
        try:
            yield from self._ask_many(request, questions)
        except TesseraError as error:
            yield Failed(request.id, error.info)
        finally:
            self._held.release_images()

    def _ask(self, request: Request) -> Iterator[Event]:
        round_ = self._begin(request)
        yield from self._read_words(round_)
        chosen = best_pages(request.question, round_.read)
        if len(chosen) < len(request.pages):
            round_.notices.append(chosen_notice(chosen, len(request.pages)))
        for number, words in enumerate(chosen):
            title = f"Page {words.page.index + 1}: " if len(chosen) > 1 else ""
            held = self._held.open(words.page, round_.policy)
            fed = yield from self._feeder.feed(request, held, words, request.question, title)
            round_.notices.extend(fed.notices)
            draft = yield from self._write(request, fed, words)
            round_.drafts.append(draft)
            if number + 1 < len(chosen):
                yield Preview(request.id, unmeasured_answer(round_))
        yield from self._explain(round_)

    def _ask_many(self, request: Request, questions: Sequence[str]) -> Iterator[Event]:
        if len(request.pages) > MODEL_PAGES:
            raise UsageError(f"Questions are answered together about {MODEL_PAGES} pages at most.")
        begun = self._begin(request)
        yield from self._read_words(begun)
        together = Together(self._model, self._held, self._feeder)
        for first in range(0, len(questions), QUESTIONS_AT_ONCE):
            asked = dict(enumerate(questions[first : first + QUESTIONS_AT_ONCE], start=first))
            yield from together.write(begun, asked)
            for number, round_ in together.rounds.items():
                yield from self._answered(round_, number)
        yield AllAnswered(request.id)

    def _answered(self, round_: Round, number: int) -> Iterator[Event]:
        """The evidence of one of several questions, without what is shown of it on the way."""
        try:
            for event in self._explain(round_):
                if isinstance(event, AnswerReady):
                    yield QuestionAnswered(event.request, number, event.answer)
                elif isinstance(event, Progress):
                    yield event
        except ENDS_ALL:
            raise
        except TesseraError as error:
            yield QuestionAnswered(round_.request.id, number, None, error.info)

    def _begin(self, request: Request) -> Round:
        self._feeder.check(request.reader)
        policy = self._model.policy_for(request.policy)
        round_ = Round(request, self._model.card, time.perf_counter(), policy)
        if policy != parse_policy(request.policy).id:
            round_.notices.append(f"This model reads pages by {policy}, not by the chosen {request.policy}.")
        return round_

    def _read_words(self, round_: Round) -> Generator[Progress | PageRead]:
        """Reads the words of the pages, known ones first; where the budget ends sooner, of those read by then."""
        request = round_.request
        pages: list[PageRef] = sorted(request.pages, key=lambda page: self._words.known(page) is None)
        for number, page in enumerate(pages):
            spent = time.perf_counter() - round_.started
            if request.budget_s is not None and spent >= request.budget_s and number >= MODEL_PAGES:
                round_.notices.append(f"Read {number} of {len(pages)} pages.")
                return
            yield Progress(request.id, number, len(pages), f"Reading page {number + 1} of {len(pages)}")
            self._held.pause()
            round_.read.append(self._words.words(page, keep_on_disk=request.keep_on_disk))
            yield PageRead(request.id, round_.read[-1])

    def _write(self, request: Request, fed: Fed, words: PageWords) -> Generator[Event, None, Written]:
        part = asked_part(fed)
        steps: list[Step] = []
        streamed = ""
        for step in self._model.decoder.stream(
            part, self._held.memory(fed), request.reader.max_tokens, self._model.stop
        ):
            self._held.pause()
            steps.append(step)
            now = self._model.text([step.token for step in steps])
            fresh = fresh_text(streamed, now)
            if fresh:
                streamed = now
                yield Token(request.id, fresh)
        return written(fed, words, steps, self._model)

    def _explain(self, round_: Round) -> Iterator[Event]:
        """The evidence of the best answer: where the model looked, then what hiding each slice takes from it."""
        request, best = round_.request, round_.best
        if best is None:
            yield AnswerReady(request.id, unmeasured_answer(round_))
            return
        fed, page = best.fed, best.words.page
        slices = len(fed.plan.slices)
        yield Progress(request.id, 0, slices, "Hiding the whole page")
        self._held.pause()
        self._held.prepare_blank(request, fed.held)
        asked = Asked(fed.model, fed.plan, fed.prompt, fed.features, best.tokens)
        memory = self._held.memory(fed)
        views = HiddenViews(asked, fed.blank, memory, self._held.memory(fed, blank=True))
        looked = Measured(EvidenceMethod.ATTENTION, self._looked(asked, memory, page), views.gain)
        preview = measured_answer(round_, best, looked)
        if not request.reader.contributions:
            yield AnswerReady(request.id, preview)
            return
        yield Preview(request.id, preview)
        replacements = yield from self._held.replacements(request, fed)
        again = ", all slices read again" if self._model.slices_encoder is not None else ""
        falls = []
        for fall in views.falls(replacements, self._held.pause):
            falls.append(fall)
            total = max(slices, 1)
            yield Progress(request.id, len(falls), total, f"Hid slice {len(falls)} of {total}{again}")
            yield ContributionFound(request.id, measured_contribution(page, fall, views.gain))
        found = ordered([measured_contribution(page, fall, views.gain) for fall in falls])
        pieces = pieces_of(self._model, best, falls, found, (views.full - views.hidden).tolist())
        measured = Measured(EvidenceMethod.HIDDEN_VIEWS, found, views.gain, pieces)
        yield AnswerReady(request.id, measured_answer(round_, best, measured))

    def _looked(self, asked: Asked, memory: Memory | None, page: PageRef) -> tuple[Contribution, ...]:
        """Attention by slice; none where the model's layers have no attention weights."""
        part = part_of(asked.embedded(asked.features), asked.prompt.page_length)
        attention = self._model.decoder.attention(part, memory)
        if attention is None:
            return ()
        shares = attention_shares(attention, len(asked.answer), asked.prompt.places)
        return looked_at(page, asked.plan.views, shares)
