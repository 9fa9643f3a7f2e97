"""Answers that are no single value: the text of a section, a count, yes or no, the title of the page."""

from __future__ import annotations

from dataclasses import dataclass

from engine.readers.embedded.index import PageIndex
from engine.readers.embedded.question import Question


@dataclass(frozen=True, slots=True)
class Shaped:
    """An answer, its own tokens, the tokens it was found by, and the probability of being right."""

    text: str
    tokens: tuple[int, ...]
    support: tuple[int, ...]
    confidence: float


def shaped_answer(question: Question, index: PageIndex) -> Shaped | None:
    """The answer of the question's shape on this page, None where the words do not decide it."""
    return None
