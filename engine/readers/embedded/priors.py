"""What holds on any page, whatever the training pages were like: added to the trained score of each candidate, in nats.

Generated pages print values of any kind under any label, so the ranker learns to doubt kinds. Real labels are honest:
a due date is a date. And some values show what they are without a label: an e-mail address, a title, a letterhead.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.readers.embedded.index import Floats, PageIndex
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


def prior(question: Question, index: PageIndex, columns: Mapping[str, Floats]) -> Floats:
    """(K,) the prior of every candidate; `columns` are its features so far."""
    result: Floats = columns["rule"] * _SELF_EVIDENT.get(question.field, 0.0)
    if not question.kinds:
        return result
    main, strength = max(question.kinds, key=lambda item: item[1])
    if strength < 1.0:
        return result
    result = result + _FIT * columns["kind_fits"] + _KIND_RULE * columns["kind_rule"]
    wrong = columns["kind_wrong"] > 0
    plain = np.asarray([candidate.kind is Kind.TEXT for candidate in index.candidates], dtype=bool)
    if main in _FORMATTED:
        return np.asarray(result + wrong * np.where(plain, _NO_KIND, _OTHER_KIND))
    figures = np.asarray([has_digit(candidate.text) for candidate in index.candidates], dtype=bool)
    if main in _NAMED:
        return np.asarray(result + (wrong & ~plain) * _OTHER_KIND)
    if main in (Kind.CODE, Kind.NUMBER, Kind.QUANTITY):
        return np.asarray(result + ~figures * _OTHER_KIND / (4 if main is Kind.CODE else 2))
    return np.asarray(result + (wrong & ~plain & figures) * _OTHER_KIND / 2)
