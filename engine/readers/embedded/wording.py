"""Words that carry no content in questions and labels, by language, and spellings that mean the same."""

from __future__ import annotations

import tomllib
from typing import Any

from engine.resources import resource_path

WORDS_FILE = "embedded_words.toml"


def _loaded() -> dict[str, dict[str, Any]]:
    with resource_path("models", WORDS_FILE).open("rb") as file:
        return tomllib.load(file)


_WORDS = _loaded()

STOP_WORDS: dict[str, frozenset[str]] = {language: frozenset(text.split()) for language, text in _WORDS["stop"].items()}

ANY_STOP_WORDS: frozenset[str] = frozenset().union(*STOP_WORDS.values())
"""The function words of all languages together."""

FILLERS = frozenset(_WORDS["filler"]["all"].split())
"""Words that a question may contain without asking for them: "shown", "listed"."""

DOCUMENT_NOUNS = frozenset(_WORDS["nouns"]["document"].split())
"""Nouns that mean the page itself when a question ends in "on this receipt"."""

TYPE_NOUNS = frozenset(_WORDS["nouns"]["type"].split())
"""Nouns that say what sort of thing is asked for more than how it is labelled."""

LIGHT_WORDS = frozenset(_WORDS["nouns"]["light"].split())
"""Words that ask for a value of anything and are seldom printed beside it: "needed", "costs"."""

LABEL_WORDS = frozenset(_WORDS["nouns"]["label"].split())
"""Words that labels are made of: a candidate made of these only is more likely a label than a value."""

SAME_WORD: dict[str, str] = {
    variant: canonical for canonical, variants in _WORDS["same"].items() for variant in variants.split()
}
"""Spellings, abbreviations and near synonyms → the word they are matched as."""


PREPOSITIONS: dict[str, frozenset[str]] = {
    kind: frozenset(words.split()) for kind, words in _WORDS["preposition"].items()
}
"""Kind of value → the prepositions that stand before one in a sentence."""


def word_list(name: str) -> frozenset[str]:
    """One of the lists of the words file."""
    return frozenset(_WORDS["list"][name].split())


def guess_language(words: list[str]) -> str:
    """The language whose function words are most common among `words` (folded); English when nothing tells."""
    scores = {language: sum(word in stop for word in words) for language, stop in STOP_WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > scores["en"] else "en"
