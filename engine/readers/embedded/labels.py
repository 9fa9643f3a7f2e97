"""Fields and their wordings, looked up: which field a question names, and how that field may be printed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from engine.readers.embedded.text import stem, words_of
from engine.readers.embedded.values import Kind
from engine.readers.embedded.wording import LABEL_WORDS, SAME_WORD
from engine.resources import resource_path

FIELDS_FILE = "embedded_fields.toml"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording as matched words (see `match_form`), and how surely it means its field (0–1)."""

    words: tuple[str, ...]
    strength: float


@dataclass(frozen=True, slots=True)
class Field:
    """A common field: its name here, its kind of value and others it may have, how it is asked for and printed."""

    name: str
    kind: Kind
    asked: tuple[Phrase, ...]
    printed: tuple[Phrase, ...]
    also: tuple[Kind, ...] = ()


@lru_cache(maxsize=65536)
def match_form(word: str) -> str:
    """What a bare word is matched as: one spelling for abbreviations, then its stem."""
    if len(word) > 4 and word.endswith("nr"):
        word = f"{word.removesuffix('nr')}nummer"
    return stem(SAME_WORD.get(word, word))


def match_words(text: str) -> tuple[str, ...]:
    """The words of `text` in the form they are matched in."""
    return tuple(match_form(word) for word in words_of(text))


@lru_cache(maxsize=1)
def fields() -> tuple[Field, ...]:
    """All fields of the tables."""
    with resource_path("models", FIELDS_FILE).open("rb") as file:
        return tuple(_field(name, table) for name, table in tomllib.load(file).items())


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
    """Every word that labels are commonly made of, in matched form."""
    fields_words = {word for field in fields() for phrase in field.printed for word in phrase.words}
    return frozenset(fields_words | {match_form(word) for word in LABEL_WORDS})


def _field(name: str, table: Mapping[str, Any]) -> Field:
    both = _phrases(table.get("words", ()))
    asked, printed = _phrases(table.get("asked", ())), _phrases(table.get("printed", ()))
    also = tuple(Kind(kind) for kind in table.get("also", ()))
    return Field(name, Kind(table["kind"]), (*both, *asked), (*both, *printed), also)


def _phrases(entries: Sequence[str]) -> tuple[Phrase, ...]:
    """The phrases of a table row; `text~0.6` has strength 0.6."""
    parts = [entry.partition("~") for entry in entries]
    return tuple(Phrase(match_words(text), float(strength or 1.0)) for text, _, strength in parts)
