"""The index of a page: everything about it that no question changes, ready for fast matching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.documents.types import PageWords
from engine.readers.embedded.candidates import Candidate, candidates
from engine.readers.embedded.grids import place_marks
from engine.readers.embedded.labels import match_words
from engine.readers.embedded.layout import Layout, lay_out
from engine.readers.embedded.relations import SEGMENT_RELATIONS, Links, Neighbours, Places, Relation
from engine.readers.embedded.sentences import paragraphs, sentences
from engine.readers.embedded.text import has_digit
from engine.readers.embedded.values import Run
from engine.readers.embedded.wording import STOP_WORDS, word_list

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_WINDOW = 7
_LONGEST_LABEL = 8
_OWN_RELATIONS = (
    Relation.BEFORE,
    Relation.AFTER,
    Relation.SENTENCE,
    Relation.NEAR,
    Relation.LEADING,
    Relation.TRAILING,
    Relation.ADJACENT,
)
_LINKING_WORDS = word_list("linking")


@dataclass(frozen=True, slots=True)
class Ragged:
    """Lists of different lengths in one array: list `i` is `values[starts[i]:ends[i]]`. No list is empty."""

    values: Ints
    starts: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Ragged:
        flat = [value for items in lists for value in (items or (0,))]
        lengths = [max(len(items), 1) for items in lists]
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])) if lengths else np.zeros(0)
        return cls(np.asarray(flat, dtype=np.int64), starts.astype(np.int64))


@dataclass(frozen=True, slots=True)
class LinkTable:
    """One relation as arrays: entry k says that place `place[k]` labels `owner[k]` with `strength[k]`. Entries stand by
    owner; `starts` are the first of each owner."""

    owner: Ints
    place: Ints
    strength: Floats
    starts: Ints

    @classmethod
    def of(cls, links: Links) -> LinkTable:
        entries = [(owner, place, strength) for owner, found in enumerate(links) for place, strength in found]
        owners, places, strengths = zip(*entries, strict=True) if entries else ((), (), ())
        owner = np.asarray(owners, dtype=np.int64)
        return cls(
            owner,
            np.asarray(places, dtype=np.int64),
            np.asarray(strengths, dtype=np.float64),
            np.flatnonzero(np.diff(owner, prepend=-1)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class PageIndex:
    """One indexed page.

    `terms` are the page's distinct matched words; `atom_term` and `atom_token` the (term, token) pairs: a token such
    as "Date/Time" holds several. `place_atoms` lists the atoms of every place, `place_size` counts their content and
    `place_marks` are their looks (see `relations.place_marks`), `place_texts` their bare words, "" for long ones.
    `own_place` (K,) is each candidate's own place.
    """

    words: PageWords
    layout: Layout
    sentences: tuple[Run, ...]
    candidates: tuple[Candidate, ...]
    terms: tuple[str, ...]
    atom_term: Ints
    atom_token: Ints
    places: tuple[tuple[int, ...], ...]
    place_atoms: Ragged
    place_size: Floats
    links: dict[Relation, LinkTable]
    segment_of: Ints
    own_place: Ints
    atoms_of: tuple[tuple[int, ...], ...]
    place_marks: dict[str, Floats]
    place_texts: tuple[str, ...]

    def token_terms(self, token: int) -> list[str]:
        """The matched words of one token."""
        return [term for atom in self.atoms_of[token] if (term := self.terms[self.atom_term[atom]])]

    @property
    def key(self) -> tuple[str, str, int, int]:
        page = self.words.page
        return page.document.path, page.document.sha256, page.index, page.orientation


def build_index(words: PageWords) -> PageIndex:
    """Index a page. Costs tens of milliseconds; a page without words gives an index without candidates."""
    layout = lay_out(words)
    runs = sentences(layout)
    found = candidates(layout, runs)
    places = Places()
    prose = {segment: number for number, block in enumerate(paragraphs(layout)) for segment in block}
    links = Neighbours(layout, places, prose).links() if found else {relation: [] for relation in SEGMENT_RELATIONS}
    links.update(_candidate_links(layout, runs, found, places))
    own = [places.add(candidate.tokens) for candidate in found]
    terms, atom_term, atom_token, atoms_of = _atoms(layout)
    atom_lists = [[atom for token in place for atom in atoms_of[token]] for place in places.tokens]
    return PageIndex(
        words,
        layout,
        tuple(runs),
        tuple(found),
        terms,
        np.asarray(atom_term, dtype=np.int64),
        np.asarray(atom_token, dtype=np.int64),
        tuple(places.tokens),
        Ragged.of(atom_lists),
        np.asarray([sum(_content(terms[atom_term[a]]) for a in atoms) for atoms in atom_lists], dtype=np.float64),
        {relation: LinkTable.of(table) for relation, table in links.items()},
        np.asarray([candidate.segment for candidate in found], dtype=np.int64),
        np.asarray(own, dtype=np.int64),
        tuple(tuple(atoms) for atoms in atoms_of),
        place_marks(layout, places.tokens),
        tuple(_place_text(layout, place) for place in places.tokens),
    )


def _place_text(layout: Layout, place: tuple[int, ...]) -> str:
    if len(place) > _LONGEST_LABEL:
        return ""
    return " ".join(norm for token in place if (norm := layout.tokens[token].norm))


def _atoms(layout: Layout) -> tuple[tuple[str, ...], list[int], list[int], list[list[int]]]:
    """The page's terms, and for each token the atoms (term occurrences) it holds; every token has at least one."""
    numbers: dict[str, int] = {}
    atom_term: list[int] = []
    atom_token: list[int] = []
    atoms_of: list[list[int]] = []
    for index, token in enumerate(layout.tokens):
        parts = match_words(token.text.replace("/", " ")) if "/" in token.text else match_words(token.text)
        atoms_of.append([])
        for part in parts or ("",):
            atoms_of[index].append(len(atom_term))
            atom_term.append(numbers.setdefault(part, len(numbers)))
            atom_token.append(index)
    return tuple(numbers), atom_term, atom_token, atoms_of


