"""The scores that the reading benches print."""

from __future__ import annotations

import pytest

from engine.bench.scores import anls, is_exact, wilson
from engine.geometry import PageRect
from tests.bench.scoring import points_at, shown_share


def test_anls_ignores_case_and_white_space_and_takes_the_best_gold() -> None:
    assert anls("  Net\n30 ", ("net 30",)) == 1.0
    assert anls("12.30", ("RM 12.30", "12.30")) == 1.0
    assert anls("abcd", ("abcx",)) == pytest.approx(0.75)


def test_anls_below_one_half_counts_nothing() -> None:
    assert anls("abc", ("xyz",)) == 0.0
    assert anls("", ("xyz",)) == 0.0
    assert anls("anything", ()) == 0.0


def test_exact_is_equality_after_folding() -> None:
    assert is_exact("NET 30", ("Net 30",))
    assert not is_exact("Net 3", ("Net 30",))


def test_pointing_needs_the_centre_and_no_more_than_four_times_the_area() -> None:
    gold = PageRect(10, 10, 20, 20)
    assert points_at(PageRect(8, 8, 22, 22), gold)
    assert not points_at(PageRect(0, 0, 40, 40), gold)
    assert not points_at(PageRect(16, 16, 20, 20), gold)
    assert not points_at(None, gold)


def test_the_wilson_interval_holds_the_share_and_narrows_with_more_cases() -> None:
    low, high = wilson(95, 100)
    assert (low, high) == (pytest.approx(0.888, abs=0.001), pytest.approx(0.978, abs=0.001))
    wider = wilson(19, 20)
    assert wider[0] < low
    assert wider[1] > high
    assert wilson(0, 0) == (0.0, 1.0)
    assert shown_share(0, 0) == "-"
