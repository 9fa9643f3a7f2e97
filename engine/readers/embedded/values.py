"""Typed values in a run of words: what is a date, an amount, a code, an address, a company, a person's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.readers.embedded import patterns
from engine.readers.embedded.layout import Token
from engine.readers.embedded.text import has_digit, joiner


class Kind(StrEnum):
    """What sort of value a candidate is, or a question asks for."""

    DATE = "date"
    YEAR = "year"
    TIME = "time"
    AMOUNT = "amount"
    PERCENT = "percent"
    NUMBER = "number"
    QUANTITY = "quantity"
    CODE = "code"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    COMPANY = "company"
    PERSON = "person"
    ADDRESS = "address"
    PLACE = "place"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens written out as one text; `spans` are each token's half-open place in it."""

    text: str
    tokens: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    def covering(self, start: int, end: int) -> tuple[int, ...]:
        """The tokens that a stretch of the text touches."""
        return tuple(
            token for token, (a, b) in zip(self.tokens, self.spans, strict=True) if a < end and b > start
        )


@dataclass(frozen=True, slots=True)
class Value:
    """A typed stretch of a run: its text as printed, without brackets or punctuation around it."""

    kind: Kind
    start: int
    end: int
    text: str


_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.EMAIL, patterns.EMAIL),
    (Kind.URL, patterns.URL),
    (Kind.DATE, patterns.DATE),
    (Kind.TIME, patterns.TIME),
    (Kind.PERCENT, patterns.PERCENT),
    (Kind.AMOUNT, patterns.AMOUNT),
    (Kind.QUANTITY, patterns.QUANTITY),
    (Kind.CODE, patterns.IBAN),
    (Kind.PHONE, patterns.PHONE),
    (Kind.YEAR, patterns.YEAR),
    (Kind.NUMBER, patterns.NUMBER),
    (Kind.CODE, patterns.CODE),
)
_NAME = re.compile(
    r"(?<![\w'])(?:(?:Dr|Mr|Mrs|Ms|Prof|Sir|Hon|St|Rev|Gen|Col|Capt|M|Mme|Herr|Frau)\.?\s+)?"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’\-]*\.?)(?:\s+(?:(?:of|the|and|de|du|des|la|le|van|von|der|den|di|da|del|al|bin|y|&|et)\s+){0,2}"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’\-]*\.?))*"
)
_PERSON = re.compile(
    r"^(?:(?:Dr|Mr|Mrs|Ms|Prof|Sir|Hon|Rev|Gen|Col|Capt|Herr|Frau|Mme|M)\.?\s+)?"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’\-]*|[A-Z]\.(?:\s?[A-Z]\.)*)(?:,?\s+(?:(?:van|von|de|der|den|di|da|del|la|le|bin|al)\s+){0,2}(?:[A-ZÀ-ÖØ-Þ][\w'’\-]+|[A-Z]\.?)){1,4}(?:,?\s+(?:Jr|Sr|PhD|MD)\.?)?$"
)


def run_of(tokens: Sequence[Token], indices: Sequence[int]) -> Run:
    """The tokens at `indices` as one text; a word broken by a hyphen at a line end is joined again."""
    text = ""
    spans = []
    previous: Token | None = None
    for index in indices:
        token = tokens[index]
        if previous is not None and previous.word != token.word:
            broken = text.endswith("-") and token.y0 > previous.middle and token.text[:1].islower()
            text = text[:-1] if broken else text + joiner(text, token.text)
        spans.append((len(text), len(text) + len(token.text)))
        text += token.text
        previous = token
    return Run(text, tuple(indices), tuple(spans))


def typed_values(run: Run) -> Iterator[Value]:
    """Every typed stretch of the run; stretches of different kinds may overlap."""
    for kind, form in _FORMS:
        for match in form.finditer(run.text):
            value = _trimmed(kind, run.text, match.start(), match.end())
            if value is not None and _plausible(value):
                yield value


def names(run: Run) -> Iterator[Value]:
    """Capitalised stretches of a sentence: candidates for people, places and things."""
    for match in _NAME.finditer(run.text):
        value = _trimmed(Kind.TEXT, run.text, match.start(), match.end())
        if value is not None and len(value.text) > 1:
            yield value


def _trimmed(kind: Kind, text: str, start: int, end: int) -> Value | None:
    while start < end and text[start] in " ,;:.*'\"":
        start += 1
    closing = " ,;:*'\"" if kind in (Kind.TIME, Kind.AMOUNT, Kind.DATE) else " ,;:.*'\""
    while end > start and text[end - 1] in closing:
        end -= 1
    piece = text[start:end]
    if piece.endswith(")") and "(" not in piece:
        end -= 1
    elif piece.startswith("(") and ")" not in piece:
        start += 1
    return Value(kind, start, end, text[start:end]) if end > start else None


def _plausible(value: Value) -> bool:
    digits = sum(char.isdigit() for char in value.text)
    match value.kind:
        case Kind.PHONE:
            return 6 <= digits <= 15 and patterns.DATE.fullmatch(value.text) is None
        case Kind.CODE:
            return len(value.text) >= 2 and digits >= 1
        case _:
            return True


def person_likeness(text: str) -> float:
    """0–1: how much a stretch looks like a person's name."""
    if has_digit(text) or patterns.COMPANY_SUFFIX.search(text) or len(text) > 50:
        return 0.0
    titled = text.title() if text.isupper() else text
    if _PERSON.match(titled):
        return 1.0 if 2 <= len(titled.split()) <= 4 else 0.6
    return 0.0


def company_likeness(text: str) -> float:
    """0–1: how much a stretch looks like the name of a company or shop."""
    if sum(char.isdigit() for char in text) > 3 or not any(char.isalpha() for char in text):
        return 0.0
    if patterns.COMPANY_SUFFIX.search(text):
        return 1.0
    return 0.4 if text[:1].isupper() else 0.1


def address_likeness(text: str) -> float:
    """0–1: how much a stretch, of one or several lines, looks like a postal address."""
    if "@" in text or patterns.URL.search(text):
        return 0.0
    hints = min(len(patterns.ADDRESS_HINT.findall(text)), 3)
    postcode = patterns.POSTCODE.search(text) is not None
    commas = min(text.count(","), 3)
    digits = has_digit(text)
    words = len(text.split())
    if words < 2 or (not postcode and hints == 0):
        return 0.1 if commas and words >= 2 else 0.0
    score = 0.22 * hints + 0.35 * postcode + 0.08 * commas + 0.12 * digits
    return min(score, 1.0)
