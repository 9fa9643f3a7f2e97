"""The embedded reader: reads the pages a question is about, answers, and says which words and slices it used."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence

from engine.documents.types import PageRef, PageWords
from engine.errors import CancelledError, TesseraError
from engine.evidence.hidden_words import contributions, kept_score
from engine.evidence.types import Evidence, EvidenceMethod
from engine.geometry import PageRect, bounding_rect
from engine.readers.embedded.answering import Found, answers, rescored
from engine.readers.embedded.calibrate import status_of, thresholds
from engine.readers.embedded.index import PageIndex, build_index
from engine.readers.embedded.question import Question, parse
from engine.readers.embedded.rank import Ranker, shipped_ranker
from engine.readers.protocol import WordSourceProtocol
from engine.readers.revisions import embedded_revision
from engine.readers.types import (
    Alternative,
    Answer,
    AnswerReady,
    AnswerStatus,
    Event,
    Failed,
    PageRead,
    Preview,
    Progress,
    Request,
)
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan

_KEPT_INDICES = 256
_MAX_ALTERNATIVES = 4


class EmbeddedReader:
    """Answers from printed words and their places; not a language model.

    `words` is where the words of pages come from; `cancelled` is asked between steps; `ranker` is the shipped one
    unless another is to be compared with it. Indices of pages are kept, so that the second question about a page is
    cheap.
    """

    def __init__(
        self,
        words: WordSourceProtocol,
        cancelled: Callable[[], bool] = lambda: False,
        ranker: Ranker | None = None,
    ) -> None:
        self._words = words
        self._cancelled = cancelled
        self._ranker = ranker
        self._indices: OrderedDict[tuple[object, ...], PageIndex] = OrderedDict()

    def ask(self, request: Request) -> Iterator[Event]:
        """Progress and PageRead for each page, then one AnswerReady or Failed.

        With a budget, a Preview from the pages read so far comes once the budget is spent and pages are still unread.
        """
        try:
            yield from self._ask(request)
        except TesseraError as error:
            yield Failed(request.id, error.info)

    def _ask(self, request: Request) -> Iterator[Event]:
        started = time.perf_counter()
        question = parse(request.question)
        ranker = self._ranker or shipped_ranker()
        read: list[PageIndex] = []
        previewed = request.budget_s is None
        for number, page in enumerate(self._nearest_known_first(request.pages)):
            yield Progress(request.id, number, len(request.pages), f"Reading page {number + 1} of {len(request.pages)}")
            read.append(self._index(page, request.keep_on_disk))
            yield PageRead(request.id, read[-1].words)
            self._stop_if_cancelled()
            unread = number + 1 < len(request.pages)
            spent = time.perf_counter() - started
            if not previewed and unread and request.budget_s is not None and spent >= request.budget_s:
                previewed = True
                yield Preview(request.id, self._answer(request, question, ranker, read, started))
        yield AnswerReady(request.id, self._answer(request, question, ranker, read, started))

    def _nearest_known_first(self, pages: Sequence[PageRef]) -> list[PageRef]:
        """Pages whose words are known come first: an early answer then costs nothing."""
        return sorted(pages, key=lambda page: self._words.known(page) is None)

    def _index(self, page: PageRef, keep_on_disk: bool) -> PageIndex:
        words = self._words.words(page, keep_on_disk=keep_on_disk)
        key = (words.page.document.sha256, words.page.index, words.page.orientation, words.pixels, len(words.words))
        index = self._indices.get(key)
        if index is None or index.words != words:
            index = self._indices[key] = build_index(words)
        self._indices.move_to_end(key)
        while len(self._indices) > _KEPT_INDICES:
            self._indices.popitem(last=False)
        return index

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise CancelledError("The question was cancelled.", "")

    def _answer(
        self, request: Request, question: Question, ranker: Ranker, read: Sequence[PageIndex], started: float
    ) -> Answer:
        found = answers(question, read, ranker)
        self._stop_if_cancelled()
        limits = thresholds(ranker.calibration)
        best = found[0] if found else None
        status = AnswerStatus.NOT_FOUND if best is None else status_of(best.confidence, limits)
        shown = best if status is not AnswerStatus.NOT_FOUND else None
        others = found if shown is None else found[1:]
        evidence: Evidence | None = None
        plans: tuple[tuple[int, SlicePlan], ...] = ()
        if shown is not None:
            slices = plan(request.policy, shown.index.words.page.native)
            evidence = _evidence(shown, question, ranker, slices)
            plans = ((shown.index.words.page.index, slices),)
        return Answer(
            text=shown.text if shown else "",
            status=status,
            confidence=best.confidence if best else 0.0,
            calibrated=True,
            evidence=evidence,
            alternatives=tuple(_alternative(item) for item in others[:_MAX_ALTERNATIVES]),
            plans=plans,
            pages_read=tuple(sorted(index.words.page.index for index in read)),
            pages_asked=tuple(page.index for page in request.pages),
            reader="embedded",
            model="rules",
            revision=embedded_revision(),
            precision="",
            device="cpu",
            pixels=shown.index.words.page.native if shown else None,
            seconds=time.perf_counter() - started,
            notices=_notices(request, read),
        )


def _evidence(found: Found, question: Question, ranker: Ranker, slices: SlicePlan) -> Evidence:
    page: PageWords = found.index.words
    tokens = found.index.layout.tokens
    own = tuple(dict.fromkeys(tokens[t].word for t in found.tokens))
    labels = tuple(dict.fromkeys(tokens[t].word for t in found.support if tokens[t].word not in own))
    support = (*own, *labels)

    def rescore(hidden: frozenset[int]) -> float:
        gone = frozenset(number for number, token in enumerate(tokens) if token.word in hidden)
        score = rescored(found, question, ranker, gone) if hidden.intersection(labels) else found.confidence
        return kept_score(min(score, found.confidence), own, hidden, page.words)

    return Evidence(
        page=page.page,
        box=_box(found),
        words=tuple(page.words[number] for number in support),
        answer_words=len(own),
        contributions=contributions(slices, page.page, page.words, own, labels, rescore),
        visual_gain=found.confidence,
        method=EvidenceMethod.HIDDEN_WORDS,
    )


def _box(found: Found) -> PageRect | None:
    """The box of the answer's own words in page units; where the answer is a part of a word, of that part."""
    tokens, words = found.index.layout.tokens, found.index.words.words
    return bounding_rect([words[tokens[t].word].box for t in found.tokens])


def _alternative(found: Found) -> Alternative:
    return Alternative(found.text, found.confidence, found.index.words.page.index, _box(found))


def _notices(request: Request, read: Sequence[PageIndex]) -> tuple[str, ...]:
    notices = [notice for index in read for notice in index.words.notices]
    if len(read) < len(request.pages):
        notices.append(f"Read {len(read)} of {len(request.pages)} pages.")
    return tuple(dict.fromkeys(notices))
