"""One question over indexed pages: the best answer, its probability, its runners-up and the words that support it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.readers.embedded.calibrate import probability, signals
from engine.readers.embedded.features import Fit, fit
from engine.readers.embedded.index import Floats, PageIndex
from engine.readers.embedded.pages import page_scores
from engine.readers.embedded.priors import misfits, unsaid_figure
from engine.readers.embedded.question import Question, Shape
from engine.readers.embedded.rank import Ranker
from engine.readers.embedded.relations import SEGMENT_RELATIONS
from engine.readers.embedded.rivals import rivals_of
from engine.readers.embedded.shapes import shaped_answer
from engine.readers.embedded.text import fold

_MAX_PAGES = 6
_DISPUTE = 0.3
_GUESS = 0.5
_PAGE_BONUS = 1.5
"""How far, in nats, an answer falls behind for standing on a page that says nothing the question says."""
_MAX_SUPPORT = 12


@dataclass(frozen=True, slots=True)
class Found:
    """An answer on one page: token numbers of its own words and of the words it was found by. `candidate` is its
    number in the page's candidates, None for answers made of the whole page (counts, yes or no, sections)."""

    index: PageIndex
    text: str
    tokens: tuple[int, ...]
    support: tuple[int, ...]
    confidence: float
    score: float
    candidate: int | None


def answers(question: Question, pages: Sequence[PageIndex], ranker: Ranker, count: int = 5) -> list[Found]:
    """The best answers over all pages, best first, each text once; empty when no page holds a candidate."""
    chosen = _best_pages(question, pages)
    found: list[Found] = []
    if question.shape is not Shape.VALUE:
        found = [made for page, _ in chosen for made in _shaped(question, page)]
    if question.shape is not Shape.YES_NO and not found:
        found = [made for page, bonus in chosen for made in _ranked(question, page, ranker, bonus, count)]
    found.sort(key=lambda item: -item.score)
    distinct: dict[str, Found] = {}
    for item in found:
        distinct.setdefault(fold(item.text), item)
    best = list(distinct.values())[:count]
    if best:
        best[0] = _disputed(best[0], best[1:])
    return best


def _disputed(best: Found, others: Sequence[Found]) -> Found:
    """The best answer, less sure where another page has a good answer of its own that says something else."""
    rival = max((item.confidence for item in others if item.index is not best.index), default=0.0)
    return replace(best, confidence=best.confidence * (1 - _DISPUTE * rival))


def rescored(found: Found, question: Question, ranker: Ranker, hidden: frozenset[int]) -> float:
    """The confidence of the same answer with some tokens hidden, its own words aside (0–1)."""
    if found.candidate is None:
        gone = len(hidden.intersection(found.support)) / max(len(found.support), 1)
        return found.confidence * (1 - 0.8 * gone)
    fitted = fit(question, found.index, hidden)
    return _confidence(fitted, ranker.logits(fitted), found.candidate, found.index, ranker)


def _best_pages(question: Question, pages: Sequence[PageIndex]) -> list[tuple[PageIndex, float]]:
    """The pages worth answering from, with how far each falls behind the best of them (0 or less)."""
    held = [page for page in pages if page.candidates]
    if len(held) <= 1:
        return [(page, 0.0) for page in held]
    scores = page_scores(question, held)
    peak = max(scores)
    order = sorted(range(len(held)), key=lambda n: -scores[n])[:_MAX_PAGES]
    opens = question.field in _ON_FIRST_PAGE
    first = min(range(len(held)), key=lambda n: held[n].words.page.index)
    order = [first, *(n for n in order if n != first)] if opens else order
    return [(held[n], _behind(scores[n], peak, n) - float(opens and n != first)) for n in order]


_ON_FIRST_PAGE = frozenset(("title", "author", "company", "to", "from", "subject"))
"""Fields of a document as a whole: what later pages print of the kind is about a part of it."""


def _behind(score: float, peak: float, number: int) -> float:
    return (score - peak) / peak if peak > 0 else -0.1 * number


def _ranked(question: Question, page: PageIndex, ranker: Ranker, bonus: float, count: int) -> list[Found]:
    fitted = fit(question, page)
    logits = ranker.logits(fitted)
    texts = [candidate.text for candidate in page.candidates]
    best = int(logits.argmax())
    doubtful = unsaid_figure(question, fitted.match)
    found = []
    for number in [best, *rivals_of(texts, logits, best, count)]:
        candidate = page.candidates[number]
        confidence = _confidence(fitted, logits, number, page, ranker)
        if doubtful or misfits(question, candidate):
            confidence = min(confidence, _GUESS)
        support = _support(fitted, page, number)
        score = float(logits[number]) + _PAGE_BONUS * bonus
        found.append(Found(page, candidate.text, candidate.tokens, support, confidence, score, number))
    return found


def _confidence(fitted: Fit, logits: Floats, number: int, page: PageIndex, ranker: Ranker) -> float:
    texts = [candidate.text for candidate in page.candidates]
    votes = ranker.votes(fitted, texts, number)
    return probability(signals(fitted, logits, number, rivals_of(texts, logits, number), votes), ranker.calibration)


def _support(fitted: Fit, page: PageIndex, number: int) -> tuple[int, ...]:
    """The words the candidate was found by: for each unit of the question the words of its best place around it."""
    own = set(page.candidates[number].tokens)
    chosen: dict[int, float] = {}
    for unit, weight in enumerate(fitted.match.weights):
        if weight < 0.15:
            continue
        place, value = _best_place(fitted, page, number, unit)
        if place is None or value < 0.35:
            continue
        tokens = [token for token in page.places[place] if token not in own]
        if len(tokens) > 8:
            tokens = _said(fitted, page, unit, tokens)
        for token in tokens:
            chosen[token] = max(chosen.get(token, 0.0), value * float(weight))
    best = sorted(chosen, key=lambda token: -chosen[token])[:_MAX_SUPPORT]
    return tuple(sorted(best))


def _best_place(fitted: Fit, page: PageIndex, number: int, unit: int) -> tuple[int | None, float]:
    best: tuple[int | None, float] = (None, 0.0)
    for relation, table in page.links.items():
        owner = page.candidates[number].segment if relation in SEGMENT_RELATIONS else number
        first, last = np.searchsorted(table.owner, (owner, owner + 1))
        if first == last:
            continue
        at = slice(first, last)
        values = fitted.match.units[unit, table.place[at]] * table.strength[at]
        precise = values * (0.7 + 0.3 * np.minimum(fitted.match.label[table.place[at]], 1.0))
        top = int(precise.argmax())
        if precise[top] > best[1]:
            best = (int(table.place[first + top]), float(precise[top]))
    return best


def _said(fitted: Fit, page: PageIndex, unit: int, tokens: Sequence[int]) -> list[int]:
    """Of the words of a long place (a sentence) those that say the unit."""
    likeness = fitted.match.tokens_said(unit, page)
    return [token for token in tokens if likeness[token] > 0.6]


def _shaped(question: Question, page: PageIndex) -> list[Found]:
    made = shaped_answer(question, page)
    if made is None:
        return []
    return [Found(page, made.text, made.tokens, made.support, made.confidence, made.confidence, None)]
