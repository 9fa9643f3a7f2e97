"""The ablation: what is done is not done again, and the table says what the answers say."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from filelock import FileLock

from engine.bench import ablation
from engine.bench.ablation import Answered, Condition, Setup, answers, begin, conditions, run
from engine.bench.ablation_report import plot, report, rows_of, write_report
from engine.errors import CheckpointError, UsageError
from engine.training.recipes.entity_pages import Task, Where

SETUP = Setup(1, 2, Where.ANYWHERE, True, False, "cpu", 1, steps=2, tower_steps=1)


def made(variant: str, seed: int, inner: int, cut: int, pages: int = 10) -> list[Answered]:
    """Answers of a condition of which the first `inner` and `cut` pages are right."""
    condition = Condition(variant, seed)
    return [
        Answered(condition, "", Task.RECOGNITION, where, number, number < right, 16)
        for where, right in ((Where.INNER, inner), (Where.CUT, cut))
        for number in range(pages)
    ]


def test_the_gap_is_what_borders_cost_and_closed_what_of_it_is_won_back() -> None:
    plain, other = rows_of([*made("uhd", 0, 8, 4), *made("uhd", 1, 10, 6), *made("mining", 0, 8, 6)])
    assert (plain.inner.value, plain.cut.value, plain.gap.value) == pytest.approx((0.9, 0.5, 0.4))
    assert plain.gaps == pytest.approx((0.4, 0.4))
    assert (plain.seeds, other.seeds) == (2, 1)
    assert other.gap.value == pytest.approx(0.2)
    assert other.closed.value == pytest.approx(0.2)
    assert plain.closed.value is None
    low, high = plain.gap.interval or (0.0, 0.0)
    assert low < 0.4 < high


def test_the_report_says_how_many_seeds_there_are(tmp_path: Path) -> None:
    found = [*made("uhd", 0, 8, 4), *made("uhd", 1, 10, 6), *made("restore", 0, 8, 6)]
    assert "seeds each: uhd 2, restore 1" in report(found, SETUP)
    write_report(tmp_path, found, SETUP)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ablation.csv", "ablation.png", "ablation.txt"]
    assert plot(rows_of(found)).size[0] > 0


def test_a_part_of_an_ablation_is_balanced_over_variants() -> None:
    order = conditions(3)
    assert len(order) == 15
    assert [condition.seed for condition in order[:6]] == [0, 0, 0, 0, 0, 1]


def test_an_ablation_goes_on_where_it_was_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ablation, "VARIANTS", ("uhd",))
    threads = torch.get_num_threads()
    setup = begin(tmp_path, SETUP, None, resume=False)
    steps = iter(range(100))
    assert not run(tmp_path, setup, print, lambda: next(steps) >= 2)
    assert answers(tmp_path, 1) == []
    again = begin(tmp_path, SETUP, None, resume=True)
    assert run(tmp_path, again, print, lambda: False)
    found = answers(tmp_path, 1)
    assert len(found) == len(Where) * SETUP.pages
    assert run(tmp_path, again, print, pytest.fail)
    torch.set_num_threads(threads)


def test_another_ablation_is_not_mixed_in(tmp_path: Path) -> None:
    begin(tmp_path, SETUP, None, resume=False)
    with pytest.raises(UsageError, match="already holds an ablation"):
        begin(tmp_path, SETUP, None, resume=False)
    with pytest.raises(UsageError, match="is another one"):
        begin(tmp_path, Setup(1, 3, Where.ANYWHERE, True, False, "cpu", 1), None, resume=True)
    with pytest.raises(UsageError, match="no ablation to resume"):
        begin(tmp_path / "none", SETUP, None, resume=True)
    (tmp_path / "ablation.json").write_text("{")
    with pytest.raises(CheckpointError):
        begin(tmp_path, SETUP, None, resume=True)


def test_two_processes_share_an_ablation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What one is at, the other leaves alone, and does not call done."""
    monkeypatch.setattr(ablation, "VARIANTS", ("uhd",))
    setup = begin(tmp_path, SETUP, None, resume=False)
    (tmp_path / "seed-0").mkdir()
    with FileLock(tmp_path / "seed-0" / "tower.lock"):
        assert not run(tmp_path, setup, print, lambda: False)
    assert answers(tmp_path, 1) == []
