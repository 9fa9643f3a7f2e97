"""What a question asks: the words that must stand near the answer, kinds of value that fit, the answer's shape."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.readers.embedded.labels import Field, Phrase, asked_phrases, fields_by_name, match_form
from engine.readers.embedded.question_kinds import FIELD_PATTERNS, KIND_PATTERNS, SHAPE_PATTERNS
from engine.readers.embedded.text import fold, has_digit, is_cjk, words_of
from engine.readers.embedded.values import Kind
from engine.readers.embedded.wording import (
    DOCUMENT_NOUNS,
    FILLERS,
    LIGHT_WORDS,
    SAME_WORD,
    STOP_WORDS,
    TYPE_NOUNS,
    guess_language,
)


class Shape(StrEnum):
    """The shape of the answer that is asked for."""

    VALUE = "value"
    COUNT = "count"
    YES_NO = "yes-no"
    SECTION = "section"
    EXTREME = "extreme"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing the page must say near the answer: a word, or a field's name with all its wordings.

    `weight` is how much it matters, `quoted` whether the question quoted it, `named` whether it is written as a name,
    `head` whether it names the sort of thing that is asked for ("which museum").
    """

    words: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    weight: float
    quoted: bool = False
    field: str = ""
    named: bool = False
    head: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A parsed question. `kinds` maps each fitting kind of value to how strongly it is expected (0–1)."""

    text: str
    language: str
    shape: Shape
    units: tuple[Unit, ...]
    kinds: tuple[tuple[Kind, float], ...]
    field: str

    def expects(self, kind: Kind) -> float:
        return dict(self.kinds).get(kind, 0.0)


_QUOTED = re.compile(r"[\"“„«](.+?)[\"”“»]|(?<!\w)['‘‚](.+?)['’](?!\w)|「(.+?)」|『(.+?)』")
_NAMED = 1.3
_HEAD = 1.4
"""The first word of content is what is asked for ("which department", "who approved"): it weighs more."""

_TRAILING = re.compile(r"\b(?:on|in|of|from|at|according to)\s+(?:the|this|that)\s+(?:\w+\s+)?\w+\s*$")


def parse(text: str) -> Question:
    """The question as the rest of the reader needs it; never fails, a question without content has no units."""
    folded = fold(text)
    quoted = [next(part for part in match.groups() if part) for match in _QUOTED.finditer(text)]
    rest = fold(_QUOTED.sub(" ", text))
    language = _language(text, rest)
    kinds = _kinds(rest if quoted else folded)
    units, field = _units(rest, quoted, language, text)
    named = "" if quoted else next((name for name, pattern in FIELD_PATTERNS if pattern.search(folded)), "")
    if named:
        units = units if named == field and named not in _LETTER_FIELDS else _renamed(units, named)
        field, kinds = named, {}
    if field and _overruled(kinds, field):
        units = [replace(unit, weight=_OVERRULED * unit.weight) if unit.field == field else unit for unit in units]
        field = ""
    elif field:
        kinds = _with_field(kinds, fields_by_name()[field])
    return Question(text, language, _shape(folded), tuple(units), tuple(kinds.items()), field)


_LETTER_FIELDS = ("to", "from")
"""Fields whose questions name the letter itself in words that its other lines are labelled with ("sent")."""


def _renamed(units: list[Unit], field: str) -> list[Unit]:
    """The units of a question whose whole wording names a field: the field first, its other words count little."""
    own = [unit for unit in units if unit.field == field]
    rest = [replace(unit, weight=0.15 * unit.weight) for unit in units if unit.field != field]
    return [*(own or [Unit((), fields_by_name()[field].printed, 1.0, field=field)]), *rest]


def _language(text: str, folded: str) -> str:
    if is_cjk(text):
        return "zh"
    if re.search(r"[\u0600-\u06ff]", text):
        return "ar"
    return guess_language(re.findall(r"\w+", folded))


def _shape(folded: str) -> Shape:
    for name, pattern in SHAPE_PATTERNS:
        if pattern.search(folded):
            return Shape(name)
    return Shape.VALUE


def _kinds(folded: str) -> dict[Kind, float]:
    return next((dict(expected) for pattern, expected in KIND_PATTERNS if pattern.search(folded)), {})


_OVERRULED = 0.5
"""What the words that name a field still weigh where something else is asked for ("in which year was it written")."""


def _overruled(kinds: dict[Kind, float], field: str) -> bool:
    """Whether the question word already asks for something the field is not ("who issued the invoice date?")."""
    kind = fields_by_name()[field].kind
    return bool(kinds) and kind not in kinds and max(kinds.values()) >= 0.9


def _with_field(kinds: dict[Kind, float], field: Field) -> dict[Kind, float]:
    return {**{k: w * 0.7 for k, w in kinds.items()}, **dict.fromkeys(field.also, _ALSO), field.kind: 1.0}


_ALSO = 0.7
"""How strongly a field's second kind of value is expected."""


