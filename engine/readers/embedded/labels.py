"""Fields and their wordings, looked up: which field a question names, and how that field may be printed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from engine.readers.embedded.label_tables import FIELDS
from engine.readers.embedded.text import stem, words_of
from engine.readers.embedded.values import Kind
from engine.readers.embedded.wording import SAME_WORD


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording as matched words (see `match_form`), and how surely it means its field (0–1)."""

    words: tuple[str, ...]
    strength: float


@dataclass(frozen=True, slots=True)
class Field:
    """A common field: its name here, its kind of value, how it is asked for and how it is printed."""

    name: str
    kind: Kind
    asked: tuple[Phrase, ...]
    printed: tuple[Phrase, ...]


@lru_cache(maxsize=65536)
def match_form(word: str) -> str:
    """What a bare word is matched as: one spelling for abbreviations, then its stem."""
    return stem(SAME_WORD.get(word, word))


def match_words(text: str) -> tuple[str, ...]:
    """The words of `text` in the form they are matched in."""
    return tuple(match_form(word) for word in words_of(text))


@lru_cache(maxsize=1)
def fields() -> tuple[Field, ...]:
    """All fields of the tables."""
    return tuple(_field(name, kind, phrases) for name, (kind, phrases) in FIELDS.items())


@lru_cache(maxsize=1)
def asked_phrases() -> dict[tuple[str, ...], str]:
    """Question wording → name of its field; a wording that two fields share belongs to the first."""
    found: dict[tuple[str, ...], str] = {}
    for field in fields():
        for phrase in field.asked:
            if phrase.strength >= 0.5:
                found.setdefault(phrase.words, field.name)
    return found


@lru_cache(maxsize=1)
def fields_by_name() -> dict[str, Field]:
    return {field.name: field for field in fields()}


@lru_cache(maxsize=1)
def printed_words() -> frozenset[str]:
    """Every word that occurs in a printed label of the tables, in matched form."""
    return frozenset(word for field in fields() for phrase in field.printed for word in phrase.words)


def _field(name: str, kind: Kind, phrases: str) -> Field:
    asked: list[Phrase] = []
    printed: list[Phrase] = []
    for entry in phrases.split("|"):
        text, _, strength = entry.strip().partition("~")
        mark = text[0] if text[0] in "?=" else ""
        phrase = Phrase(match_words(text.removeprefix(mark)), float(strength) if strength else 1.0)
        if mark != "=":
            asked.append(phrase)
        if mark != "?":
            printed.append(phrase)
    return Field(name, kind, tuple(asked), tuple(printed))
