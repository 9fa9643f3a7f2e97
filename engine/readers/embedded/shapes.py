"""Answers that are no single value: the text of a section, a count, yes or no. Only where the words decide it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.readers.embedded.candidates import Form
from engine.readers.embedded.index import PageIndex
from engine.readers.embedded.layout import Layout, Segment
from engine.readers.embedded.matching import Match, match, strongest
from engine.readers.embedded.question import Question, Shape
from engine.readers.embedded.relations import Relation
from engine.readers.embedded.tables import Shaped, extreme_row, numbered, table_rows
from engine.readers.embedded.text import words_of
from engine.readers.embedded.values import run_of
from engine.readers.embedded.wording import word_list

_MAX_SECTION_WORDS = 160
_HEADING_FIT = 0.55
_YES = {"en": "Yes", "de": "Ja", "fr": "Oui", "es": "Sí", "it": "Sì", "nl": "Ja", "pt": "Sim", "ar": "نعم", "zh": "是"}
_NO = {"en": "No", "de": "Nein", "fr": "Non", "es": "No", "it": "No", "nl": "Nee", "pt": "Não", "ar": "لا", "zh": "否"}
_PRINTED_YES_NO = word_list("yes_no")
_NEGATIONS = word_list("negation")


def shaped_answer(question: Question, index: PageIndex) -> Shaped | None:
    """The answer of the question's shape on this page, None where the words do not decide it."""
    match question.shape:
        case Shape.SECTION:
            return _section(question, index)
        case Shape.YES_NO:
            return _yes_no(question, index)
        case Shape.COUNT:
            return _count(question, index)
        case Shape.EXTREME:
            return extreme_row(question, index)
        case Shape.VALUE:
            return None


def _section(question: Question, index: PageIndex) -> Shaped | None:
    """The text under the heading that the question names, up to the next heading."""
    matched = match(question, index)
    layout = index.layout
    headings = _headings(index)
    best: tuple[float, int] | None = None
    for place, tokens in enumerate(index.places):
        if not tokens or layout.segment_of[tokens[0]] not in headings:
            continue
        segment = layout.segments[layout.segment_of[tokens[0]]]
        if (segment.start, segment.end) != (tokens[0], tokens[-1] + 1):
            continue
        fit = float(matched.label[place])
        if fit >= _HEADING_FIT and (best is None or fit > best[0]):
            best = (fit, segment.index)
    if best is None:
        return None
    heading = layout.segments[best[1]]
    body = _body(layout, heading, headings)
    if not body:
        return None
    tokens = tuple(t for segment in body for t in range(segment.start, segment.end))[:_MAX_SECTION_WORDS]
    support = tuple(range(heading.start, heading.end))
    return Shaped(run_of(layout.tokens, tokens).text, tokens, support, min(0.5 + 0.45 * best[0], 0.93))


def _headings(index: PageIndex) -> frozenset[int]:
    """The segments that head a section: those that other segments are linked to as theirs."""
    return frozenset(index.layout.segment_of[index.places[place][0]] for place in index.links[Relation.SECTION].place)


def _body(layout: Layout, heading: Segment, headings: frozenset[int]) -> list[Segment]:
    """The segments below a heading in its column, in reading order, up to the next heading of the column."""
    reach = heading.x0 - 3 * layout.line_height
    right = max((s.x1 for s in layout.segments if abs(s.x0 - heading.x0) < 3 * layout.line_height), default=heading.x1)
    body: list[Segment] = []
    for segment in layout.segments:
        if segment.y0 < heading.y1 - 0.3 * heading.height or not reach <= segment.x0 <= right:
            continue
        if segment.index in headings and segment.height >= 0.9 * heading.height:
            break
        body.append(segment)
    return body


def _yes_no(question: Question, index: PageIndex) -> Shaped | None:
    """A printed yes or no beside the label, else the sentence that says what was asked and whether it denies it."""
    matched = match(question, index)
    return _printed(matched, index) or _stated(question, matched, index)


def _printed(matched: Match, index: PageIndex) -> Shaped | None:
    count = len(index.layout.segments)
    label = np.maximum(
        strongest(index.links[Relation.LEFT], matched.label, count),
        0.9 * strongest(index.links[Relation.ABOVE], matched.label, count),
    )[index.segment_of]
    own = strongest(index.links[Relation.BEFORE], matched.label, len(index.candidates))
    scores = np.maximum(label, own)
    best = [
        n
        for n in np.argsort(-scores)
        if index.candidates[n].text.casefold().strip(".") in _PRINTED_YES_NO and scores[n] > 0.45
    ]
    if not best:
        return None
    chosen = index.candidates[best[0]]
    return Shaped(chosen.text, chosen.tokens, chosen.before, min(0.5 + 0.5 * float(scores[best[0]]), 0.95))


def _stated(question: Question, matched: Match, index: PageIndex) -> Shaped | None:
    sentences = [(n, c) for n, c in enumerate(index.candidates) if c.form is Form.SENTENCE]
    if not sentences:
        return None
    number, chosen = max(sentences, key=lambda item: float(matched.coverage[index.own_place[item[0]]]))
    coverage = float(matched.coverage[index.own_place[number]])
    if coverage < 0.6:
        return None
    denied = _denies(words_of(chosen.text)) != _denies(words_of(question.text))
    text = (_NO if denied else _YES).get(question.language, "No" if denied else "Yes")
    return Shaped(text, chosen.tokens, (), min(0.35 + 0.5 * coverage, 0.85))


def _denies(words: Sequence[str]) -> bool:
    return sum(word in _NEGATIONS for word in words) % 2 == 1


def _count(question: Question, index: PageIndex) -> Shaped | None:
    """The number of rows of the page's table: by their printed numbers, else by counting rows that look alike."""
    del question
    rows = table_rows(index.layout)
    if len(rows) < 2:
        return None
    tokens = tuple(index.layout.segments[row[0]].start for row in rows)
    return Shaped(str(len(rows)), tokens, (), 0.9 if numbered(index.layout, rows) else 0.6)
