"""How answers compare with known ones, and how sure shares and their differences are: ANLS, Wilson, bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

RIGHT = 0.8
"""The ANLS from which an answer counts as right."""
SURE = 1.96
"""Standard deviations on either side of a 95 % interval."""
ROUNDS = 2000

Counts = NDArray[np.float64]
Interval = tuple[float, float]


def normalised(text: str) -> str:
    """Lower case, runs of white space as one blank."""
    return " ".join(text.lower().split())


def anls(given: str, golds: Iterable[str]) -> float:
    """Average normalised Levenshtein similarity of one answer (Biten et al. 2019), threshold 0.5, best over golds."""
    best = max((Levenshtein.normalized_similarity(normalised(given), normalised(g)) for g in golds), default=0.0)
    return best if best >= 0.5 else 0.0


def is_exact(given: str, golds: Iterable[str]) -> bool:
    return normalised(given) in {normalised(gold) for gold in golds}


def wilson(hits: int, count: int, z: float = SURE) -> Interval:
    """The Wilson score interval of a share; (0, 1) of nothing."""
    if count == 0:
        return 0.0, 1.0
    share = hits / count
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    middle, scale = share + z * z / (2 * count), 1 + z * z / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def bootstrap(
    counts: Counts, figure: Callable[[Counts], Counts], seed: int = 0, rounds: int = ROUNDS
) -> Interval | None:
    """The 95 % percentile interval of a figure of sums, by drawing clusters (pages, scenes) with replacement.

    `counts` is [clusters, columns]; `figure` takes the columns' sums [rounds, columns] and gives [rounds], NaN where
    a draw has no such figure. Draws without a figure are left out; None where there are none, or one cluster alone,
    which says nothing about others. Equal arguments give equal intervals.
    """
    if len(counts) < 2:
        return None
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=rounds)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = figure(drawn @ counts)
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return float(low), float(high)
