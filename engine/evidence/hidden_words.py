"""Contributions of slices by hiding their words: the embedded reader's leave-one-slice-out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    answer: Sequence[int],
    labels: Sequence[int],
    rescore: Rescore,
) -> tuple[Contribution, ...]:
    """Every slice's contribution to one answer, best first.

    `answer` and `labels` are all the words the score depends on: only slices that hold one are scored again. Slices
    that cost the same (a word on a border belongs to both) stand by how much of the answer they hold, then row-major.
    """
    full = rescore(frozenset())
    support = frozenset((*answer, *labels))
    found = []
    for held in words_by_slice(plan, page, words):
        fall = full - rescore(held.words) if held.words & support else 0.0
        share = fall / full if full > 0 else 0.0
        made = Contribution(page.index, held.row, held.col, held.box, share, share)
        found.append((made, _area_inside(held, answer, words)))
    found.sort(key=lambda item: (-round(item[0].joint, 9), -item[1], item[0].row or 0, item[0].col or 0))
    return tuple(contribution for contribution, _ in found)


def _area_inside(held: SliceWords, answer: Sequence[int], words: Sequence[Word]) -> float:
    shared = (words[number].box.intersection(held.box) for number in answer)
    return sum(part.area for part in shared if part is not None)
