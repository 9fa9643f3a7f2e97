"""Where an answer stands on its page: the tight run of printed words that says the same.

Letters of longer answers may differ a little (OCR, a plural). Figures may not: a number with another digit is another
number, and two numbers side by side are not one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rapidfuzz import fuzz

from engine.documents.types import Word
from engine.geometry import PageRect
from engine.readers.embedded.text import fold

MIN_LIKENESS = 87.0
"""The least likeness (0–100, rapidfuzz ratio) at which a run of words counts as the answer: a letter in eight."""
EXACT_LENGTH = 5
"""Answers of so few characters must be printed as they are: at that length another letter is another word."""

MAX_SPREAD, FEW = 1.3, 3
"""A run may be longer than the answer by this factor and so many characters."""

_THOUSANDS = re.compile(r"\d{3}(?!\d)")

Prefer = Callable[[PageRect], float]
"""How welcome a place is; decides between runs that say the answer equally well."""


def anchor(answer: str, words: Sequence[Word], prefer: Prefer = lambda _: 0.0) -> tuple[int, ...]:
    """The numbers of the words that say `answer`, in reading order; empty where it does not stand on the page."""
    wanted = _letters(answer)
    if not wanted:
        return ()
    best: tuple[float, float, int] | None = None
    found: tuple[int, ...] = ()
    for run, said in _runs(answer, wanted, words):
        likeness = _likeness(wanted, said)
        if likeness == 0.0:
            continue
        place = sum(prefer(words[number].box) for number in run) / len(run)
        # Of equals the one in the preferred place, then the shortest run; the first on the page wins a tie.
        rank = (likeness, place, -len(run))
        if best is None or rank > best:
            best, found = rank, tuple(run)
    return found


def _runs(answer: str, wanted: str, words: Sequence[Word]) -> Iterator[tuple[list[int], str]]:
    """Runs of words with letters, about as long as the answer, that have its figures: their numbers, what they say."""
    printed = [_letters(word.text) for word in words]
    figures, borders = _figures(wanted), _borders(answer)
    longest = int(len(wanted) * MAX_SPREAD) + FEW
    for first, opening in enumerate(printed):
        if not opening:
            continue
        run, said = [first], opening
        for number in range(first + 1, len(printed) + 1):
            if _figures(said) == figures:
                yield list(run), said
            if number == len(printed) or len(said) + len(printed[number]) > longest:
                break
            if not printed[number]:
                continue
            if _splits_number(said, words[number].text, borders):
                break
            run.append(number)
            said += printed[number]


def _splits_number(said: str, following: str, borders: frozenset[int]) -> bool:
    """True where taking the next word along would make one number of two: neither has the answer a border there,
    nor is the word a group of thousands."""
    joins = said[-1].isdigit() and following[:1].isdigit()
    return joins and len(said) not in borders and not _THOUSANDS.match(following)


def _likeness(wanted: str, said: str) -> float:
    if len(wanted) <= EXACT_LENGTH:
        return 100.0 if wanted == said else 0.0
    return fuzz.ratio(wanted, said, score_cutoff=MIN_LIKENESS)


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())


def _borders(text: str) -> frozenset[int]:
    """After how many letters and figures of `text` something else stands."""
    parts = re.findall(r"[^\W_]+", fold(text))
    return frozenset(sum(map(len, parts[: count + 1])) for count in range(len(parts)))


def _figures(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
