"""What no question changes about a page's candidates: form, kind, place and look of each, as named numbers."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from functools import lru_cache
from itertools import pairwise

import numpy as np

from engine.readers.embedded.candidates import Candidate, Form
from engine.readers.embedded.grids import captions, head_cells, year_headings
from engine.readers.embedded.index import Floats, PageIndex
from engine.readers.embedded.labels import printed_words
from engine.readers.embedded.layout import Layout, Segment
from engine.readers.embedded.values import Kind


@lru_cache(maxsize=32)
def page_features(index: PageIndex) -> dict[str, Floats]:
    """Features that no question changes: form, kind, place and look of each candidate."""
    layout, found = index.layout, index.candidates
    following = {line: after for block in layout.blocks for line, after in pairwise(block)}
    years, boxed, heading = year_headings(layout), captions(layout), head_cells(layout)
    dates = [candidate.tokens for candidate in found if candidate.kind is Kind.DATE]
    said = Counter(candidate.text for candidate in {(c.text, c.tokens): c for c in found}.values())
    size = statistics.median(s.height for s in layout.segments) if layout.segments else 1.0
    rows: list[list[float]] = []
    for candidate in found:
        segment = layout.segments[candidate.segment]
        marks = index.own_place[len(rows)]
        whole = candidate.tokens[0] == segment.start and candidate.tokens[-1] >= segment.end - 1
        words = len(candidate.tokens)
        rows.append(
            [
                *(float(candidate.form is form) for form in Form),
                float(candidate.kind is Kind.TEXT),
                float(whole),
                float(candidate.sentence >= 0),
                min(words / 12, 1.0),
                float(whole and segment.labelled),
                _label_words(candidate, index),
                float(segment.numeric),
                *_row_place(segment, layout),
                float(index.place_marks["stacked"][marks]),
                float(index.place_marks["heads"][marks]),
                float(index.place_marks["headed"][marks]),
                _goes_on(candidate, index, following),
                float(_INNER_LABEL.search(candidate.text) is not None),
                float(candidate.segment in years and candidate.text == segment.text),
                float(any(_inside(candidate.tokens, date) for date in dates)),
                float(candidate.segment in boxed),
                float(candidate.segment in heading),
                min(said[candidate.text] - 1, 4) / 4,
                *_place(segment, layout, size),
            ]
        )
    table = np.asarray(rows).reshape(len(rows), len(_PAGE_NAMES))
    return {name: table[:, column] for column, name in enumerate(_PAGE_NAMES)}


_PAGE_NAMES = (
    "is_value",
    "is_segment",
    "is_after_label",
    "is_tail",
    "is_head",
    "is_bracket",
    "is_block",
    "is_name",
    "is_phrase",
    "is_sentence",
    "is_text",
    "whole",
    "in_sentence",
    "length",
    "ends_as_label",
    "label_words",
    "numeric",
    "first_of_row",
    "last_of_row",
    "beside_numbers",
    "stacked",
    "heads",
    "headed",
    "goes_on",
    "holds_label",
    "heading_year",
    "in_date",
    "caption",
    "head_cell",
    "said_again",
    "large",
    "from_top",
    "to_bottom",
    "row_number",
    "alone",
    "capitals",
    "aside",
)


def _inside(tokens: tuple[int, ...], date: tuple[int, ...]) -> bool:
    """Whether tokens are a mere part of a date: its year, its day."""
    return len(tokens) < len(date) and date[0] <= tokens[0] and tokens[-1] <= date[-1]


_INNER_LABEL = re.compile(r"[^\W\d]{2,}\s?[:：]\s?\S")


def _goes_on(candidate: Candidate, index: PageIndex, following: dict[int, int]) -> float:
    """1 where the candidate's text ends a line and the next line of its block begins in lower case."""
    layout = index.layout
    last = candidate.tokens[-1]
    line = layout.segment_of[last]
    if candidate.kind is not Kind.TEXT or layout.segments[line].end != last + 1 or line not in following:
        return 0.0
    text = candidate.text
    return float(layout.segments[following[line]].text[:1].islower() and not text.endswith((".", "!", "?")))


def _place(segment: Segment, layout: Layout, usual: float) -> tuple[float, ...]:
    """How large the segment is printed, how near the page's top and bottom, its row, whether it is alone there, in
    capitals, and how far from the left edge."""
    rows = len(layout.rows)
    return (
        min(max(segment.height / max(usual, 1e-6) - 1.0, 0.0), 1.5) / 1.5,
        max(1.0 - 4 * segment.y0 / max(layout.height, 1e-6), 0.0),
        max(1.0 - 4 * (layout.height - segment.y1) / max(layout.height, 1e-6), 0.0),
        max(1.0 - segment.row / min(8, max(rows, 1)), 0.0),
        float(len(layout.rows[segment.row]) == 1),
        float(segment.text.isupper()),
        min(max(segment.x0 / max(layout.width, 1e-6), 0.0), 1.0),
    )


def _row_place(segment: Segment, layout: Layout) -> tuple[float, float, float]:
    """Whether a segment begins or ends its row, stands before figures."""
    row = layout.rows[segment.row]
    at = row.index(segment.index)
    following = [layout.segments[i] for i in row[at + 1 :]]
    return (
        float(at == 0),
        float(not following),
        float(bool(following) and following[0].numeric),
    )


def _label_words(candidate: Candidate, index: PageIndex) -> float:
    """The share of a candidate's words that are words of printed labels: values are made of other words."""
    if candidate.kind not in (Kind.TEXT, Kind.COMPANY, Kind.PERSON) or len(candidate.tokens) > 8:
        return 0.0
    known = printed_words()
    forms = [term for token in candidate.tokens for term in index.token_terms(token)]
    return sum(form in known for form in forms) / max(len(forms), 1)
