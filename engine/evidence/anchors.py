"""Where an answer stands on its page: the tight run of printed words that says the same.

Letters may differ a little (OCR, a plural), figures may not: a number with another digit is another number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rapidfuzz import fuzz

from engine.documents.types import Word
from engine.geometry import PageRect
from engine.readers.embedded.text import fold

MIN_LIKENESS = 85.0
"""The least likeness (0–100, rapidfuzz ratio) at which a run of words counts as the answer."""

MAX_SPREAD = 1.3
"""A run may be longer than the answer by this factor, plus a few characters."""
FEW = 3

Prefer = Callable[[PageRect], float]
"""How welcome a place is; decides between runs that say the answer equally well."""


def anchor(answer: str, words: Sequence[Word], prefer: Prefer = lambda _: 0.0) -> tuple[int, ...]:
    """The numbers of the words that say `answer`, in reading order; empty where it does not stand on the page."""
    wanted = _letters(answer)
    if not wanted:
        return ()
    printed = [_letters(word.text) for word in words]
    figures = _figures(wanted)
    longest = int(len(wanted) * MAX_SPREAD) + FEW
    best: tuple[float, float, int] | None = None
    found: tuple[int, ...] = ()
    for first, opening in enumerate(printed):
        if not opening:
            continue
        said = ""
        for last in range(first, len(printed)):
            said += printed[last]
            if len(said) > longest:
                break
            if not printed[last] or _figures(said) != figures:
                continue
            likeness = fuzz.ratio(wanted, said, score_cutoff=MIN_LIKENESS)
            if likeness == 0.0:
                continue
            run = range(first, last + 1)
            place = sum(prefer(words[number].box) for number in run) / len(run)
            # Of equals the one in the preferred place, then the shortest run; the first on the page wins a tie.
            rank = (likeness, place, -len(run))
            if best is None or rank > best:
                best, found = rank, tuple(number for number in run if printed[number])
    return found


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())


def _figures(text: str) -> str:
    return "".join(char for char in text if char.isdigit())
