"""Questions about a whole table: how many rows it has, which row holds the largest or smallest figure of a column."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.readers.embedded.field_rules import amount_value
from engine.readers.embedded.index import PageIndex
from engine.readers.embedded.layout import Layout
from engine.readers.embedded.matching import match, strongest
from engine.readers.embedded.question import Question
from engine.readers.embedded.relations import Relation
from engine.readers.embedded.text import bare, words_of
from engine.readers.embedded.wording import word_list

_HEADER_FIT = 0.3


@dataclass(frozen=True, slots=True)
class Shaped:
    """An answer, its own tokens, the tokens it was found by, and the probability of being right."""

    text: str
    tokens: tuple[int, ...]
    support: tuple[int, ...]
    confidence: float


def extreme_row(question: Question, index: PageIndex) -> Shaped | None:
    """The row label whose figure in the named column is the largest or smallest; None without such a column."""
    words = {bare(word) for word in question.text.split()}
    smallest = bool(words & word_list("smallest"))
    units = tuple(unit for unit in question.units if not _SUPERLATIVES.intersection(unit.words))
    matched = match(replace(question, units=units), index)
    layout = index.layout
    header = strongest(index.links[Relation.COLUMN], matched.coverage, len(layout.segments))
    figures = {s.index: value for s in layout.segments if s.numeric and (value := amount_value(s.text)) is not None}
    if not figures or max(header[i] for i in figures) < _HEADER_FIT:
        return None
    peak = max(header[i] for i in figures)
    rows = set().union(*(row for row in table_rows(layout)))
    column = [i for i in figures if header[i] > 0.9 * peak and i in rows]
    labelled = [(figures[i], label) for i in column if (label := _row_label(layout, i)) is not None]
    if len(labelled) < 2:
        return None
    values = sorted((value for value, _ in labelled), reverse=not smallest)
    best = next(label for value, label in labelled if value == values[0])
    segment = layout.segments[best]
    clear = values[0] != values[1] and float(np.ptp([layout.segments[i].x1 for i in column])) < 6 * layout.line_height
    tokens = tuple(range(segment.start, segment.end))
    support = tuple(layout.segments[i].start for i in column if _row_label(layout, i) == best)
    return Shaped(segment.text, tokens, support, 0.85 if clear else 0.4)


_SUPERLATIVES = frozenset(word_list("largest") | word_list("smallest"))


def _row_label(layout: Layout, cell: int) -> int | None:
    row = layout.rows[layout.segments[cell].row]
    return next((i for i in row if not layout.segments[i].numeric and i != cell), None)


def table_rows(layout: Layout) -> list[tuple[int, ...]]:
    """The longest run of neighbouring rows with the same number of cells, give or take one, and figures in them."""
    best: list[tuple[int, ...]] = []
    run: list[tuple[int, ...]] = []
    for row in layout.rows:
        figures = sum(layout.segments[i].numeric for i in row)
        alike = run and abs(len(row) - len(run[-1])) <= 1 and _near(layout, run[-1], row)
        if len(row) >= 2 and figures and not _sums_up(layout, row):
            run = [*run, row] if alike else [row]
            best = max(best, run, key=len)
        else:
            run = []
    return best


def numbered(layout: Layout, rows: list[tuple[int, ...]]) -> bool:
    """Whether the rows begin with 1, 2, 3 and so on."""
    numbers = [layout.segments[row[0]].text.split()[0].strip(".)") for row in rows]
    return numbers == [str(n) for n in range(1, len(rows) + 1)]


def _near(layout: Layout, upper: tuple[int, ...], lower: tuple[int, ...]) -> bool:
    top, bottom = layout.segments[upper[0]], layout.segments[lower[0]]
    return bottom.y0 - top.y1 < 2.5 * layout.line_height


def _sums_up(layout: Layout, row: tuple[int, ...]) -> bool:
    first = words_of(layout.segments[row[0]].text)
    return bool(first) and first[0] in (
        "total",
        "subtotal",
        "sum",
        "summe",
        "totale",
        "totaal",
        "average",
        "mean",
        "all",
    )
