"""How well each candidate of a page fits a question, as named numbers between 0 and 1: what the ranker sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from engine.readers.embedded.candidates import Candidate
from engine.readers.embedded.field_rules import kind_rule_scores, rule_scores
from engine.readers.embedded.index import Floats, PageIndex
from engine.readers.embedded.labels import match_form
from engine.readers.embedded.looks import page_features
from engine.readers.embedded.matching import Match, match, strongest
from engine.readers.embedded.priors import prior
from engine.readers.embedded.question import Question
from engine.readers.embedded.relations import SEGMENT_RELATIONS, Relation
from engine.readers.embedded.values import Kind
from engine.readers.embedded.wording import PREPOSITIONS

_PRIOR = {
    Relation.BEFORE: 1.0,
    Relation.LEFT: 1.0,
    Relation.ABOVE: 0.95,
    Relation.COLUMN: 0.95,
    Relation.ROW: 0.95,
    Relation.NEAR: 0.9,
    Relation.LEADING: 0.9,
    Relation.TRAILING: 0.9,
    Relation.ADJACENT: 0.9,
    Relation.AFTER: 0.9,
    Relation.RIGHT: 0.85,
    Relation.SENTENCE: 0.8,
    Relation.BELOW: 0.75,
    Relation.SECTION: 0.6,
}
"""How much a relation counts when asking whether a question word is accounted for at all."""

_COVERAGE_RELATIONS = (
    Relation.SENTENCE,
    Relation.NEAR,
    Relation.LEADING,
    Relation.TRAILING,
    Relation.ADJACENT,
    Relation.ROW,
    Relation.SECTION,
)
_MARKED = (
    ("colon", Relation.BEFORE),
    ("colon", Relation.LEFT),
    ("colon", Relation.ABOVE),
    ("stacked", Relation.LEFT),
    ("stacked", Relation.ABOVE),
    ("beside", Relation.ABOVE),
    ("stacked", Relation.BELOW),
    ("colon", Relation.BELOW),
    ("beside", Relation.BELOW),
    ("colon", Relation.RIGHT),
    ("heads", Relation.LEFT),
    ("heads", Relation.ABOVE),
    ("heads", Relation.BELOW),
    ("headed", Relation.LEFT),
    ("headed", Relation.BELOW),
)
"""Looks of a label that tell on which side its value stands."""

PRIOR = "prior"
"""The column that the ranker adds to its score instead of reading it."""

_RELATIVE = (
    "label_best",
    "label_before",
    "label_left",
    "label_above",
    "label_right",
    "label_after",
    "label_row",
    "label_column",
    "exact_best",
    "exact_table",
    "cover_table",
    "cover_sentence",
    "cover_near",
    "cover_all",
    "cover_leading",
    "cover_trailing",
    "cover_adjacent",
    "rule",
    "kind_rule",
    "meant_label_best",
    "meant_cover_all",
    "meant_cover_table",
    "meant_cover_sentence",
)
"""Features that also count by how close they come to the page's best: an answer is where most of its question is."""

_WITH_KIND = (
    "meant_label_best",
    "meant_cover_all",
    "label_best",
    "label_row",
    "cover_table",
    "cover_sentence",
    "cover_near",
    "cover_all",
    "rule",
    "kind_rule",
)

_ALONE = ("label_best", "fit_label_best", "fit_cover_table", "fit_cover_sentence")
"""Fits that tell more the fewer candidates share them."""

