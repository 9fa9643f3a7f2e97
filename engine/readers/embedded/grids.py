"""Grids on a page: rows that head a table, cells that span lines, captions of boxed forms, segments with a label of
their own. Relations and features ask here; everything depends on the layout alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.readers.embedded.layout import Layout, Segment

_COMPLETE = re.compile(r"[^\W\d]{2,}[^:：]*[:：]\s?\S")
_NUMBERED = re.compile(r"\(?\d{1,2}[A-Za-z]?[.)]\s?[^\W\d]{2,}")
_MAX_ROWS, _MAX_GAP, _MAX_CELL_LINES, _MAX_CELL_WORDS = 60, 5.0, 4, 24
_FIGURE_ROWS = 2
_HEAD_REACH = 4.0


def is_complete(segment: Segment) -> bool:
    """Whether a segment holds a label and its value ("Depart: 28 Mar"): it labels nothing beside or below it."""
    return not segment.labelled and _COMPLETE.search(segment.text) is not None


def is_year(text: str) -> bool:
    stripped = text.strip("()*' ")
    return len(stripped) == 4 and stripped.isdigit() and stripped[:2] in ("17", "18", "19", "20")


def head_rows(layout: Layout) -> dict[int, int]:
    """For each row below a table's head the number of the row that heads it: the nearest one above with several cells
    and no figure, the rows between them no further apart than a table's are."""
    found: dict[int, int] = {}
    head: int | None = None
    for number, row in enumerate(layout.rows):
        cells = [layout.segments[i] for i in row]
        above = [layout.segments[i] for i in layout.rows[number - 1]] if number else []
        gap = min(s.y0 for s in cells) - max((s.y1 for s in above), default=0.0)
        if gap > _MAX_GAP * layout.line_height:
            head = None
        if len(cells) >= 2 and not any(s.numeric and not is_year(s.text) for s in cells):
            head = number
        elif head is not None and number - head < _MAX_ROWS:
            found[number] = head
    return found


def head_cells(layout: Layout) -> frozenset[int]:
    """The cells of rows that head two or more rows of figures, the first of them in the next row or the one after."""
    figures: dict[int, list[int]] = {}
    for row, head in head_rows(layout).items():
        if any(layout.segments[i].numeric for i in layout.rows[row]):
            figures.setdefault(head, []).append(row)
    heads = [head for head, rows in figures.items() if len(rows) >= _FIGURE_ROWS and rows[0] <= head + 2]
    wide = [head for head in heads if len(layout.rows[head]) + 1 >= len(layout.rows[figures[head][0]])]
    return frozenset(i for head in wide for i in layout.rows[head])


def nearest_head(layout: Layout, cell: Segment, head: int) -> int | None:
    """The cell of row `head` that stands nearest above `cell`; None where another cell of its row is nearer to it."""
    heads = [layout.segments[i] for i in layout.rows[head]]
    chosen = min(heads, key=lambda h: _apart(h, cell))
    if _apart(chosen, cell) > _HEAD_REACH * layout.line_height:
        return None
    rivals = (layout.segments[i] for i in layout.rows[cell.row])
    return chosen.index if min(rivals, key=lambda s: _apart(chosen, s)).index == cell.index else None


def _apart(upper: Segment, lower: Segment) -> float:
    """The horizontal gap between two segments; where they overlap, less than nothing the nearer their middles are."""
    gap = max(upper.x0 - lower.x1, lower.x0 - upper.x1)
    middles = abs(upper.x0 + upper.x1 - lower.x0 - lower.x1) / 2
    return gap if gap > 0 else middles / 1e6 - 1e-3


def tall_cells(layout: Layout) -> list[tuple[int, ...]]:
    """Blocks of two to four short lines of words: cells that cells of one line stand beside, between their lines."""
    found = []
    for block in layout.blocks:
        lines = [layout.segments[i] for i in block]
        words = sum(line.end - line.start for line in lines)
        if 2 <= len(block) <= _MAX_CELL_LINES and words <= _MAX_CELL_WORDS and not any(s.numeric for s in lines):
            found.append(block)
    return found


def captions(layout: Layout) -> frozenset[int]:
    """Numbered captions of a boxed form ("24. Reason for leaving"): there are rows with several of them."""
    numbered = {s.index for s in layout.segments if _NUMBERED.match(s.text) is not None}
    several = [row for row in layout.rows if sum(i in numbered for i in row) >= 2]
    return frozenset(numbered) if len(several) >= 2 else frozenset()


