"""The cascade: the cheap reader first, then the model on few slices, then on more, until two answers agree."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.documents.types import PageRef
from engine.readers.protocol import Reader
from engine.readers.types import (
    Alternative,
    Answer,
    AnswerReady,
    AnswerStatus,
    Event,
    Failed,
    Preview,
    Progress,
    Request,
)
from engine.slicing.policies import parse_policy

FIRST_CAPS = (2, 4)
"""Slices that a page may cost in the first steps; the last step has all that the policy allows."""

CONFIDENT = 0.5
"""Two equal answers agree only where each is at least as likely as not by its reader's own count."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What the model answered under one cap."""

    policy: str
    answer: Answer


class CascadeReader:
    """Asks `embedded`; where that is not sure, `model`, on ever more slices.

    The answer is the embedded reader's where it is sure; else the model's, from the first step that agrees with what
    was answered before it, or from the last one. The request's `max_slices` and `budget_s` bound the steps: an
    answer that was cut short by them says so.
    """

    def __init__(self, embedded: Reader, model: Reader) -> None:
        self._embedded = embedded
        self._model = model

    def ask(self, request: Request) -> Iterator[Event]:
        """The events of the readers asked, the tokens of the last step alone, and one AnswerReady or Failed."""
        started = time.perf_counter()
        first: Answer | None = None
        for event in self._embedded.ask(replace(request, budget_s=None)):
            if isinstance(event, AnswerReady):
                first = event.answer
            else:
                yield event
            if isinstance(event, Failed):
                return
        assert first is not None
        if first.status is AnswerStatus.ANSWERED:
            yield AnswerReady(request.id, first)
            return
        yield Preview(request.id, first)
        yield from self._ask_model(request, first, started)

    def _ask_model(self, request: Request, first: Answer, started: float) -> Iterator[Event]:
        yield Progress(request.id, 0, 0, "Asking the model")
        policies = steps(request.policy, request.pages, request.reader.max_slices)
        last: _Step | None = None
        notice = ""
        for number, policy in enumerate(policies):
            ended = yield from self._step(request, policy)
            if ended is None:
                return
            before = first if last is None else last.answer
            # A model with a policy of its own reads the page in one way only: there is nothing more to be had.
            unchanged = last is not None and ended.plans == last.answer.plans
            last = _Step(policy, ended)
            if agree(before, ended) or unchanged or number == len(policies) - 1:
                break
            if request.budget_s is not None and time.perf_counter() - started >= request.budget_s:
                notice = f"The time of {request.budget_s:g} s was spent before two answers agreed."
                break
            yield Preview(request.id, ended)
        assert last is not None
        yield from self._finish(request, last.policy, first, notice, started)

    def _step(self, request: Request, policy: str) -> Generator[Event, None, Answer | None]:
        """Ask under one policy without measuring contributions; returns the answer, None where it failed."""
        quick = replace(request, policy=policy, budget_s=None, reader=replace(request.reader, contributions=False))
        for event in self._model.ask(quick):
            if isinstance(event, AnswerReady):
                return event.answer
            if isinstance(event, Failed):
                yield event
                return None
            if isinstance(event, Progress):
                yield event
        raise RuntimeError("the model's reader ended without an answer")

    def _finish(self, request: Request, policy: str, first: Answer, notice: str, started: float) -> Iterator[Event]:
        """The chosen step once more, now with its evidence: views and page are remembered, so it costs little."""
        for event in self._model.ask(replace(request, policy=policy, budget_s=None)):
            if isinstance(event, AnswerReady):
                yield AnswerReady(request.id, _together(event.answer, first, notice, time.perf_counter() - started))
            else:
                yield event


def steps(policy: str, pages: Sequence[PageRef], max_slices: int | None) -> tuple[str, ...]:
    """The policies of the cascade's steps, fewest slices first: `policy` under rising caps, each of which cuts at
    least one of `pages` into more slices than the one before. Raises UsageError and PlanRefusedError."""
    chosen = parse_policy(policy)
    top = chosen.cap if max_slices is None else max(1, min(chosen.cap, max_slices))
    caps = [cap for cap in FIRST_CAPS if cap < top] + [top]
    found: dict[tuple[int, ...], str] = {}
    for cap in caps:
        capped = replace(chosen, cap=cap)
        counts = tuple(len(capped.plan(page.native).slices) for page in pages)
        found.setdefault(counts, capped.id)
    return tuple(found.values())


def agree(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same, letter for letter, and both with confidence."""
    same = _letters(one.text) == _letters(other.text) != ""
    return same and min(one.confidence, other.confidence) >= CONFIDENT


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _together(answer: Answer, first: Answer, notice: str, seconds: float) -> Answer:
    others = answer.alternatives
    if first.text and _letters(first.text) != _letters(answer.text):
        evidence = first.evidence
        page, box = (0, None) if evidence is None else (evidence.page.index, evidence.box)
        others = (Alternative(first.text, first.confidence, page, box), *others)
    notices = (*answer.notices, notice) if notice else answer.notices
    return replace(answer, alternatives=others, notices=notices, seconds=seconds)
