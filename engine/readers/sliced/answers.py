"""Answers of a sliced model as plain data: from what it wrote and what was measured to text, status and evidence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.documents.types import PageRef, PageWords
from engine.evidence.anchors import anchor
from engine.evidence.hidden_views import Fall, share
from engine.evidence.types import AnswerPiece, Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect, bounding_rect
from engine.readers.sliced.protocol import ModelCard, SlicedModel
from engine.readers.sliced.writing import Written, status_of, word_tokens
from engine.readers.types import Alternative, Answer, AnswerStatus, Request
from engine.slicing.plan import View

READER = "model"
NO_DEPENDENCE = "This answer does not depend on the page."


@dataclass(slots=True)
class Round:
    """One question being answered: what was read, which pages were chosen for the model, what it wrote so far."""

    request: Request
    card: ModelCard
    started: float
    policy: str
    notices: list[str] = field(default_factory=list)
    read: list[PageWords] = field(default_factory=list)
    drafts: list[Written] = field(default_factory=list)

    @property
    def best(self) -> Written | None:
        """The surest answer that is none of “I don't know”; the first of equals."""
        given = [draft for draft in self.drafts if not draft.declined]
        return max(given, key=lambda draft: draft.confidence, default=None)


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of where the best answer came from. `contributions` are best first, `gain` is in nats."""

    method: EvidenceMethod
    contributions: tuple[Contribution, ...]
    gain: float
    pieces: tuple[AnswerPiece, ...] = ()


def unmeasured_answer(round_: Round) -> Answer:
    """The best answer so far with nothing known of where it came from, so never more than a guess; or the refusal."""
    best = round_.best
    return _answer(round_, best, None, AnswerStatus.UNSURE if best is not None else AnswerStatus.NOT_FOUND)


def measured_answer(round_: Round, best: Written, measured: Measured) -> Answer:
    """The best answer with its evidence. Of several places that say it, the one in the slices that count is meant."""
    page = best.words.page

    def welcome(box: PageRect) -> float:
        return sum(found.joint * box.overlap_share(found.box) for found in measured.contributions)

    own = anchor(best.text, best.words.words, welcome)
    words = tuple(best.words.words[number] for number in own)
    evidence = Evidence(
        page=page,
        box=bounding_rect([word.box for word in words]),
        words=words,
        answer_words=len(words),
        contributions=measured.contributions,
        visual_gain=measured.gain,
        method=measured.method,
        pieces=measured.pieces,
    )
    return _answer(round_, best, evidence, status_of(measured.gain, bool(words)))


def looked_at(page: PageRef, views: Sequence[View], shares: Sequence[float]) -> tuple[Contribution, ...]:
    """Attention by slice, best first, as the preview carries it; the overview's alone where the page is unsliced."""
    both = list(zip(views, shares, strict=True))
    slices = [(view, value) for view, value in both if view.row is not None] or both
    return ordered([contribution(page, view, value, value) for view, value in slices])


def measured_contribution(page: PageRef, fall: Fall, gain: float) -> Contribution:
    """The contribution of one slice to the whole answer."""
    return contribution(page, fall.view, share(fall.detail, gain), share(fall.joint, gain))


def contribution(page: PageRef, view: View, detail: float, joint: float) -> Contribution:
    return Contribution(page.index, view.row, view.col, page.to_units(view.rect), detail, joint)


def ordered(found: Sequence[Contribution]) -> tuple[Contribution, ...]:
    """Best first; equals row-major."""
    return tuple(sorted(found, key=lambda item: (-item.joint, item.row or 0, item.col or 0)))


def pieces_of(
    model: SlicedModel,
    best: Written,
    falls: Sequence[Fall],
    order: Sequence[Contribution],
    hidden_fall: Sequence[float],
) -> tuple[AnswerPiece, ...]:
    """The answer word by word: what each slice, in `order`, contributes to it. `hidden_fall` is, per token, the fall
    in nats when all views are hidden."""
    by_place = {(fall.view.row, fall.view.col): fall for fall in falls}
    own = [by_place[item.row, item.col] for item in order]
    pieces = []
    for start, end, tokens in word_tokens(model, best.tokens, best.text):
        gain = sum(hidden_fall[number] for number in tokens)
        pieces.append(AnswerPiece(start, end, tuple(share(fall.joint[tokens], gain) for fall in own)))
    return tuple(pieces)


def _answer(round_: Round, best: Written | None, evidence: Evidence | None, status: AnswerStatus) -> Answer:
    card, request = round_.card, round_.request
    notices = [*round_.notices, *(notice for draft in round_.drafts for notice in draft.words.notices)]
    if evidence is not None and not evidence.depends_on_page:
        notices.append(NO_DEPENDENCE)
    others = sorted((draft for draft in round_.drafts if draft is not best), key=lambda draft: -draft.confidence)
    return Answer(
        text=best.text if best is not None else "",
        status=status,
        confidence=(best or max(round_.drafts, key=lambda draft: draft.confidence)).confidence,
        calibrated=False,
        evidence=evidence,
        alternatives=tuple(_alternative(draft) for draft in others if not draft.declined),
        plans=tuple((draft.words.page.index, draft.fed.plan) for draft in round_.drafts),
        pages_read=tuple(sorted(words.page.index for words in round_.read)),
        pages_asked=tuple(page.index for page in request.pages),
        reader=READER,
        model=card.name,
        revision=card.revision,
        precision=card.precision,
        device=card.device,
        pixels=(best or round_.drafts[0]).fed.held.size,
        seconds=time.perf_counter() - round_.started,
        notices=tuple(dict.fromkeys(notices)),
    )


def _alternative(draft: Written) -> Alternative:
    own = anchor(draft.text, draft.words.words)
    box = bounding_rect([draft.words.words[number].box for number in own])
    return Alternative(draft.text, draft.confidence, draft.words.page.index, box)
