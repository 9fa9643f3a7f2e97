"""Evidence as plain data: which slices and words an answer came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.documents.types import PageRef, Word
from engine.geometry import PageRect

MIN_GAIN_NATS = 0.5
"""A model's answer that loses less than this without the page does not depend on it."""


class EvidenceMethod(StrEnum):
    """How contributions were measured. `HIDDEN_WORDS`: the embedded reader's score with a slice's words hidden;
    `HIDDEN_VIEWS`: a model's log-probability with a slice's view replaced; `ATTENTION`: where a model looked, a
    preview that is no contribution and is labelled so wherever it is shown."""

    HIDDEN_WORDS = "hidden-words"
    HIDDEN_VIEWS = "hidden-views"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class Contribution:
    """How much the answer's score falls when one slice is hidden, as a share of its fall when all are hidden.

    `row` and `col` are None for the overview of an unsliced page. `detail` hides the slice alone, `joint` also
    hides its place in the overview; `joint` is *the* contribution everywhere. Raw values: they may leave 0–1.
    """

    page: int
    row: int | None
    col: int | None
    box: PageRect
    detail: float
    joint: float

    @property
    def shown(self) -> float:
        """The contribution as shown: clamped to 0–1. Never a share of 100 %."""
        return min(max(self.joint, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """Some characters [start, end) of an answer and what each slice contributes to them alone: `joint` values in the
    order of the evidence's contributions."""

    start: int
    end: int
    joint: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """`box` bounds the answer's own words on `page`; `words` support the answer (its own words first, then the
    label and context words it was found by); `answer_words` is how many of `words` are the answer's own.
    `contributions` are best first. `visual_gain` is the score lost when the whole page is hidden: in nats for a
    model, where under 0.5 means that the answer does not depend on the page. `pieces` split the answer's text."""

    page: PageRef
    box: PageRect | None
    words: tuple[Word, ...]
    answer_words: int
    contributions: tuple[Contribution, ...]
    visual_gain: float
    method: EvidenceMethod
    pieces: tuple[AnswerPiece, ...] = ()

    @property
    def depends_on_page(self) -> bool:
        """False where a model would have given the answer without seeing the page. The embedded reader's gain is not
        in nats, and every word of its answers stands on the page."""
        return self.method is EvidenceMethod.HIDDEN_WORDS or self.visual_gain >= MIN_GAIN_NATS

    @property
    def measured(self) -> tuple[Contribution, ...]:
        """The contributions; none where only the attention is known, which is a preview and no contribution."""
        return () if self.method is EvidenceMethod.ATTENTION else self.contributions
