"""How well places on a page match the words of a question: word similarity, unit coverage, label scores.

Array names: U units of the question, P places of the page, K candidates, S segments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.process import cdist

from engine.readers.embedded.candidates import Form
from engine.readers.embedded.index import Floats, LinkTable, PageIndex
from engine.readers.embedded.labels import Phrase, match_form
from engine.readers.embedded.question import Question
from engine.readers.embedded.text import has_digit, is_cjk, words_of
from engine.readers.embedded.thesaurus import related
from engine.readers.embedded.wording import ANY_STOP_WORDS, word_list

_FUZZY_FROM = 76.0
_CONTAINED = 0.72
_OTHER_SORT = 0.7
_TOPIC = 0.6
_RELATED = 0.75
_SORTS = frozenset(match_form(word) for word in word_list("sorts"))


@dataclass(frozen=True, slots=True)
class Match:
    """A question laid over a page. `units` (U, P): how well each place says each unit, 0–1. `weights` (U,).

    `coverage` (P,) is the weighted share of the question that a place says, `label` (P,) that share times the square
    root of the share of the place that the question explains: 1 for a place that says just what was asked. `exact`
    (P,) is above 0 where the question says the place word for word, more the longer it is; 0 everywhere in a match by
    meaning. `echo` (P,) is the share of a place's words that the question says. `said` (U, terms) is how well each
    word of the page says a word of the unit.
    """

    units: Floats
    weights: Floats
    coverage: Floats
    label: Floats
    exact: Floats
    echo: Floats
    said: Floats

    def tokens_said(self, unit: int, index: PageIndex) -> Floats:
        """How well each token of the page says a word of one unit (tokens,)."""
        likeness = np.zeros(len(index.layout.tokens))
        np.maximum.at(likeness, index.atom_token, self.said[unit, index.atom_term])
        return likeness


def match(
    question: Question, index: PageIndex, hidden: frozenset[int] = frozenset(), *, by_meaning: bool = False
) -> Match:
    """Lay `question` over the page; tokens in `hidden` are as if they were not printed. `by_meaning` lets words meet
    those of nearly the same meaning too."""
    phrases = [unit.phrases or (Phrase(unit.words, 1.0),) for unit in question.units]
    terms = list(dict.fromkeys(word for group in phrases for phrase in group for word in phrase.words))
    similar = similarity(terms, index.terms)
    if by_meaning:
        similar = np.asarray(np.maximum(similar, _RELATED * related(terms, index.terms)))
    at_place = _at_places(similar, index, hidden)
    where = {term: row for row, term in enumerate(terms)}
    count = len(index.places)
    units = np.zeros((len(phrases), count))
    explained = np.zeros(count)
    said = np.zeros((len(phrases), len(index.terms)))
    for row, group in enumerate(phrases):
        said[row] = similar[[where[word] for phrase in group for word in phrase.words]].max(axis=0, initial=0.0)
        best, words = _best_phrase(group, where, at_place, index.place_size)
        units[row] = best
        explained += words
    weights = _weights(question, units, index)
    total = weights.sum()
    coverage = (weights @ units) / total if total > 0 else np.zeros(count)
    precision = np.minimum(explained / np.maximum(index.place_size, 1.0), 1.0)
    label = coverage * np.sqrt(precision) * np.where(_says_other(said, index), _OTHER_SORT, 1.0)
    exact = np.zeros(count) if by_meaning else _exact(question, index, hidden)
    return Match(units, weights, coverage, label, exact, _echo(said, index), said)


def _echo(said: Floats, index: PageIndex) -> Floats:
    """(P,) the share of each place's words that say a word of the question; a place without words echoes nothing."""
    if not index.places:
        return np.zeros(0)
    best = said.max(axis=0, initial=0.0)[index.atom_term]
    worth = np.asarray([0.0 if not term else 1.0 for term in index.terms])[index.atom_term]
    total = np.add.reduceat(worth[index.place_atoms.values], index.place_atoms.starts)
    heard = np.add.reduceat((best * worth)[index.place_atoms.values], index.place_atoms.starts)
    return np.asarray(heard / np.maximum(total, 1.0))


_EXACT = (0.0, 0.5, 0.8, 1.0)


def _exact(question: Question, index: PageIndex, hidden: frozenset[int]) -> Floats:
    """(P,) whether the question holds the place's words in their order, function words and all: 0.5 for one word of
    content, 0.8 for two words, 1 for more."""
    asked = f" {' '.join(words_of(question.text))} "
    found = np.zeros(len(index.places))
    for place, text in enumerate(index.place_texts):
        if len(text) > 2 and f" {text} " in asked and not (hidden and hidden.intersection(index.places[place])):
            words = text.split()
            if not all(word in ANY_STOP_WORDS for word in words):
                found[place] = _EXACT[min(len(words), 3)]
    return found


