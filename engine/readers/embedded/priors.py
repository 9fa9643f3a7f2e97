"""What holds on any page, whatever the training pages were like: added to the trained score of each candidate, in nats.

Generated pages print values of any kind under any label, so the ranker learns to doubt kinds. Real labels are honest:
a due date is a date. And some values show what they are without a label: an e-mail address, a title, a letterhead.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from engine.readers.embedded.candidates import Candidate
from engine.readers.embedded.index import Floats, PageIndex
from engine.readers.embedded.matching import Match
from engine.readers.embedded.question import Question
from engine.readers.embedded.text import has_digit
from engine.readers.embedded.values import Kind

_FORMATTED = frozenset((Kind.DATE, Kind.YEAR, Kind.TIME, Kind.EMAIL, Kind.URL, Kind.PHONE, Kind.PERCENT, Kind.AMOUNT))
"""Kinds that are told by their form: an answer of another kind is hardly ever right."""

_NAMED = frozenset((Kind.PERSON, Kind.COMPANY, Kind.PLACE, Kind.ADDRESS))
_OTHER_KIND, _NO_KIND, _FIT, _KIND_RULE = -4.0, -2.0, 1.5, 0.7
_SELF_EVIDENT = {
    "email": 4.0,
    "website": 4.0,
    "title": 3.0,
    "address": 3.0,
    "company": 1.5,
    "time": 2.5,
    "date": 1.0,
    "phone": 1.0,
    "tax_rate": 2.0,
    "to": 1.5,
    "from": 1.5,
}
"""How much the rule of a field is worth by itself."""


_SAID = 0.5
_EVIDENCE = {
    "label_best": 1.0,
    "label_column": 1.0,
    "cover_table": 2.0,
    "heads_above": 2.0,
    "is_phrase": -1.0,
    "goes_on": -2.5,
    "holds_label": -2.0,
    "heading_year": -3.0,
    "own_named": -2.5,
    "in_date": -2.5,
    "caption": -4.0,
    "head_cell": -2.0,
}
"""Fits that count on any page: a label close by, a column header, row and column together, a row of labels above; and
what no whole answer does: break off where its text goes on in the next line, or hold a label of its own."""


def prior(question: Question, index: PageIndex, columns: Mapping[str, Floats]) -> Floats:
    """(K,) the prior of every candidate; `columns` are its features so far."""
    result: Floats = columns["rule"] * _SELF_EVIDENT.get(question.field, 0.0)
    dated = question.expects(Kind.YEAR) > 0 or question.expects(Kind.DATE) > 0
    yearly = question.expects(Kind.YEAR) >= 1.0
    for name, weight in _EVIDENCE.items():
        unfit = (dated and name == "heading_year") or (yearly and name == "in_date")
        result = result + (0.0 if unfit else weight) * columns[name]
    if not question.kinds:
        return result
    main, strength = max(question.kinds, key=lambda item: item[1])
    figures = np.asarray([_mostly_figures(candidate.text) for candidate in index.candidates], dtype=bool)
    if strength < 1.0:
        return np.asarray(result + figures * _NO_KIND) if main in _NAMED or main is Kind.TEXT else result
    result = result + _FIT * columns["kind_fits"] + _KIND_RULE * columns["kind_rule"]
    wrong = columns["kind_wrong"] > 0
    plain = np.asarray([candidate.kind is Kind.TEXT for candidate in index.candidates], dtype=bool)
    if main in _FORMATTED:
        return np.asarray(result + wrong * np.where(plain, _NO_KIND, _OTHER_KIND))
    if main in _NAMED:
        return np.asarray(result + ((wrong & ~plain) | (figures & (main is not Kind.ADDRESS))) * _OTHER_KIND)
    if main in (Kind.CODE, Kind.NUMBER, Kind.QUANTITY):
        without = np.asarray([not has_digit(candidate.text) for candidate in index.candidates], dtype=bool)
        return np.asarray(result + without * _OTHER_KIND / (4 if main is Kind.CODE else 2))
    return np.asarray(result + (wrong & ~plain & figures) * _OTHER_KIND / 2)


def misfits(question: Question, candidate: Candidate) -> bool:
    """Whether a candidate is of a kind that cannot answer the question: never more than a guess."""
    if not question.kinds or question.expects(candidate.kind) > 0:
        return False
    main, strength = max(question.kinds, key=lambda item: item[1])
    if strength < 1.0:
        return main in _NAMED and _mostly_figures(candidate.text)
    return main in _FORMATTED or (main in _NAMED and _mostly_figures(candidate.text))


def unsaid_figure(question: Question, matched: Match) -> bool:
    """Whether the question names a figure, such as a year or a code, that the page does not print."""
    unsaid = matched.units.max(axis=1, initial=0.0) < _SAID
    return any(
        missing and any(map(has_digit, unit.words)) for unit, missing in zip(question.units, unsaid, strict=True)
    )


@lru_cache(maxsize=65536)
def _mostly_figures(text: str) -> bool:
    return 2 * sum(char.isdigit() for char in text) > sum(char.isalnum() for char in text)