def _units(rest: str, quoted: list[str], language: str, original: str) -> tuple[list[Unit], str]:
    units = [_quoted_unit(word) for phrase in quoted for word in words_of(phrase)]
    words = words_of(rest)
    trailing = _trailing_nouns(rest)
    found, field = _field_units(words)
    covered = {position for start, end, _ in found for position in range(start, end)}
    damp = 0.35 if quoted else 1.0
    for start, end, name in found:
        if name == "company" and field != "company":
            damp = min(damp, 0.4)
        tail = all(word in trailing for word in words[start:end])
        units.append(_field_unit(words[start:end], name, (0.2 if tail else 1.0) * damp))
    stop = FILLERS | STOP_WORDS["en"] | STOP_WORDS.get(language, frozenset())
    content = [
        (word, _weight(word, trailing, original))
        for position, word in enumerate(words)
        if position not in covered and word not in stop
    ]
    heads = bool(content) and not found and not quoted and content[0][1] >= 1.0
    for place, (word, weight) in enumerate(content):
        named = weight == _NAMED and not has_digit(word)
        head = heads and place == 0
        units.append(Unit((match_form(word),), (), (_HEAD if head else 1.0) * weight * damp, named=named, head=head))
    only_nouns = all(unit.weight < 0.3 for unit in units)
    if only_nouns:
        units = [replace(unit, weight=1.0) for unit in units]
    return units, "" if quoted and not only_nouns else field


def _quoted_unit(word: str) -> Unit:
    return Unit((match_form(word),), (), 1.0, quoted=True)


def _field_units(words: list[str]) -> tuple[list[tuple[int, int, str]], str]:
    """Longest field names among the words, as (start, end, field); and the field that is asked for."""
    forms = [match_form(word) for word in words]
    asked = asked_phrases()
    found: list[tuple[int, int, str]] = []
    position = 0
    while position < len(forms):
        for length in range(min(6, len(forms) - position), 0, -1):
            name = asked.get(tuple(forms[position : position + length]))
            if name is not None and not _goes_on(words[position + length : position + length + 2], name):
                found.append((position, position + length, name))
                position += length
                break
        else:
            position += 1
    content = [item for item in found if not all(word in DOCUMENT_NOUNS for word in words[item[0] : item[1]])]
    main = max(content, key=lambda item: item[1] - item[0], default=None)
    return content, "" if main is None else main[2]


def _goes_on(following: list[str], name: str) -> bool:
    """Whether the words after a field's name turn it into another: "total number of ...", "time zone"."""
    numbered = bool(following) and SAME_WORD.get(following[0], following[0]) in ("number", "id", "code")
    if numbered and fields_by_name()[name].kind in (Kind.COMPANY, Kind.PERSON, Kind.TEXT):
        return True
    return (name == "total" and following == ["number", "of"]) or (name == "time" and following[:1] == ["zone"])


def _field_unit(words: list[str], name: str, weight: float) -> Unit:
    own = Phrase(tuple(match_form(word) for word in words), 1.0)
    return Unit(own.words, (own, *fields_by_name()[name].printed), weight, field=name)


def _trailing_nouns(folded: str) -> frozenset[str]:
    """Words of a closing "on this receipt", which say where to look and not what for."""
    stripped = folded.strip(" ?!.")
    match = _TRAILING.search(stripped)
    words = words_of(match.group()) if match else words_of(stripped)[-1:]
    return frozenset(word for word in words if word in DOCUMENT_NOUNS)


def _weight(word: str, trailing: frozenset[str], original: str) -> float:
    if word in trailing:
        return 0.1
    if has_digit(word):
        return 1.3
    if SAME_WORD.get(word, word) in TYPE_NOUNS or word in TYPE_NOUNS or word in LIGHT_WORDS:
        return 0.4
    if word in DOCUMENT_NOUNS:
        return 0.5
    capital = re.search(rf"(?<![.?!]\s)(?<=\s){re.escape(word)}", original.casefold())
    if capital is not None and original[capital.start()].isupper():
        return _NAMED
    return 1.0
