"""What a seam test found, as rows: across the seams against inside, with intervals, and each mode against the whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.bench.figures import Estimate, Share, estimate, gap_of, relative_gap_of, side_counts
from engine.bench.seam_test import Outcome
from engine.bench.slice_words import Mode

ALL_POLICIES = "all"


@dataclass(frozen=True, slots=True)
class SeamRow:
    """One measure of one mode under one policy. `gap` is the share inside less the share across (the seam gap, in
    shares of 1), `relative` that of the share inside. `change` is what this mode reads of the items across seams
    less what the whole page gives of the same items."""

    policy: str
    mode: str
    measure: str
    across: Share
    inside: Share
    gap: Estimate
    relative: Estimate
    change: Estimate


def seam_rows(outcomes: Sequence[Outcome]) -> list[SeamRow]:
    """Rows in the order in which policies, modes and measures came, and over all policies where there are several."""
    groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
    policies = list(dict.fromkeys(each.policy for each in outcomes))
    for each in outcomes:
        groups[each.policy, each.mode, each.measure].append(each)
    if len(policies) > 1:
        for each in outcomes:
            groups[ALL_POLICIES, each.mode, each.measure].append(each)
    whole = {(each.policy, each.measure, each.item): each for each in outcomes if each.mode == Mode.WHOLE}
    order = {policy: number for number, policy in enumerate([*policies, ALL_POLICIES])}
    modes = {mode: number for number, mode in enumerate(dict.fromkeys(each.mode for each in outcomes))}
    measures = {name: number for number, name in enumerate(dict.fromkeys(each.measure for each in outcomes))}
    keys = sorted(groups, key=lambda key: (order[key[0]], measures[key[2]], modes[key[1]]))
    return [_row(key, groups[key], whole) for key in keys]


def _row(key: tuple[str, str, str], own: Sequence[Outcome], whole: dict[tuple[str, str, str], Outcome]) -> SeamRow:
    policy, mode, measure = key
    counts = side_counts([(each.group, each.across, each.right) for each in own])
    across_right, across, inside_right, inside = (int(value) for value in counts.sum(0))
    return SeamRow(
        policy,
        mode,
        measure,
        Share(across_right, across),
        Share(inside_right, inside),
        estimate(counts, gap_of),
        estimate(counts, relative_gap_of),
        Estimate(None, None) if mode == Mode.WHOLE else _change(own, whole),
    )


def _change(own: Sequence[Outcome], whole: dict[tuple[str, str, str], Outcome]) -> Estimate:
    """Right in this mode less right on the whole page, per item across a seam."""
    pairs = [
        (each, whole[each.policy, each.measure, each.item])
        for each in own
        if each.across and (each.policy, each.measure, each.item) in whole
    ]
    numbers = {group: number for number, group in enumerate(dict.fromkeys(each.group for each, _ in pairs))}
    counts = np.zeros((len(numbers), 2))
    for each, before in pairs:
        counts[numbers[each.group]] += (each.right - before.right, 1)
    return estimate(counts, lambda sums: sums[:, 0] / sums[:, 1])
