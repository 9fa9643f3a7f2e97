"""Which pages of a document a question is about: BM25 over their words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from engine.readers.embedded.index import PageIndex
from engine.readers.embedded.question import Question

_K1, _B = 1.2, 0.6


def page_scores(question: Question, pages: Sequence[PageIndex]) -> list[float]:
    """BM25 of each indexed page for the question's units."""
    return term_scores(question, [Counter(page.terms[atom] for atom in page.atom_term) for page in pages])


def term_scores(question: Question, counts: Sequence[Mapping[str, int]]) -> list[float]:
    """BM25 of pages by how often each has each matched word; a unit counts by the best of its wordings' words.

    Okapi BM25 (Robertson and Zaragoza 2009) with k1 1.2 and b 0.6, a unit's weight in place of its query frequency.
    """
    lengths = [sum(count.values()) for count in counts]
    usual = sum(lengths) / max(len(lengths), 1) or 1.0
    scores = [0.0] * len(counts)
    for unit in question.units:
        words = set(unit.words) | {word for phrase in unit.phrases if phrase.strength > 0.9 for word in phrase.words}
        for word in words:
            often_by_page = [count.get(word, 0) for count in counts]
            holding = sum(often > 0 for often in often_by_page)
            rarity = math.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
            share = unit.weight / (1 if word in unit.words else 4)
            for number, often in enumerate(often_by_page):
                norm = often + _K1 * (1 - _B + _B * lengths[number] / usual)
                scores[number] += share * rarity * often * (_K1 + 1) / norm
    return scores
