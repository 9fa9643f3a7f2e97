"""Which pages of a document a question is about: BM25 over their words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from engine.readers.embedded.index import PageIndex
from engine.readers.embedded.question import Question

_K1, _B = 1.2, 0.6


def page_scores(question: Question, pages: Sequence[PageIndex]) -> list[float]:
    """BM25 of each page for the question's units; a unit counts by the best of its wordings' words.

    Okapi BM25 (Robertson and Zaragoza 2009) with k1 1.2 and b 0.6, a unit's weight in place of its query frequency.
    """
    counts = [Counter(page.terms[atom] for atom in page.atom_term) for page in pages]
    lengths = [sum(count.values()) for count in counts]
    usual = sum(lengths) / max(len(lengths), 1) or 1.0
    scores = [0.0] * len(pages)
    for unit in question.units:
        words = set(unit.words) | {word for phrase in unit.phrases if phrase.strength > 0.9 for word in phrase.words}
        for word in words:
            holding = sum(count[word] > 0 for count in counts)
            rarity = math.log(1 + (len(pages) - holding + 0.5) / (holding + 0.5))
            share = unit.weight / (1 if word in unit.words else 4)
            for number, count in enumerate(counts):
                often = count[word]
                norm = often + _K1 * (1 - _B + _B * lengths[number] / usual)
                scores[number] += share * rarity * often * (_K1 + 1) / norm
    return scores
