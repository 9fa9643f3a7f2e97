"""Typed values in a run of words: what is a date, an amount, a code, an address, a company, a person's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.readers.embedded import patterns
from engine.readers.embedded.layout import Token
from engine.readers.embedded.text import bare, has_digit, joiner
from engine.readers.embedded.wording import ANY_STOP_WORDS, DOCUMENT_NOUNS, LABEL_WORDS, SAME_WORD, word_list


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
        return tuple(token for token, (a, b) in zip(self.tokens, self.spans, strict=True) if a < end and b > start)


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
    (Kind.CODE, patterns.GROUPED_CODE),
    (Kind.PHONE, patterns.PHONE),
    (Kind.YEAR, patterns.YEAR),
    (Kind.NUMBER, patterns.NUMBER),
    (Kind.NUMBER, patterns.NUMBER_WORD),
    (Kind.CODE, patterns.CODE),
    (Kind.TEXT, patterns.FILE),
)
_IN_BRACKETS = re.compile(r"\s*\([^()]*\)\s*$")
_NAME = re.compile(
    r"(?<![\w'])(?:(?:Dr|Mr|Mrs|Ms|Prof|Sir|Hon|St|Rev|Gen|Col|Capt|M|Mme|Herr|Frau)\.?\s+)?"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’\-]*\.?)(?:\s+(?:(?:of|the|and|de|du|des|la|le|van|von|der|den|di|da|del|al|bin|y|&|et)\s+){0,2}"
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’\-]*\.?))*(?:,\s(?:Inc|Ltd|LLC|LLP|S\.A|Jr|Sr|PhD|MD)\b\.?)?"
)
_COUNTRIES = word_list("country")
_PIECE = re.compile(r"[^\s,;:()\"“”]+")
_LINKS = word_list("link")
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


def whole_values(run: Run) -> list[Value]:
    """The typed stretches of the run without those that are a mere part of another: no day of a date, no thousand of
    an amount. A year, a figure of a quantity, and the amount of an amount with currency stay."""
    found = list(typed_values(run))
    whole = [value for value in found if not any(_is_part(value, other) for other in found)]
    return [*whole, *_ranges(run.text, whole)]


_BETWEEN = re.compile(r"\s?(?:to|through|until|till|and|bis|à|au|al?|hasta|tot|-|–|—)\s?", re.IGNORECASE)
_RANGED = frozenset((Kind.DATE, Kind.TIME, Kind.YEAR, Kind.CODE, Kind.NUMBER, Kind.AMOUNT, Kind.PERCENT))


def _ranges(text: str, found: Sequence[Value]) -> Iterator[Value]:
    """Two values of a kind with "to" or a dash between them, as one: "1 February to 28 February 2022"."""
    starts = {(value.start, value.kind): value for value in found}
    for first in found:
        link = _BETWEEN.match(text, first.end)
        last = starts.get((link.end(), first.kind)) if link is not None and link.group().strip() else None
        if last is not None and first.kind in _RANGED:
            yield Value(first.kind, first.start, last.end, text[first.start : last.end])


_HOLDERS = frozenset(
    {Kind.PERCENT, Kind.DATE, Kind.AMOUNT, Kind.CODE, Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.TIME, Kind.NUMBER}
)


def _is_part(value: Value, other: Value) -> bool:
    if value.kind is Kind.YEAR or other.kind not in _HOLDERS:
        return False
    if value.kind is Kind.PHONE and other.kind in (Kind.DATE, Kind.TIME):
        return value.start < other.end and other.start < value.end
    inside = other.start <= value.start and value.end <= other.end
    if not inside or (value.start, value.end) == (other.start, other.end):
        return False
    if other.kind is Kind.NUMBER:
        return value.kind in (Kind.NUMBER, Kind.CODE, Kind.YEAR)
    if other.kind is Kind.PHONE:
        return value.kind in (Kind.NUMBER, Kind.CODE, Kind.PHONE)
    return True


def names(run: Run) -> Iterator[Value]:
    """Capitalised stretches of a sentence: candidates for people, places and things."""
    for match in _NAME.finditer(run.text):
        start = match.start()
        first, _, rest = match.group().partition(" ")
        if is_function_word(first):
            if not rest or rest[:1].islower():
                continue
            start += len(first) + 1
        value = _trimmed(Kind.TEXT, run.text, start, match.end())
        if value is not None and len(value.text) > 1:
            yield value


def phrases(run: Run) -> Iterator[Value]:
    """Stretches of content words between function words and commas, alone, joined by "of" or a preposition, and as
    lists with "and"."""
    yield from _lists(run.text)
    pieces: list[tuple[int, int, bool]] = []
    for word in _PIECE.finditer(run.text):
        content = not is_function_word(word.group())
        if content and pieces and pieces[-1][2] and run.text[pieces[-1][1] : word.start()].isspace():
            pieces[-1] = (pieces[-1][0], word.end(), True)
        else:
            pieces.append((word.start(), word.end(), content))
    for number, (start, end, content) in enumerate(pieces):
        if not content:
            continue
        yield from _phrase(run.text, start, end)
        for reach in _linked(run.text, pieces, number):
            yield from _phrase(run.text, start, reach)


def _linked(text: str, pieces: Sequence[tuple[int, int, bool]], number: int) -> Iterator[int]:
    """Where the stretch of piece `number` ends once one and two further pieces are joined to it: "waste of the mines at
    Garth"."""
    for _ in range(_MOST_LINKS):
        end, following = pieces[number][1], number + 1
        while following < len(pieces) and not pieces[following][2] and following - number <= 2:
            following += 1
        words = [text[start:stop].casefold() for start, stop, _ in pieces[number + 1 : following]]
        if following >= len(pieces) or not words or words[0] not in _LINKS or not _ARTICLES.issuperset(words[1:]):
            return
        if set(text[end : pieces[following][0]]) & set(",;:()"):
            return
        number = following
        yield pieces[number][1]


