"""Pages and questions with other words in them, so that a question finds its label by spelling and not by memory."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from engine.training.synth import wordlists as words
from engine.training.synth.types import SyntheticDocument, SyntheticQuestion

_WORD = re.compile(r"[^\W\d_]{3,}")
_SHARED = 0.7
"""How many of the words that question and page share become others."""
_KNOWN = 0.6
"""How many of them become words that other pages print; the rest become none that is known."""
_ASKING = frozenset(
    re.findall(
        r"\w+",
        """who whom whose when where which what how much many often long old far date day year time name number price
        total amount wie wer wann was quel quelle qui combien quand cuál quién cuándo cuánto quale chi quando quanto wat
        hoeveel wanneer""",
    )
)
"""Words that say what is asked for, in the languages of the pages."""
_VOWELS, _CONSONANTS = "aeiou", "bcdfghjklmnprstvwz"


RELABELLED, REWORDED = 0.3, 0.15
"""Shares of pages with other words, and of questions with other words around what they name."""


def varied(document: SyntheticDocument, rng: random.Random) -> SyntheticDocument:
    """The document as training shows it: now and then with other labels, some of its questions worded strangely."""
    if rng.random() < RELABELLED:
        document = relabelled(document, rng)
    printed = words_of(document)
    questions = tuple(reworded(one, printed, rng) if rng.random() < REWORDED else one for one in document.questions)
    return replace(document, questions=questions)


def relabelled(document: SyntheticDocument, rng: random.Random) -> SyntheticDocument:
    """The document with some of the words that its questions and its pages share replaced, everywhere alike, by words
    as long, and with other digits."""
    asked = {word for question in document.questions for word in _folded(question.question)}
    printed = {part for page in document.pages for word in page.words for part in _folded(word.text)}
    shared = sorted(word for word in asked & printed if len(word) > 3 and word not in _ASKING)
    other = {word: _stranger(word, rng) for word in shared if rng.random() < _SHARED}
    figures = rng.sample("123456789", 9) if rng.random() < 0.5 else list("123456789")
    digits = str.maketrans("123456789", "".join(figures))

    def said(text: str) -> str:
        return _replaced(text, other).translate(digits)

    pages = tuple(
        replace(page, words=tuple(replace(word, text=said(word.text)) for word in page.words))
        for page in document.pages
    )
    questions = tuple(
        replace(one, question=said(one.question), answers=tuple(said(answer) for answer in one.answers))
        for one in document.questions
    )
    return replace(document, pages=pages, questions=questions)


def reworded(question: SyntheticQuestion, printed: frozenset[str], rng: random.Random) -> SyntheticQuestion:
    """The question with other words around those that `printed`, the words of the page, knows: some are left out, and
    strange ones are said before or after. A question that names nothing on the page stays as it is."""
    parts = question.question.split()
    known = [bool(set(_folded(part)) & printed) for part in parts]
    if not any(known):
        return question
    kept = [part for part, there in zip(parts, known, strict=True) if there or _asks(part) or rng.random() < 0.5]
    noise = [word for word in _noise(rng) if word not in printed]
    said = [*noise, *kept] if rng.random() < 0.7 else [*kept, *noise]
    return replace(question, question=" ".join(said))


def words_of(document: SyntheticDocument) -> frozenset[str]:
    """Every word that the document prints, folded."""
    return frozenset(part for page in document.pages for word in page.words for part in _folded(word.text))


def _folded(text: str) -> list[str]:
    return [found.group().lower() for found in _WORD.finditer(text)]


def _asks(part: str) -> bool:
    return bool(set(_folded(part)) & _ASKING)


def _noise(rng: random.Random) -> list[str]:
    """Up to three words that mean nothing here."""

    def one() -> str:
        if rng.random() < 0.6:
            return rng.choice(_vocabulary()[rng.choice((3, 4, 5, 6, 7))])
        return _coined(rng.randint(2, 8), rng)

    return [one() for _ in range(rng.randint(0, 3))]


def _stranger(word: str, rng: random.Random) -> str:
    """A lower-case word of the same length that has nothing to do with `word`."""
    alike = _vocabulary().get(len(word), ())
    return rng.choice(alike) if alike and rng.random() < _KNOWN else _coined(len(word), rng)


def _coined(length: int, rng: random.Random) -> str:
    letters = (_CONSONANTS, _VOWELS) if rng.random() < 0.7 else (_VOWELS, _CONSONANTS)
    return "".join(rng.choice(letters[place % 2]) for place in range(length))


def _replaced(text: str, other: Mapping[str, str]) -> str:
    """`text` with its words replaced, in the case that each had."""

    def cased(found: re.Match[str]) -> str:
        old = found.group()
        new = other.get(old.lower(), "")
        if not new:
            return old
        return new.upper() if old.isupper() else new.capitalize() if old[0].isupper() else new

    return _WORD.sub(cased, text)


@cache
def _vocabulary() -> Mapping[int, tuple[str, ...]]:
    """Words that generated pages print, by their length."""
    every = {word for source in (words.OFFICE_WORDS, words.DEPARTMENTS, words.JOB_TITLES, words.TOPICS, words.FILLER)
             for text in source for word in _folded(text)}  # fmt: skip
    return {length: tuple(sorted(word for word in every if len(word) == length)) for length in range(3, 13)}
