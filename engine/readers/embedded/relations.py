"""How segments stand to each other: what is left of, right of, above, below, the column header, the row, the section.

Every relation maps a segment to *places*: stretches of tokens that may be the label of what the segment holds, each
with a strength (0–1) that falls with distance.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from engine.readers.embedded.grids import (
    head_rows,
    is_complete,
    is_year,
    nearest_head,
    row_pairs,
    tall_cells,
)
from engine.readers.embedded.layout import Layout, Segment, is_unit


class Relation(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    ABOVE = "above"
    BELOW = "below"
    COLUMN = "column"
    ROW = "row"
    SECTION = "section"
    BEFORE = "before"
    AFTER = "after"
    SENTENCE = "sentence"
    NEAR = "near"
    LEADING = "leading"
    TRAILING = "trailing"
    ADJACENT = "adjacent"


SEGMENT_RELATIONS = (
    Relation.LEFT,
    Relation.RIGHT,
    Relation.ABOVE,
    Relation.BELOW,
    Relation.COLUMN,
    Relation.ROW,
    Relation.SECTION,
)


@dataclass(slots=True)
class Places:
    """Stretches of tokens, each known by its number; the same stretch is entered once."""

    tokens: list[tuple[int, ...]] = field(default_factory=list)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def add(self, tokens: tuple[int, ...]) -> int:
        number = self._numbers.get(tokens)
        if number is None:
            number = self._numbers[tokens] = len(self.tokens)
            self.tokens.append(tokens)
        return number


Links = list[list[tuple[int, float]]]
"""For each segment its (place, strength) pairs in one relation."""


_COMPLETE = 0.5
"""What a segment with a label of its own is worth as the label of another."""

_PAIRED = 0.4
"""From here on a row counts as labels over the values of the next row (see `row_pairs`)."""


_CAPTION_LINES = 5
"""The most lines of a caption below a figure."""


class Neighbours:
    """Finds every relation of every segment of one layout. `prose` tells for each segment of running text which of
    the page's paragraphs it belongs to: only its first line may have a label, and no line is the label of the next."""

    def __init__(self, layout: Layout, places: Places, prose: Mapping[int, int]) -> None:
        self._layout = layout
        self._paragraph = np.asarray([prose.get(s.index, -1 - s.index) for s in layout.segments], dtype=np.int64)
        self._segments = layout.segments
        firsts = {number: index for index, number in sorted(prose.items(), reverse=True)}
        self._running = prose.keys() - firsts.values()
        self._places = places
        self._block_of = {index: block for block in layout.blocks for index in block}
        self._upper = self._overlapping_above()
        self._heads = row_pairs(layout)
        self._head_rows = head_rows(layout)
        self._tall = tall_cells(layout)
        self._worth = [_COMPLETE if is_complete(s) else 1.0 for s in layout.segments]
        heights = [segment.height for segment in layout.segments]
        self._usual_height = statistics.median(heights) if heights else 1.0

    def links(self) -> dict[Relation, Links]:
        found: dict[Relation, Links] = {relation: [[] for _ in self._segments] for relation in SEGMENT_RELATIONS}
        headings = self._headings()
        for segment in self._segments:
            index = segment.index
            found[Relation.SECTION][index] = self._section(segment, headings)
            if index in self._running:
                continue
            self._row(segment, found)
            found[Relation.ABOVE][index] = self._above(segment)
            found[Relation.COLUMN][index] = [] if self._paragraph[index] >= 0 else self._column(segment)
        for segment in self._segments:
            self._below(segment, found)
        self._beside_tall(found)
        self._keyed(found)
        return found

    def _beside_tall(self, found: dict[Relation, Links]) -> None:
        """Cells of several lines label the cells that stand beside them between two of their lines."""
        for block in self._tall:
            lines = [self._segments[i] for i in block]
            rows = {line.row for line in lines}
            right = max(line.x1 for line in lines)
            for segment in self._segments:
                between = lines[0].y0 < (segment.y0 + segment.y1) / 2 < lines[-1].y1
                if between and segment.x0 >= right and segment.row not in rows and segment.index not in self._running:
                    place = self._place(*block)
                    found[Relation.LEFT][segment.index].append((place, 0.9))
                    found[Relation.ROW][segment.index].append((place, 0.95))

    def _keyed(self, found: dict[Relation, Links]) -> None:
        """Rows that begin with a figure are named by it and its column's head together: "8" under "Distance (km)"."""
        for row in self._layout.rows:
            key = self._segments[row[0]]
            heads = found[Relation.COLUMN][key.index]
            if len(row) < 2 or not key.numeric or not heads:
                continue
            head = max(heads, key=lambda link: (link[1], len(self._places.tokens[link[0]])))[0]
            place = self._places.add((*self._places.tokens[head], *range(key.start, key.end)))
            for index in row[1:]:
                found[Relation.ROW][index].append((place, 0.95))

    def _place(self, *indices: int) -> int:
        spans = [range(self._segments[i].start, self._segments[i].end) for i in indices]
        return self._places.add(tuple(token for span in spans for token in span))

    def _row(self, segment: Segment, found: dict[Relation, Links]) -> None:
        row = self._layout.rows[segment.row]
        at = row.index(segment.index)
        unit = max(self._layout.line_height, 1e-6)
        for position, other_index in enumerate(row):
            if position == at:
                continue
            other = self._segments[other_index]
            strength = (1.0 if position == 0 else 0.8 if position < at else 0.6) * self._worth[other_index]
            found[Relation.ROW][segment.index].append((self._place(other_index), strength))
            if position == at + 1:
                gap = (other.x0 - segment.x1) / unit
                found[Relation.RIGHT][segment.index].append((self._place(other_index), _fade(gap, 3, 20)))
        left = [self._segments[i] for i in row[:at]]
        text_left = [other for other in left if not other.numeric and not is_unit(other.text)]
        if text_left:
            nearest = text_left[-1]
            between = at - row.index(nearest.index) - 1
            strength = (1.0, 0.6, 0.4)[min(between, 2)] * _fade((segment.x0 - nearest.x1) / unit, 25, 90)
            strength *= self._worth[nearest.index]
            self._add_left(segment, nearest, strength, found)

    def _add_left(self, segment: Segment, label: Segment, strength: float, found: dict[Relation, Links]) -> None:
        found[Relation.LEFT][segment.index].append((self._place(label.index), strength))
        block = self._block_of[label.index]
        if 2 <= len(block) <= 3 and self._one_label(block):
            place = self._place(*block)
            found[Relation.LEFT][segment.index].append((place, 0.9 * strength))
            found[Relation.ROW][segment.index].append((place, 0.9))

    def _one_label(self, lines: Sequence[int]) -> bool:
        """Whether lines under each other may be one label: no figures, and no label among them over its own value."""
        segments = [self._segments[i] for i in lines]
        paired = any(self._heads.get(segment.row, 0.0) > _PAIRED for segment in segments[:-1])
        return not paired and not any(segment.numeric for segment in segments)

    def _overlapping_above(self) -> list[list[int]]:
        """For each segment the segments above it that share horizontal space, nearest first."""
        x0, y0, x1, y1, row = (
            np.asarray([getattr(segment, name) for segment in self._segments])
            for name in ("x0", "y0", "x1", "y1", "row")
        )
        upper: list[list[int]] = []
        for n, segment in enumerate(self._segments):
            shared = np.minimum(x1[:n], x1[n]) - np.maximum(x0[:n], x0[n])
            enough = shared > 0.25 * np.minimum(x1[:n] - x0[:n], x1[n] - x0[n])
            higher = (row[:n] != row[n]) & (y1[:n] <= y0[n] + 0.5 * segment.height)
            higher &= self._paragraph[:n] != self._paragraph[n]
            found = np.flatnonzero(enough & higher)
            upper.append([int(i) for i in found[np.argsort(-y1[found], kind="stable")]])
        return upper

    def _above(self, segment: Segment) -> list[tuple[int, float]]:
        """The nearest segment above, alone and with the lines stacked on it, and the next one at less strength."""
        above = self._upper[segment.index][:3]
        links = self._boxed(segment, above)
        if not above:
            return links
        unit = max(self._layout.line_height, 1e-6)
        stack: list[int] = []
        skew = 1.0
        for depth, index in enumerate(above):
            other = self._segments[index]
            gap = (segment.y0 - other.y1) / unit
            side = min(abs(other.x0 - segment.x0), abs(other.x0 + other.x1 - segment.x0 - segment.x1) / 2)
            skew = 1.0 if side < 2 * unit else 0.75
            strength = (1.0, 0.6, 0.4)[depth] * _fade(gap, 1.5, 8) * skew * self._worth[index]
            links.append((self._place(index), strength))
            stack.insert(0, index)
            if depth and self._one_label(stack) and index in self._block_of[above[0]]:
                links.append((self._place(*stack), 0.95 * skew))
        return links

    def _boxed(self, segment: Segment, above: Sequence[int]) -> list[tuple[int, float]]:
        """The label of the box that the segment stands in, where the row above holds labels and none is over it."""
        if self._heads.get(segment.row - 1, 0.0) <= _PAIRED or any(
            self._segments[i].row == segment.row - 1 for i in above
        ):
            return []
        labels = [self._segments[i] for i in self._layout.rows[segment.row - 1]]
        before = [label for label in labels if label.x0 <= segment.x0 + segment.height]
        near = before and segment.y0 - before[-1].y1 < 3 * self._layout.line_height
        return [(self._place(before[-1].index), 0.9)] if near else []

    def _below(self, segment: Segment, found: dict[Relation, Links]) -> None:
        """Enter `segment` as the label below of the nearest segment above it."""
        if not self._upper[segment.index]:
            return
        other = self._segments[self._upper[segment.index][0]]
        unit = max(self._layout.line_height, 1e-6)
        gap = (segment.y0 - other.y1) / unit
        side = min(abs(other.x0 - segment.x0), abs(other.x0 + other.x1 - segment.x0 - segment.x1) / 2)
        skew = 1.0 if side < 2 * unit else 0.6
        strength = skew * _fade(gap, 0.8, 3)
        found[Relation.BELOW][other.index].append((self._place(segment.index), strength))
        block = self._block_of[segment.index]
        lines = block[block.index(segment.index) :][:_CAPTION_LINES]
        if (
            len(lines) > 1
            and other.index not in block
            and self._one_label(lines)
            and segment.index not in self._running
        ):
            found[Relation.BELOW][other.index].append((self._place(*lines), 0.95 * strength))

    def _column(self, segment: Segment) -> list[tuple[int, float]]:
        """Header candidates: the lines where the column above the cell turns from values to words, and its top."""
        chain = self._upper[segment.index]
        links: list[tuple[int, float]] = []
        previous = segment
        texts: list[int] = []
        unit = max(self._layout.line_height, 1e-6)
        for index in chain[:60]:
            other = self._segments[index]
            gap = (previous.y0 - other.y1) / unit
            if gap > 5 or (texts and gap > 2.5):
                break
            if self._worth[index] < 1.0:
                continue
            header_like = not other.numeric or is_year(other.text)
            if header_like:
                texts.append(index)
                own = 0.95 if segment.numeric else 0.7
                links.append((self._place(index), own * self._narrowness(other, segment)))
            elif texts and segment.numeric:
                break
            previous = other
        group = self._group_header(texts, segment)
        if group is not None:
            links.append((self._place(group), 0.9))
            links.append((self._place(group, texts[-1]), 0.95))
        return self._with_stacks(links, texts, segment) + self._nearest_head(segment, texts)

    def _nearest_head(self, cell: Segment, texts: Sequence[int]) -> list[tuple[int, float]]:
        """The head of the table nearest to a figure, where narrow figures stand clear of their wide heads."""
        head = self._head_rows.get(cell.row)
        if head is None or not cell.numeric:
            return []
        nearest = nearest_head(self._layout, cell, head)
        return [] if nearest is None or nearest in texts else [(self._place(nearest), 0.9)]

    def _group_header(self, texts: Sequence[int], cell: Segment) -> int | None:
        """The header over several columns that the cell's column belongs to: in the row above its own header the one
        whose middle is nearest, where that row has fewer headers than columns; None where the column's chain has it."""
        if not cell.numeric or not texts:
            return None
        header = self._segments[texts[-1]]
        above = self._layout.rows[header.row - 1] if header.row else ()
        groups = [s for s in (self._segments[i] for i in above) if not s.numeric or is_year(s.text)]
        columns = len(self._layout.rows[header.row])
        if len(groups) < 2 or len(groups) >= columns or header.y0 - groups[0].y1 > 2.5 * self._layout.line_height:
            return None
        middle = header.x0 + header.x1
        return min(groups, key=lambda group: abs(group.x0 + group.x1 - middle)).index

    def _narrowness(self, header: Segment, cell: Segment) -> float:
        """1 for a header over the cell's column alone, less the more of the cell's row it spans: titles span it all."""
        row = [self._segments[i] for i in self._layout.rows[cell.row]]
        spanned = sum(min(header.x1, s.x1) - max(header.x0, s.x0) > 0.3 * (s.x1 - s.x0) for s in row)
        return (1.0, 1.0, 0.92, 0.8, 0.6, 0.45)[min(spanned, 5)]

    def _with_stacks(
        self, links: list[tuple[int, float]], texts: list[int], segment: Segment
    ) -> list[tuple[int, float]]:
        if not texts:
            return links
        links = links[:4] + links[-2:] if len(links) > 6 else links
        top = sorted(texts, key=lambda i: self._segments[i].y0)
        top = [i for i in top if self._narrowness(self._segments[i], segment) >= 0.8]
        for length in (2, 3):
            if len(top) >= length and self._one_label(top[:length]):
                links.append((self._place(*top[:length]), 0.95 if segment.numeric else 0.8))
                if segment.numeric:
                    links.append((self._place(*top[-length:]), 0.95))
        if top and not segment.numeric:
            links.append((self._place(top[0]), 0.9))
        return links

    def _headings(self) -> list[Segment]:
        return [segment for segment in self._segments if self._is_heading(segment)]

    def _is_heading(self, segment: Segment) -> bool:
        words = segment.end - segment.start
        if words > 12 or segment.numeric or not any(char.isalpha() for char in segment.text):
            return False
        alone = len(self._layout.rows[segment.row]) == 1
        large = segment.height > 1.18 * self._usual_height
        capitals = segment.text.isupper() and len(segment.text) > 3
        return large or (alone and (capitals or segment.labelled or self._stands_apart(segment)))

    def _stands_apart(self, segment: Segment) -> bool:
        """A short line at the head of a block, or alone, with space above it."""
        block = self._block_of[segment.index]
        if block[0] != segment.index or segment.end - segment.start > 8 or segment.text.rstrip().endswith((".", ",")):
            return False
        above = self._upper[segment.index]
        return not above or segment.y0 - self._segments[above[0]].y1 > 0.8 * segment.height

    def _section(self, segment: Segment, headings: Sequence[Segment]) -> list[tuple[int, float]]:
        links = []
        near = [h for h in headings if h.y1 <= segment.y0 + 0.3 * segment.height and h.index != segment.index]
        near.sort(key=lambda h: h.y1, reverse=True)
        side = [h for h in near if h.x0 < segment.x1 and h.x0 < segment.x0 + 12 * self._layout.line_height]
        for depth, heading in enumerate(side[:3]):
            links.append((self._place(heading.index), (0.9, 0.7, 0.5)[depth]))
        if headings:
            links.append((self._place(headings[0].index), 0.4))
        return links


def _fade(distance: float, full: float, gone: float) -> float:
    """1 up to `full` line heights, falling to 0.2 at `gone` and beyond."""
    if distance <= full:
        return 1.0
    return max(0.2, 1.0 - 0.8 * (distance - full) / (gone - full))