_MOST_LINKS = 2
_ARTICLES = word_list("article")
_LIST = re.compile(
    r"[^\W_][\w'’\-]*(?:\s[^\W_][\w'’\-]*){0,2}(?:,\s[^\W_][\w'’\-]*(?:\s[^\W_][\w'’\-]*){0,2}){1,5},?"
    r"\s(?:and|or|und|oder|et|ou|y|e|o|en|of)\s[^\W_][\w'’\-]*(?:\s[^\W_][\w'’\-]*)?"
)


def _lists(text: str) -> Iterator[Value]:
    """Things told one after another: "Dutch, English and German". What stands before the first of them is cut off:
    function words, and words in lower case where the second is a name."""
    for found in _LIST.finditer(text):
        first, second = (part.split() for part in found.group().split(",")[:2])
        named = second[0][:1].isupper()
        skip = max((n + 1 for n, w in enumerate(first) if is_function_word(w) or (named and w.islower())), default=0)
        if skip < len(first):
            start = found.start() + sum(len(word) + 1 for word in first[:skip])
            yield Value(Kind.TEXT, start, found.end(), text[start : found.end()])


_LONGEST_PHRASE = 8


def _phrase(text: str, start: int, end: int) -> Iterator[Value]:
    value = _trimmed(Kind.TEXT, text, start, end)
    if value is not None and len(value.text) > 2 and len(value.text.split()) <= _LONGEST_PHRASE:
        yield value


def is_function_word(word: str) -> bool:
    """Whether a word carries grammar and no content, in any of the reader's languages."""
    return bare(word) in ANY_STOP_WORDS


_LABEL_PREFIX = re.compile(r"([A-Za-z]{2,5})[.:]?\s(?=\S*\d)")
"""A word before a code ("REG 1234") that may be its label."""


def _trimmed(kind: Kind, text: str, start: int, end: int) -> Value | None:
    if kind is Kind.CODE:
        prefix = _LABEL_PREFIX.match(text[start:end])
        named = prefix is not None and (bare(prefix.group(1)) in LABEL_WORDS or bare(prefix.group(1)) in SAME_WORD)
        start += len(prefix.group()) if prefix is not None and named else 0
    opening = " ,;:.*'\"#" if kind is Kind.CODE else " ,;:.*'\""
    while start < end and text[start] in opening:
        start += 1
    closing = " ,;:*'\"" if kind in (Kind.TIME, Kind.AMOUNT, Kind.DATE) else " ,;:.*'\""
    while end > start and text[end - 1] in closing:
        end -= 1
    piece = text[start:end]
    if piece.endswith(")") and "(" not in piece:
        end -= 1
    elif piece.startswith("(") and ")" not in piece:
        start += 1
    written = text[start:end] if kind is not Kind.AMOUNT else _BROKEN.sub(_mended, text[start:end])
    return Value(kind, start, end, written) if end > start else None


_BROKEN = re.compile(r"^S(?=\s?\d)|(?<=\d)\s(?=[.,]\d\d(?!\d))")
"""What OCR makes of amounts: an S of a dollar sign, a blank before the decimals."""


def _mended(broken: re.Match[str]) -> str:
    return "$" if broken.group() == "S" else ""


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
    if any(bare(word) in LABEL_WORDS or bare(word) in DOCUMENT_NOUNS for word in titled.split()):
        return 0.0
    if _PERSON.match(titled):
        return 1.0 if 2 <= len(titled.split()) <= 4 else 0.6
    return 0.0


def without_brackets(text: str) -> str:
    """The text without a closing bracket such as a registration number."""
    return _IN_BRACKETS.sub("", text)


def company_likeness(text: str) -> float:
    """0–1: how much a stretch looks like the name of a company or shop."""
    text = without_brackets(text)
    if sum(char.isdigit() for char in text) > 3 or not any(char.isalpha() for char in text):
        return 0.0
    suffix = patterns.COMPANY_SUFFIX.search(text)
    if suffix is not None and any(char.isalnum() for char in text[: suffix.start()] + text[suffix.end() :]):
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
    if words <= 2 and bare(text.split()[-1]) in _COUNTRIES:
        return 0.4
    if words < 2 or (not postcode and hints == 0):
        return 0.1 if commas and words >= 2 else 0.0
    score = 0.22 * hints + 0.35 * postcode + 0.08 * commas + 0.12 * digits
    return min(score, 1.0)
