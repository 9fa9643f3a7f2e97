"""Lines, blocks and reading order of a page, from word boxes alone, the same for text layers and OCR.

A *line* is a run of words on one baseline without a wide gap, so a label and a value at the other end of the row, or
two table cells, are two lines of the same height. A *block* is lines stacked closely with a common edge or middle.
Blocks are ordered by cutting the page at its white bands (a recursive XY-cut), columns of prose before rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from unicodedata import bidirectional

from engine.documents.types import Word
from engine.geometry import PageRect, bounding_rect

GAP_HEIGHTS = 1.5
"""Two words of a row belong to different lines when the gap exceeds this many line heights."""
LEADING_HEIGHTS = 1.3
"""Two lines belong to different blocks when the blank between them exceeds this many line heights."""
SIZE_RATIO = 1.6
"""... or when their heights differ by more than this factor (a headline above its text)."""
ROW_RATIO = 2.5
"""Words whose heights differ by more than this factor are not on one row (text running up the margin, drop caps)."""
PROSE_WORDS = 3.0
"""A column whose lines have at least this many words on average is prose, read to its end before the next one."""
PROSE_LINES = 3


@dataclass(frozen=True, slots=True)
class _Line:
    words: tuple[int, ...]
    box: PageRect


@dataclass(frozen=True, slots=True)
class _Block:
    lines: tuple[_Line, ...]
    box: PageRect

    @property
    def word_count(self) -> int:
        return sum(len(line.words) for line in self.lines)


def in_reading_order(words: Sequence[Word]) -> tuple[Word, ...]:
    """`words` sorted into reading order with `line` and `block` numbered from 0; lines are numbered page-wide."""
    ordered: list[Word] = []
    line_number = 0
    for block_number, block in enumerate(_ordered(_blocks(_lines(words)))):
        for line in block.lines:
            ordered += [replace(words[i], line=line_number, block=block_number) for i in line.words]
            line_number += 1
    return tuple(ordered)


def _lines(words: Sequence[Word]) -> list[_Line]:
    lines = []
    for row in _rows(words):
        run: list[int] = []
        height = median(words[i].box.height for i in row)
        for i in row:
            if run and words[i].box.x0 - max(words[j].box.x1 for j in run) > GAP_HEIGHTS * height:
                lines.append(_line(words, run))
                run = []
            run.append(i)
        lines.append(_line(words, run))
    return lines


def _line(words: Sequence[Word], run: Sequence[int]) -> _Line:
    box = bounding_rect([words[i].box for i in run])
    assert box is not None  # a run is never empty
    rightwards = sum(_runs_left(words[i].text) for i in run) * 2 <= len(run)
    return _Line(tuple(run) if rightwards else tuple(reversed(run)), box)


def _runs_left(text: str) -> bool:
    """True for Hebrew, Arabic and the like, whose lines are read from right to left."""
    return any(bidirectional(character) in {"R", "AL"} for character in text)


def _rows(words: Sequence[Word]) -> list[list[int]]:
    """Indices of words on one baseline, each row from left to right.

    A word joins the row whose last words it stands beside: on skewed scans the row is followed, not the mean.
    """
    rows: list[list[int]] = []
    for i in sorted(range(len(words)), key=lambda i: (words[i].box.x0, words[i].box.y0)):
        best, best_share = None, 0.5
        for row in rows:
            share = _beside(words[row[-1]].box, words[i].box)
            if share > best_share:
                best, best_share = row, share
        if best is None:
            rows.append([i])
        else:
            best.append(i)
    return rows


def _beside(left: PageRect, right: PageRect) -> float:
    """How well two boxes stand side by side: shared height over the lower one, 0 when one covers the other."""
    if right.x0 < left.x0 + 0.5 * left.width:
        return 0.0
    lower, higher = sorted((left.height, right.height))
    if lower <= 0 or higher > ROW_RATIO * lower:
        return 0.0
    return (min(left.y1, right.y1) - max(left.y0, right.y0)) / lower


def _blocks(lines: list[_Line]) -> list[_Block]:
    """Connected groups of lines that stand closely under each other and share an edge or their middle."""
    parent = list(range(len(lines)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    order = sorted(range(len(lines)), key=lambda i: lines[i].box.y0)
    for place, i in enumerate(order):
        reach = lines[i].box.y1 + LEADING_HEIGHTS * lines[i].box.height
        for j in order[place + 1 :]:
            if lines[j].box.y0 > reach:
                break
            if _stacked(lines[i].box, lines[j].box):
                parent[root(j)] = root(i)
    groups: dict[int, list[_Line]] = {}
    for i in order:
        groups.setdefault(root(i), []).append(lines[i])
    return [_block(group) for group in groups.values()]


def _block(lines: list[_Line]) -> _Block:
    box = bounding_rect([line.box for line in lines])
    assert box is not None  # a group is never empty
    return _Block(tuple(lines), box)


def _stacked(upper: PageRect, lower: PageRect) -> bool:
    height, other = sorted((upper.height, lower.height))
    if height <= 0 or other / height > SIZE_RATIO:
        return False
    blank = lower.y0 - upper.y1
    if blank > LEADING_HEIGHTS * other or blank < -0.5 * height:
        return False
    if min(upper.x1, lower.x1) <= max(upper.x0, lower.x0):
        return False
    slack = 1.5 * other
    return (
        abs(upper.x0 - lower.x0) < slack
        or abs(upper.x1 - lower.x1) < slack
        or abs(upper.center.x - lower.center.x) < slack
    )


def _ordered(blocks: list[_Block]) -> list[_Block]:
    """Reading order: prose columns one after the other, everything else from top to bottom, left to right."""
    if len(blocks) <= 1:
        return blocks
    columns = _cut(blocks, vertical=True)
    if len(columns) > 1 and all(_is_prose(column) for column in columns):
        return [block for column in columns for block in _ordered(column)]
    bands = _cut(blocks, vertical=False)
    if len(bands) > 1:
        return _bands_ordered(bands)
    if len(columns) > 1:
        return [block for column in columns for block in _ordered(column)]
    return sorted(blocks, key=lambda block: (block.box.y0, block.box.x0))


def _bands_ordered(bands: list[list[_Block]]) -> list[_Block]:
    """Bands from top to bottom; neighbouring bands that share a gutter between prose columns are read as one."""
    result: list[_Block] = []
    waiting: list[_Block] = []
    for band in bands:
        together = [*waiting, *band]
        if waiting and _in_columns(together):
            waiting = together
            continue
        result += _ordered(waiting) if waiting else []
        waiting = band
    return result + (_ordered(waiting) if waiting else [])


def _in_columns(blocks: list[_Block]) -> bool:
    columns = _cut(blocks, vertical=True)
    return len(columns) > 1 and all(_is_prose(column) for column in columns)


def _is_prose(blocks: list[_Block]) -> bool:
    lines = sum(len(block.lines) for block in blocks)
    words = sum(block.word_count for block in blocks)
    return lines >= PROSE_LINES and words / lines >= PROSE_WORDS


def _cut(blocks: list[_Block], *, vertical: bool) -> list[list[_Block]]:
    """Groups of blocks parted by white that runs through all of them: columns if `vertical`, else bands."""

    def span(block: _Block) -> tuple[float, float]:
        return (block.box.x0, block.box.x1) if vertical else (block.box.y0, block.box.y1)

    groups: list[list[_Block]] = []
    reach = float("-inf")
    for block in sorted(blocks, key=span):
        start, end = span(block)
        if not groups or start >= reach:
            groups.append([])
        groups[-1].append(block)
        reach = max(reach, end)
    return groups