def under(upper: Sequence[Segment], lower: Sequence[Segment]) -> float:
    """The share of two rows' cells that stand one under one (0–1): each overlaps just one cell of the other row."""
    pairs = [[other for other in lower if min(s.x1, other.x1) > max(s.x0, other.x0)] for s in upper]
    single = sum(len(found) == 1 and sum(found[0] in others for others in pairs) == 1 for found in pairs)
    return single / max(len(upper), len(lower))


def place_marks(layout: Layout, places: Sequence[tuple[int, ...]]) -> dict[str, NDArray[np.float64]]:
    """Looks of places that tell where their value stands, 1 or 0 for each: `colon` it ends as a label does, `stacked`
    it is a cell with another cell flush below it, `beside` it is a cell with another one close to its right, `heads`
    and `headed` (0–1) its row looks like labels over the row below, or like values under the labels above."""
    stacked, beside = _stacked(layout), _beside(layout)
    heads = row_pairs(layout)
    marks = {name: np.zeros(len(places)) for name in ("colon", "stacked", "beside", "heads", "headed")}
    for number, tokens in enumerate(places):
        if not tokens:
            continue
        marks["colon"][number] = layout.tokens[tokens[-1]].text.endswith((":", "："))
        segment = layout.segments[layout.segment_of[tokens[-1]]]
        if segment.start == tokens[0] and segment.end == tokens[-1] + 1:
            marks["stacked"][number] = segment.index in stacked
            marks["beside"][number] = segment.index in beside
        marks["heads"][number] = heads.get(segment.row, 0.0)
        marks["headed"][number] = heads.get(segment.row - 1, 0.0)
    return marks


def _stacked(layout: Layout) -> set[int]:
    """Segments with another one flush below: the same left edge, a line away, in the next row or two."""
    found = set()
    for row, below in pairwise(layout.rows):
        for index in row:
            upper = layout.segments[index]
            for other_index in below:
                lower = layout.segments[other_index]
                unit = min(upper.height, lower.height)
                if abs(upper.x0 - lower.x0) < unit and lower.y0 - upper.y1 < 1.5 * unit:
                    found.add(index)
    return found


def row_pairs(layout: Layout) -> dict[int, float]:
    """For each row how much it looks like a row of labels with their values in the next row (0–1).

    Three signs: cells flush above cells, the next row closer than the row before, figures below and none above.
    """
    found: dict[int, float] = {}
    stacked, numbered = _stacked(layout), captions(layout)
    for number, (row, below) in enumerate(pairwise(layout.rows)):
        upper, lower = [layout.segments[i] for i in row], [layout.segments[i] for i in below]
        flush = sum(i in stacked for i in row) / max(len(row), len(below))
        if len(row) >= 2:
            flush = max(flush, 0.9 * under(upper, lower))
        if sum(i in numbered for i in row) >= 2 and not any(i in numbered for i in below):
            found[number] = 0.8
            continue
        if flush < 0.5 or any(segment.numeric for segment in upper):
            continue
        down = min(s.y0 for s in lower) - max(s.y1 for s in upper)
        before = layout.rows[number - 1] if number else ()
        up = min(s.y0 for s in upper) - max((layout.segments[i].y1 for i in before), default=-1e9)
        after = layout.rows[number + 2] if number + 2 < len(layout.rows) else ()
        on = min((layout.segments[i].y0 for i in after), default=1e9) - max(s.y1 for s in lower)
        closer = float(down < 0.8 * up) * 0.5 + float(down < 0.8 * on) * 0.5
        figures = sum(any(c.isdigit() for c in s.text) for s in lower) / len(lower)
        plain = sum(not any(c.isdigit() for c in s.text) for s in upper) / len(upper)
        found[number] = flush * (0.15 + 0.5 * closer + 0.35 * figures * plain)
    return found


def _beside(layout: Layout) -> set[int]:
    reach = 10 * layout.line_height
    return {
        left
        for row in layout.rows
        for left, right in pairwise(row)
        if layout.segments[right].x0 - layout.segments[left].x1 < reach
    }


def year_headings(layout: Layout) -> frozenset[int]:
    """The segments of rows that hold several years: heads of columns, no figures of the table."""
    rows = [[i for i in row if is_year(layout.segments[i].text)] for row in layout.rows]
    return frozenset(i for row in rows if len(row) > 1 for i in row)
