"""Heads of tables set so closely that they run into one line: parted where the columns below them part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from engine.readers.embedded.wording import ANY_STOP_WORDS

if TYPE_CHECKING:
    from engine.readers.embedded.layout import Token

Run = list["Token"]

_SEEN_ROWS, _LEAST_CELLS, _MOST_WORDS = 5, 3, 16
_ROW_GAP = 2.5
_AWRY = 0.9
"""How far, in line heights, a head may be off the edges and the middle of its column."""


def part_heads(rows: Sequence[list[Run]], line_height: float, is_figure: Callable[[str], bool]) -> list[list[Run]]:
    """The rows, their runs of words parted where they are heads of several columns of the rows that follow."""
    return [
        _parted(runs, _columns(rows, number, line_height, is_figure), line_height) for number, runs in enumerate(rows)
    ]


def _columns(
    rows: Sequence[list[Run]], number: int, line_height: float, is_figure: Callable[[str], bool]
) -> list[tuple[float, float]]:
    """The columns below row `number`, left to right: what two of the next rows agree on, else none."""
    if any(is_figure(token.text) for run in rows[number] for token in run):
        return []
    data: list[list[Run]] = []
    for upper, lower in pairwise(rows[number : number + 1 + _SEEN_ROWS]):
        if min(t.y0 for r in lower for t in r) - max(t.y1 for r in upper for t in r) > _ROW_GAP * line_height:
            break
        if len(lower) >= _LEAST_CELLS and any(is_figure(run[0].text) for run in lower):
            data.append(lower)
    alike = next(((a, b) for a, b in combinations(data, 2) if len(a) == len(b)), None)
    if alike is None:
        return []
    columns = [(min(a[0].x0, b[0].x0), max(a[-1].x1, b[-1].x1)) for a, b in zip(*alike, strict=True)]
    return columns if all(left[1] < right[0] for left, right in pairwise(columns)) else []


def _parted(runs: list[Run], columns: Sequence[tuple[float, float]], line_height: float) -> list[Run]:
    found: list[Run] = []
    for run in runs:
        others = [other for other in runs if other is not run]
        own = [c for c in columns if c[1] > run[0].x0 and c[0] < run[-1].x1 and not any(_over(o, c) for o in others)]
        cuts = _cuts(run, own, _AWRY * line_height) if 2 <= len(own) <= len(run) <= _MOST_WORDS else None
        found += [run] if cuts is None else [run[a:b] for a, b in pairwise((0, *cuts, len(run)))]
    return found


def _over(run: Run, column: tuple[float, float]) -> bool:
    return run[0].x0 < column[1] and run[-1].x1 > column[0]


def _cuts(run: Run, columns: Sequence[tuple[float, float]], awry: float) -> tuple[int, ...] | None:
    """Where to part a run so that each part stands over its column; None where no way to do so fits."""
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {(0, 0): (0.0, ())}
    for number, column in enumerate(columns):
        for start, end in ((a, b) for a in range(len(run)) for b in range(a + 1, len(run) + 1)):
            known = best.get((number, start))
            off = _off(run[start], run[end - 1], column)
            if known is None or off > awry or _links(run[start]) or _links(run[end - 1]):
                continue
            reached = (known[0] + off, (*known[1], end))
            if (number + 1, end) not in best or reached < best[number + 1, end]:
                best[number + 1, end] = reached
    whole = best.get((len(columns), len(run)))
    return None if whole is None else whole[1][:-1]


def _links(token: Token) -> bool:
    """Whether a word ties the words around it into one phrase: a title over a table does so, its heads do not."""
    return token.norm in ANY_STOP_WORDS and token.text.islower()


def _off(first: Token, last: Token, column: tuple[float, float]) -> float:
    """How far a part is off its column: by left edges, right edges or middles, whichever agree best."""
    middle = abs(first.x0 + last.x1 - column[0] - column[1]) / 2
    return min(abs(first.x0 - column[0]), abs(last.x1 - column[1]), middle)