def _content(term: str) -> float:
    """How much a word weighs when asking what share of a label the question explains."""
    if not term:
        return 0.0
    if term in _LINKING_WORDS or term in STOP_WORDS["en"]:
        return 0.15
    return 0.35 if has_digit(term) else 1.0


def _candidate_links(
    layout: Layout, runs: Sequence[Run], found: Sequence[Candidate], places: Places
) -> dict[Relation, Links]:
    """The relations that each candidate has on its own: words before and after it, its sentence, words near it."""
    links: dict[Relation, Links] = {relation: [[] for _ in found] for relation in _OWN_RELATIONS}
    for number, candidate in enumerate(found):
        if candidate.before:
            links[Relation.BEFORE][number].append((places.add(candidate.before), 1.0))
            if len(candidate.before) > 4:
                links[Relation.BEFORE][number].append((places.add(candidate.before[-3:]), 0.75))
        if candidate.after:
            links[Relation.AFTER][number].append((places.add(candidate.after), 1.0))
            if len(candidate.after) > 3:
                links[Relation.AFTER][number].append((places.add(candidate.after[:3]), 0.85))
        if candidate.sentence >= 0:
            _sentence_links(runs, number, candidate, places, links)
    del layout
    return links


def _sentence_links(
    runs: Sequence[Run], number: int, candidate: Candidate, places: Places, links: dict[Relation, Links]
) -> None:
    sentence = runs[candidate.sentence]
    links[Relation.SENTENCE][number].append((places.add(sentence.tokens), 1.0))
    if candidate.sentence > 0:
        links[Relation.SENTENCE][number].append((places.add(runs[candidate.sentence - 1].tokens), 0.3))
    at = sentence.tokens.index(candidate.tokens[0]) if candidate.tokens[0] in sentence.tokens else -1
    if at < 0:
        return
    end = at + len(candidate.tokens)
    around = sentence.tokens[max(at - _WINDOW, 0) : at] + sentence.tokens[end : end + _WINDOW]
    close = sentence.tokens[max(at - 3, 0) : at] + sentence.tokens[end : end + 3]
    leading, trailing = sentence.tokens[max(at - 5, 0) : at], sentence.tokens[end : end + 5]
    for relation, tokens, strength in (
        (Relation.NEAR, around, 0.8),
        (Relation.NEAR, close, 1.0),
        (Relation.LEADING, leading, 1.0),
        (Relation.TRAILING, trailing, 1.0),
        (Relation.ADJACENT, sentence.tokens[max(at - 2, 0) : at], 1.0),
        (Relation.ADJACENT, sentence.tokens[end : end + 2], 0.9),
    ):
        if tokens:
            links[relation][number].append((places.add(tokens), strength))
