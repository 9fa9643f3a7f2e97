"""Words that mean nearly the same in documents, within and across languages: what paraphrases are matched by."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.readers.embedded.labels import match_words
from engine.readers.embedded.wording import ANY_STOP_WORDS
from engine.resources import resource_path

THESAURUS_FILE = "embedded_thesaurus.txt"


@lru_cache(maxsize=1)
def groups_of() -> dict[str, frozenset[int]]:
    """Matched word → the numbers of its groups. A line of the file is a group, one that begins with # a heading."""
    found: dict[str, set[int]] = {}
    text = resource_path("models", THESAURUS_FILE).read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines()):
        if line.startswith("#"):
            continue
        for word in line.split():
            for form in match_words(word)[:1]:
                found.setdefault(form, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def related(terms: Sequence[str], vocabulary: tuple[str, ...]) -> NDArray[np.bool_]:
    """(terms, vocabulary) whether two matched words are of one group."""
    result = np.zeros((len(terms), len(vocabulary)), dtype=np.bool_)
    columns = _columns(vocabulary)
    known = groups_of()
    for row, term in enumerate(terms):
        for group in known.get(term, ()):
            result[row, columns.get(group, [])] = True
    return result


@lru_cache(maxsize=64)
def _columns(vocabulary: tuple[str, ...]) -> dict[int, list[int]]:
    """Group → the places of its words in the vocabulary; a page's function words ("die" in German) are of none."""
    known = groups_of()
    found: dict[int, list[int]] = {}
    for column, word in enumerate(vocabulary):
        for group in known.get(word, ()) if word not in ANY_STOP_WORDS else ():
            found.setdefault(group, []).append(column)
    return found
