"""What the reading benches print: pointing, shares with Wilson intervals, a table of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.bench.scores import RIGHT, wilson
from engine.geometry import PageRect

_MAX_POINTING_AREA = 4.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One asked question: what was given for it and how that compares.

    `status` is the answer's (answered, unsure, not_found, error). `anls` and `exact` are 0 where no answer is known;
    `pointing` is None unless the answer is right and its gold box is known.
    """

    family: str
    kind: str
    question: str
    golds: tuple[str, ...]
    given: str
    status: str
    confidence: float
    anls: float
    exact: bool
    pointing: bool | None
    seconds: float

    @property
    def present(self) -> bool:
        return bool(self.golds)

    @property
    def right(self) -> bool:
        return self.anls >= RIGHT


def points_at(box: PageRect | None, gold: PageRect) -> bool:
    """Whether `box` holds the centre of `gold` and is at most four times its area."""
    return box is not None and box.contains(gold.center) and box.area <= _MAX_POINTING_AREA * gold.area


def shown_share(hits: int, count: int) -> str:
    """`0.93 [0.88, 0.96] 93/100`, or a dash of nothing."""
    if count == 0:
        return "-"
    low, high = wilson(hits, count)
    return f"{hits / count:.2f} [{low:.2f}, {high:.2f}] {hits}/{count}"


def table(outcomes: Sequence[Outcome], by: Callable[[Outcome], str]) -> list[str]:
    """One line for each group and one for all: ANLS, exact, answered, precision of answered, pointing, silence."""
    head = f"{'group':<22}{'n':>5}{'ANLS':>7}{'exact':>7}{'answ.':>7}  {'precision of answered':<28}{'pointing':<28}"
    lines = [f"{head}{'absent: not answered':<28}{'ms':>7}"]
    groups = sorted({by(o) for o in outcomes})
    lines += [_line(name, [o for o in outcomes if by(o) == name]) for name in groups]
    return [*lines, _line("ALL", list(outcomes))] if len(groups) > 1 else lines


def _line(name: str, outcomes: list[Outcome]) -> str:
    present = [o for o in outcomes if o.present]
    absent = [o for o in outcomes if not o.present]
    answered = [o for o in present if o.status == "answered"]
    pointed = [o.pointing for o in present if o.pointing is not None]
    silent = sum(o.status != "answered" for o in absent)
    score = f"{_mean([o.anls for o in present]):>7.3f}{_mean([o.exact for o in present]):>7.3f}"
    share = f"{len(answered) / len(present) if present else 0:>7.2f}"
    precision = shown_share(sum(o.right for o in answered), len(answered))
    ms = 1000 * _mean([o.seconds for o in outcomes])
    tail = f"{shown_share(sum(pointed), len(pointed)):<28}{shown_share(silent, len(absent)):<28}{ms:>7.1f}"
    return f"{name:<22}{len(present):>5}{score}{share}  {precision:<28}{tail}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
