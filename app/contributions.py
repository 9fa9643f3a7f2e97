"""What is shown of an answer's slices at this moment: measured contributions, or a preview until they are there.

Attention is no contribution. It is shown only where nothing has been measured yet, and as what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from engine.evidence.types import AnswerPiece, Contribution, Evidence, EvidenceMethod

SHOWN_SHARE = 0.01
"""A slice belongs to an answer from this contribution on: less is shown as 0 %."""


class Look(Enum):
    """What a share of a slice is. `WORDS`: its contribution to the selected words of the answer alone."""

    CONTRIBUTION = "contribution"
    PREVIEW = "preview"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Shown:
    """A slice with its share, and what that share is."""

    contribution: Contribution
    look: Look

    @property
    def place(self) -> tuple[int, int | None, int | None]:
        return place_of(self.contribution)


def place_of(contribution: Contribution) -> tuple[int, int | None, int | None]:
    """(0-based page, row, col)."""
    return contribution.page, contribution.row, contribution.col


def shown_of(evidence: Evidence, found: Sequence[Contribution] = ()) -> tuple[Shown, ...]:
    """What to show of `evidence` while `found` are the contributions measured since it came: measured ones best
    first, then the preview of the others, the most looked at first."""
    measured = {place_of(each): each for each in found}
    rest = [each for each in evidence.contributions if place_of(each) not in measured]
    if evidence.method is EvidenceMethod.ATTENTION:
        return (*_looking(Look.CONTRIBUTION, measured.values()), *_looking(Look.PREVIEW, rest))
    return _looking(Look.CONTRIBUTION, [*measured.values(), *rest])


def shown_of_words(evidence: Evidence, start: int, end: int) -> tuple[Shown, ...] | None:
    """What the slices contribute to the characters [start, end) of the answer, best first; None where the evidence
    does not tell. Several pieces count by how many of the characters are theirs."""
    pieces = [(piece, _overlap(piece, start, end)) for piece in evidence.pieces]
    chosen = [(piece, length) for piece, length in pieces if length > 0]
    total = sum(length for _, length in chosen)
    if not total or any(len(piece.joint) != len(evidence.contributions) for piece, _ in chosen):
        return None
    shares = [
        sum(piece.joint[index] * length for piece, length in chosen) / total
        for index in range(len(evidence.contributions))
    ]
    pairs = zip(evidence.contributions, shares, strict=True)
    return _looking(Look.WORDS, [replace(each, joint=share, detail=share) for each, share in pairs])


def worth_showing(shown: Iterable[Shown]) -> list[Shown]:
    """Those that are more than 0 %."""
    return [each for each in shown if each.contribution.shown >= SHOWN_SHARE]


def _looking(look: Look, contributions: Iterable[Contribution]) -> tuple[Shown, ...]:
    ordered = sorted(contributions, key=lambda each: -each.joint)
    return tuple(Shown(each, look) for each in ordered)


def _overlap(piece: AnswerPiece, start: int, end: int) -> int:
    return min(piece.end, end) - max(piece.start, start)
