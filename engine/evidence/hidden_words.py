"""Contributions of slices by hiding their words: the embedded reader's leave-one-slice-out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from engine.documents.types import PageRef, Word
from engine.evidence.slices import SliceWords, words_by_slice
from engine.evidence.types import Contribution
from engine.slicing.plan import SlicePlan

Rescore = Callable[[frozenset[int]], float]
"""The score of one fixed answer with these words (indices) hidden; 0 when nothing of the answer is left."""

PARTIAL_POWER = 4
"""An answer that lost a word is another answer: its score falls with this power of the share still printed."""


def hidden_share(answer: Sequence[int], hidden: frozenset[int], words: Sequence[Word]) -> float:
    """The share (0–1) of the answer's printed area that is hidden."""
    total = sum(words[number].box.area for number in answer)
    gone = sum(words[number].box.area for number in answer if number in hidden)
    return gone / total if total > 0 else 0.0


def kept_score(score: float, answer: Sequence[int], hidden: frozenset[int], words: Sequence[Word]) -> float:
    """`score` reduced for the answer's own words that are hidden."""
    return float(score * (1.0 - hidden_share(answer, hidden, words)) ** PARTIAL_POWER)


def contributions(
    plan: SlicePlan,
    page: PageRef,
    words: Sequence[Word],
    support: Collection[int],
    rescore: Rescore,
) -> tuple[Contribution, ...]:
    """Every slice's contribution to one answer, best first.

    `support` are the words the score depends on, the answer's own first: only slices that hold one are scored again.
    Slices that cost the same are ordered by how much of the answer they hold, then row-major.
    """
    full = rescore(frozenset())
    found = []
    for held in words_by_slice(plan, page, words):
        hidden = held.words & frozenset(support)
        fall = full - rescore(held.words) if hidden else 0.0
        share = fall / full if full > 0 else 0.0
        found.append((Contribution(page.index, held.row, held.col, held.box, share, share), _held(held, support, words)))
    found.sort(key=lambda item: (-item[0].joint, -item[1], item[0].row or 0, item[0].col or 0))
    return tuple(contribution for contribution, _ in found)


def _held(held: SliceWords, support: Collection[int], words: Sequence[Word]) -> float:
    """The area of the supporting words inside the slice; earlier words of `support`, the answer's own, count most."""
    total = 0.0
    for rank, number in enumerate(support):
        shared = words[number].box.intersection(held.box)
        total += (shared.area if shared else 0.0) / (1 + rank)
    return total