def similarity(terms: list[str], vocabulary: tuple[str, ...]) -> Floats:
    """(terms, vocabulary) likeness of single words, 0–1: exact, misread by a letter, or one inside the other."""
    if not terms or not vocabulary:
        return np.zeros((len(terms), len(vocabulary)))
    ratio = cdist(terms, vocabulary, scorer=fuzz.ratio, score_cutoff=_FUZZY_FROM, dtype=np.float32)
    inside = cdist(terms, vocabulary, scorer=fuzz.partial_ratio, score_cutoff=99.9, dtype=np.float32)
    result = np.where(ratio >= 99.99, 1.0, 0.0)
    for row, column in zip(*np.nonzero((ratio > 0) | (inside > 0)), strict=True):
        if result[row, column] < 1.0:
            result[row, column] = _near(terms[row], vocabulary[column], float(ratio[row, column]) / 100)
    return result


def _near(term: str, word: str, ratio: float) -> float:
    """Likeness of two words that are not equal."""
    short, long = sorted((term, word), key=len)
    if not short or has_digit(term) != has_digit(word):
        return 0.0
    if is_cjk(short):
        return 0.9 if short in long and len(short) >= 2 else 0.0
    if has_digit(term):
        return 0.8 if len(short) >= 7 and ratio >= 0.88 else 0.0
    long_enough = len(short) >= 5 or len(short) == len(long) == 4
    fuzzy = ratio**2 if long_enough and ratio > 0 and (term[0] == word[0] or ratio >= 0.85) else 0.0
    contained = 0.0
    if len(short) >= 5 and (long.startswith(short) or long.endswith(short)):
        contained = _CONTAINED + 0.2 * (len(short) / len(long) - 0.5)
    return max(fuzzy, contained)


def _at_places(similar: Floats, index: PageIndex, hidden: frozenset[int]) -> Floats:
    """(terms, P): the best likeness of each term to any word of each place."""
    if not index.places:
        return np.zeros((similar.shape[0], 0))
    at_atom = similar[:, index.atom_term]
    if hidden:
        at_atom[:, np.isin(index.atom_token, np.fromiter(hidden, dtype=np.int64))] = 0.0
    if similar.shape[0] == 0:
        return np.zeros((0, len(index.places)))
    gathered = at_atom[:, index.place_atoms.values]
    return np.maximum.reduceat(gathered, index.place_atoms.starts, axis=1)


def _best_phrase(
    group: tuple[Phrase, ...], where: dict[str, int], at_place: Floats, sizes: Floats
) -> tuple[Floats, Floats]:
    """(P,) how well each place says the best of the phrases, and how many of its words that phrase explains."""
    count = at_place.shape[1]
    best, words, best_rank = np.zeros(count), np.zeros(count), np.full(count, -1.0)
    for phrase in group:
        if not phrase.words:
            continue
        likeness = at_place[[where[word] for word in phrase.words]].mean(axis=0)
        score = phrase.strength * likeness**2
        said = len(phrase.words) * likeness
        rank = score * np.sqrt(np.minimum(said / np.maximum(sizes, 1.0), 1.0))
        better = rank > best_rank
        best = np.where(better, score, best)
        words = np.where(better, said, words)
        best_rank = np.where(better, rank, best_rank)
    return best, words


def _says_other(said: Floats, index: PageIndex) -> NDArray[np.bool_]:
    """(P,) whether a place names a sort of value that the question does not: "Client no." is not "Client"."""
    if not index.places:
        return np.zeros(0, dtype=np.bool_)
    foreign = np.asarray([term in _SORTS for term in index.terms]) & (said.max(axis=0, initial=0.0) < 0.7)
    at_atom = foreign[index.atom_term].astype(np.float64)
    return np.maximum.reduceat(at_atom[index.place_atoms.values], index.place_atoms.starts) > 0


def _weights(question: Question, units: Floats, index: PageIndex) -> Floats:
    """(U,) the question's weights, less for words that stand all over the page or name what all of it is about: they
    tell places apart less."""
    base = np.asarray([unit.weight for unit in question.units])
    if not len(base) or not index.layout.segments:
        return base
    wholes = index.own_place[[c.form in (Form.SEGMENT, Form.SENTENCE) for c in index.candidates]]
    often = (units[:, wholes] > 0.6).sum(axis=1) if len(wholes) else np.zeros(len(base))
    digits = np.asarray([any(has_digit(word) for word in unit.words) for unit in question.units])
    topic = (units[:, _top(index)] > 0.6).any(axis=1) & (often > 2) & ~digits
    return base / (1.0 + 0.25 * np.log1p(np.maximum(often - 1, 0))) * np.where(topic, _TOPIC, 1.0)


def _top(index: PageIndex) -> list[int]:
    """The places of the page's first two rows that may be its title."""
    segments = [index.layout.segments[i] for row in index.layout.rows[:2] for i in row]
    titles = {s.index for s in segments if not s.numeric and ":" not in s.text}
    return [
        int(place)
        for place, candidate in zip(index.own_place, index.candidates, strict=True)
        if candidate.form is Form.SEGMENT and candidate.segment in titles
    ]


def strongest(table: LinkTable, values: Floats, owners: int) -> Floats:
    """For each owner the largest strength × value over its places: (P,) → (owners,), (U, P) → (U, owners)."""
    result = np.zeros((*values.shape[:-1], owners))
    if len(table.place):
        weighted = values[..., table.place] * table.strength
        result[..., table.owner[table.starts]] = np.maximum.reduceat(weighted, table.starts, axis=-1)
    return result