_PREPOSITIONS = {Kind(name): words for name, words in PREPOSITIONS.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A question's fit with every candidate of a page. `values` is (K, features), `match` the question laid over the
    page by meaning; `union` (U, K) says how well each unit of the question is accounted for around each candidate."""

    names: tuple[str, ...]
    values: Floats
    match: Match
    union: Floats

    def column(self, name: str) -> Floats:
        return self.values[:, self.names.index(name)]


def fit(question: Question, index: PageIndex, hidden: frozenset[int] = frozenset()) -> Fit:
    """The features of every candidate; tokens in `hidden` are as if they were not printed."""
    matched = match(question, index, hidden)
    columns: dict[str, Floats] = {}
    by_unit = _relations(index, matched, columns)
    _marks(index, matched, columns)
    _coverage(matched, by_unit, columns)
    columns.update(zip((*_HEAD_PLACES, "head_own"), _head_word(question, index, matched, by_unit), strict=True))
    _own_words(question, index, matched, columns)
    meant, union = _by_meaning(question, index, hidden, columns)
    _kinds(question, index, columns)
    columns.update(page_features(index))
    columns["rule"] = rule_scores(question.field, index)
    columns["kind_rule"] = kind_rule_scores(question, index)
    columns["fielded"] = np.full(len(index.candidates), float(bool(question.field)))
    columns["quoted"] = np.full(len(index.candidates), float(any(unit.quoted for unit in question.units)))
    _interactions(columns, matched, [candidate.text for candidate in index.candidates])
    columns[PRIOR] = prior(question, index, columns)
    names = tuple(columns)
    values = np.stack(list(columns.values()), axis=1) if len(index.candidates) else np.zeros((0, len(names)))
    return Fit(names, values, meant, union)


def _by_meaning(
    question: Question, index: PageIndex, hidden: frozenset[int], columns: dict[str, Floats]
) -> tuple[Match, Floats]:
    """Enters how the candidate fits once words meet those of nearly the same meaning; returns it and `union`."""
    meant = match(question, index, hidden, by_meaning=True)
    found: dict[str, Floats] = {}
    union = _coverage(meant, _relations(index, meant, found), found)
    columns.update({f"meant_{name}": found[name] for name in _MEANT})
    columns["meant_echo"] = meant.echo[index.own_place] if len(index.own_place) else np.zeros(0)
    return meant, union


_MEANT = (
    "label_best",
    "label_row",
    "label_column",
    "label_right",
    "cover_all",
    "cover_table",
    "cover_sentence",
    "cover_near",
    "cover_adjacent",
)
"""Features that are also taken by meaning."""


def _alone(values: Floats, texts: list[str]) -> Floats:
    """One over the number of texts that fit as well as the page's best, for those that do; 0 for the others."""
    peak = values.max(initial=0.0)
    best = values >= 0.92 * peak
    distinct = {text for text, good in zip(texts, best, strict=True) if good} if peak > 0 else set()
    return best / max(len(distinct), 1) if distinct else np.zeros(len(values))


def _interactions(columns: dict[str, Floats], matched: Match, texts: list[str]) -> None:
    """Features that only tell together: fits of candidates of a fitting kind, each fit against the page's best, and
    how much of the question the page says at all."""
    kind_ok = np.where(columns["kind_open"] >= 1.0, 1.0, columns["kind_fits"])
    for name in _WITH_KIND:
        columns[f"fit_{name}"] = columns[name] * kind_ok
    for name in (*_RELATIVE, *(f"fit_{name}" for name in _WITH_KIND)):
        peak = columns[name].max(initial=0.0)
        columns[f"top_{name}"] = columns[name] / peak if peak > 0 else columns[name]
    for name in _ALONE:
        columns[f"alone_{name}"] = _alone(columns[name], texts)
    count = len(kind_ok)
    total = max(matched.weights.sum(), 1e-9)
    unsaid = matched.units.max(axis=1, initial=0.0) < 0.5
    columns["page_unsaid"] = np.full(count, float((unsaid * matched.weights).sum() / total))
    columns["page_cover"] = np.full(count, float(columns["cover_all"].max(initial=0.0)))
    columns["page_label"] = np.full(count, float(columns["label_best"].max(initial=0.0)))


def _relations(index: PageIndex, matched: Match, columns: dict[str, Floats]) -> dict[Relation, Floats]:
    """Enters label scores by relation; returns (U, K) how well each unit is said in each relation to a candidate."""
    count, segments = len(index.candidates), len(index.layout.segments)
    by_unit: dict[Relation, Floats] = {}
    for relation, table in index.links.items():
        owners = segments if relation in SEGMENT_RELATIONS else count
        label = strongest(table, matched.label, owners)
        unit = strongest(table, matched.units, owners)
        if relation in SEGMENT_RELATIONS:
            label, unit = label[index.segment_of], unit[:, index.segment_of]
        columns[f"label_{relation}"] = label
        by_unit[relation] = unit
    return by_unit


def _marks(index: PageIndex, matched: Match, columns: dict[str, Floats]) -> None:
    """Enters label scores by the looks of labels, and labels that the question says word for word."""
    count, segments = len(index.candidates), len(index.layout.segments)
    for mark, relation in _MARKED:
        marked = strongest(
            index.links[relation],
            matched.label * index.place_marks[mark],
            count if relation is Relation.BEFORE else segments,
        )
        columns[f"{mark}_{relation}"] = marked if relation is Relation.BEFORE else marked[index.segment_of]
    _exact_labels(index, matched, columns)


def _coverage(matched: Match, by_unit: Mapping[Relation, Floats], columns: dict[str, Floats]) -> Floats:
    """Enters the best label score, coverage of the question around the candidate, and by row and column together;
    returns `Fit.union`."""
    strong = [columns[f"label_{relation}"] for relation in (Relation.BEFORE, Relation.LEFT, Relation.ABOVE)]
    columns["label_best"] = np.maximum.reduce(strong)
    total = max(matched.weights.sum(), 1e-9)
    for relation in _COVERAGE_RELATIONS:
        columns[f"cover_{relation}"] = matched.weights @ by_unit[relation] / total
    line = np.maximum(by_unit[Relation.ROW], by_unit[Relation.BEFORE])
    head = np.maximum(by_unit[Relation.COLUMN], by_unit[Relation.ABOVE])
    row_cover, head_cover = matched.weights @ line / total, matched.weights @ head / total
    columns["cover_table"] = matched.weights @ np.maximum(line, head) / total
    columns["gain_table"] = columns["cover_table"] - np.maximum(row_cover, head_cover)
    columns["cover_head"] = head_cover
    union = np.zeros_like(by_unit[Relation.ROW])
    for relation, unit in by_unit.items():
        union = np.maximum(union, _PRIOR[relation] * unit)
    columns["cover_all"] = matched.weights @ union / total
    missing = (union < 0.35) * matched.weights[:, None]
    columns["missing"] = missing.sum(axis=0) / total
    return union


def _exact_labels(index: PageIndex, matched: Match, columns: dict[str, Floats]) -> None:
    """Labels that the question says word for word: close by, in the candidate's row, over its column."""
    found = {}
    for relation in (Relation.BEFORE, Relation.LEFT, Relation.ABOVE, Relation.RIGHT, Relation.ROW, Relation.COLUMN):
        own = relation is Relation.BEFORE
        owners = len(index.candidates) if own else len(index.layout.segments)
        values = strongest(index.links[relation], matched.exact, owners)
        found[relation] = values if own else values[index.segment_of]
    columns["exact_best"] = np.maximum.reduce([found[r] for r in (Relation.BEFORE, Relation.LEFT, Relation.ABOVE)])
    columns["exact_right"] = found[Relation.RIGHT]
    columns["exact_table"] = found[Relation.ROW] + found[Relation.COLUMN]


def _names_again(question: Question, index: PageIndex, matched: Match) -> Floats:
    """(K,) how well the candidate says a name that the question says already: what is asked about, not the answer."""
    named = [row for row, unit in enumerate(question.units) if unit.named]
    if not named or not len(index.own_place):
        return np.zeros(len(index.own_place))
    return np.asarray(matched.units[named][:, index.own_place].max(axis=0))


def _own_words(question: Question, index: PageIndex, matched: Match, columns: dict[str, Floats]) -> None:
    """How much of the question the candidate itself says: an answer seldom repeats the question."""
    columns["own_cover"] = matched.coverage[index.own_place] if len(index.own_place) else np.zeros(0)
    columns["own_named"] = _names_again(question, index, matched)
    columns["own_echo"] = matched.echo[index.own_place] if len(index.own_place) else np.zeros(0)
    columns["own_label"] = matched.label[index.own_place] if len(index.own_place) else np.zeros(0)


def _head_word(
    question: Question, index: PageIndex, matched: Match, by_unit: Mapping[Relation, Floats]
) -> list[Floats]:
    """Where the page says the sort of thing that is asked for ("which museum"), as in `_HEAD_PLACES`, and last how well
    the candidate says it itself."""
    head = next((row for row, unit in enumerate(question.units) if unit.head), None)
    if head is None or not len(index.candidates):
        return [np.zeros(len(index.candidates)) for _ in range(len(_HEAD_PLACES) + 1)]
    around = [np.maximum.reduce([by_unit[relation][head] for relation in places]) for places in _HEAD_PLACES.values()]
    return [*around, matched.units[head][index.own_place]]


_HEAD_PLACES = {
    "head_beside": (Relation.ADJACENT,),
    "head_label": (Relation.BEFORE, Relation.LEFT, Relation.ABOVE),
    "head_column": (Relation.COLUMN,),
    "head_row": (Relation.ROW,),
    "head_sentence": (Relation.SENTENCE,),
}


def _kinds(question: Question, index: PageIndex, columns: dict[str, Floats]) -> None:
    expected = dict(question.kinds)
    strict = max(expected.values(), default=0.0)
    fits = np.asarray([expected.get(candidate.kind, 0.0) for candidate in index.candidates])
    fits = _by_header(expected, fits, index)
    columns["kind_fits"] = fits
    columns["kind_wrong"] = strict * (fits == 0.0)
    columns["kind_open"] = np.full(len(index.candidates), 1.0 - strict)
    wanted = [kind for kind, weight in expected.items() if weight >= 0.5] or [Kind.TEXT]
    linking = frozenset().union(*(_PREPOSITIONS.get(kind, frozenset()) for kind in wanted))
    columns["preposition"] = np.asarray([_preceded(candidate, index, linking) for candidate in index.candidates])


def _by_header(expected: dict[Kind, float], fits: Floats, index: PageIndex) -> Floats:
    """The fits, with bare figures under a percent sign taken for the percentages they are."""
    under = under_percent(index)
    if expected.get(Kind.PERCENT, 0.0) >= 1.0:
        return np.maximum(fits, 0.95 * under)
    return np.where((under > 0) & (expected.get(Kind.PERCENT, 0.0) == 0.0), 0.6 * fits, fits)


@lru_cache(maxsize=32)
def under_percent(index: PageIndex) -> Floats:
    """(K,) 1 for the figures whose column or row is labelled as percentages."""
    percent = np.asarray([term == match_form("%") for term in index.terms] or [False])
    if not percent.any() or not index.candidates:
        return np.zeros(len(index.candidates))
    said = percent[index.atom_term].astype(np.float64)
    places = np.maximum.reduceat(said[index.place_atoms.values], index.place_atoms.starts)
    segments = len(index.layout.segments)
    over = np.maximum.reduce([strongest(index.links[r], places, segments) for r in (Relation.COLUMN, Relation.LEFT)])
    figures = np.asarray([candidate.kind in _FIGURES for candidate in index.candidates])
    return np.asarray((over[index.segment_of] >= _LABELLED) * figures, dtype=np.float64)


_FIGURES = frozenset((Kind.NUMBER, Kind.AMOUNT, Kind.QUANTITY))
_LABELLED = 0.75


def _preceded(candidate: Candidate, index: PageIndex, linking: frozenset[str]) -> float:
    if candidate.sentence < 0 or candidate.tokens[0] == 0:
        return 0.0
    return float(index.layout.tokens[candidate.tokens[0] - 1].norm in linking)
