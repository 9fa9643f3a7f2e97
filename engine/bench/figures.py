"""Shares and differences with their 95 % intervals: what tables, CSV and plots of the benches are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bench.scores import Counts, Interval, bootstrap, wilson


@dataclass(frozen=True, slots=True)
class Share:
    """`right` of `count`."""

    right: int
    count: int

    @property
    def value(self) -> float | None:
        return self.right / self.count if self.count else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's, 95 %; None of nothing."""
        return wilson(self.right, self.count) if self.count else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A difference and its bootstrap interval, 95 %, by groups of pages; None where it cannot be measured."""

    value: float | None
    interval: Interval | None


def gap_of(sums: Counts) -> Counts:
    """Of sums [rounds, (right across, across, right inside, inside)]: inside less across."""
    gap: Counts = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    return gap


def relative_gap_of(sums: Counts) -> Counts:
    """The same as a share of what is right inside."""
    relative: Counts = gap_of(sums) / (sums[:, 2] / sums[:, 3])
    return relative


def estimate(counts: Counts, figure: Callable[[Counts], Counts]) -> Estimate:
    """A figure of all of `counts` [clusters, columns] and its interval."""
    if not len(counts):
        return Estimate(None, None)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(figure(counts.sum(0, keepdims=True))[0])
    return Estimate(value, bootstrap(counts, figure)) if np.isfinite(value) else Estimate(None, None)


def side_counts(items: Sequence[tuple[str, bool, bool]]) -> Counts:
    """[groups, (right across, across, right inside, inside)] of (group, across, right)."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(group for group, _, _ in items))}
    counts = np.zeros((len(numbers), 4))
    for group, across, right in items:
        counts[numbers[group], (0 if across else 2) : (2 if across else 4)] += (right, 1)
    return counts
