"""What is marked on a page: slices, contributions, words, search hits. Plain data in page units; no painting.

A wrong highlight must never happen: evidence is used only on the page, document and orientation it is about; on a page
that was righted since, its boxes are turned with the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.contributions import Look, Shown, shown_of
from engine.documents.types import PageRef, Word
from engine.evidence.types import Contribution, EvidenceMethod
from engine.geometry import PagePoint, PageRect, bounding_rect, turn_rect
from engine.readers.types import Answer
from engine.slicing.plan import SlicePlan, View

SHOWN_FROM = 0.005
"""Contributions that round to 0 % are neither coloured nor numbered."""
JOIN_GAP = 1.5
"""Words of one line no farther apart than this many heights share one outline."""


@dataclass(frozen=True, slots=True)
class SliceMark:
    """One slice, or the whole page where it is not sliced (`row`, `col` and `number` are None then).

    `number` counts from 0, row by row; `box` is in page units of the page as shown.
    """

    row: int | None
    col: int | None
    number: int | None
    box: PageRect
    view: View
    contribution: Contribution | None = None
    look: Look = Look.CONTRIBUTION

    @property
    def share(self) -> float | None:
        """The share 0–1 that `look` names, or None where there is nothing to show."""
        if self.contribution is None or self.contribution.shown < SHOWN_FROM:
            return None
        return self.contribution.shown


@dataclass(frozen=True, slots=True)
class PageMarks:
    """Everything an answer and a slice plan say about one page, in page units of the page as shown.

    `answer_boxes` outline the answer's own words, `label_boxes` the words it was found by. `plan_error` is why the
    policy has no slices for this page. Not `measured`: nothing is known yet of what some slices contribute.
    """

    policy: str = ""
    slices: tuple[SliceMark, ...] = ()
    answer_boxes: tuple[PageRect, ...] = ()
    label_boxes: tuple[PageRect, ...] = ()
    plan_error: str = ""
    measured: bool = True

    @property
    def has_evidence(self) -> bool:
        return bool(self.answer_boxes or self.label_boxes or any(mark.contribution for mark in self.slices))

    @property
    def looks(self) -> frozenset[Look]:
        """What the numbers on the slices are."""
        return frozenset(mark.look for mark in self.slices if mark.share is not None)

    @property
    def lit(self) -> tuple[PageRect, ...]:
        """What stays bright when the rest of the page is dimmed: contributing slices and supporting words.

        On an unsliced page the only "slice" is all of it, so its words alone stay bright.
        """
        slices = tuple(mark.box for mark in self.slices if mark.share is not None and mark.number is not None)
        return (*slices, *self.answer_boxes, *self.label_boxes)

    def slice_at(self, point: PagePoint) -> SliceMark | None:
        return next((mark for mark in self.slices if mark.box.contains(point)), None)

    def find(self, row: int | None, col: int | None) -> SliceMark | None:
        return next((mark for mark in self.slices if (mark.row, mark.col) == (row, col)), None)


def plan_marks(page: PageRef, plan: SlicePlan) -> PageMarks:
    """The slices of `plan`, which was made for `page` as it is shown."""
    return PageMarks(plan.policy, tuple(_slice_marks(page, plan, (), 0)))


def evidence_marks(page: PageRef, answer: Answer, shown: Sequence[Shown] | None = None) -> PageMarks | None:
    """What `answer` says about `page`, or None where it says nothing. `shown` are its slices as they are to be shown,
    by default all that its evidence tells."""
    evidence = answer.evidence
    if evidence is None or evidence.page.document != page.document:
        return None
    plan = dict(answer.plans).get(page.index)
    shown = shown if shown is not None else shown_of(evidence)
    contributions = tuple(each for each in shown if each.contribution.page == page.index)
    measured = evidence.method is not EvidenceMethod.ATTENTION
    if evidence.page.index != page.index:
        slices = tuple(_slice_marks(page, plan, contributions, 0)) if plan else ()
        return PageMarks(plan.policy, slices, measured=measured) if plan else None
    turn = (page.orientation - evidence.page.orientation) % 360
    size = (evidence.page.width, evidence.page.height)
    answer_words, label_words = evidence.words[: evidence.answer_words], evidence.words[evidence.answer_words :]
    slices = tuple(_slice_marks(evidence.page, plan, contributions, turn)) if plan else ()
    return PageMarks(
        plan.policy if plan else "",
        slices,
        tuple(turn_rect(box, size, turn) for box in joined_boxes(answer_words)),
        tuple(turn_rect(box, size, turn) for box in joined_boxes(label_words)),
        measured=measured,
    )


def _slice_marks(page: PageRef, plan: SlicePlan, shown: Sequence[Shown], turn: int) -> Iterable[SliceMark]:
    by_place = {(each.contribution.row, each.contribution.col): each for each in shown}
    size = (page.width, page.height)
    for view in plan.slices or (plan.overview,):
        row, col = (view.row, view.col) if plan.slices else (None, None)
        number = row * plan.grid.cols + col if row is not None and col is not None else None
        box = turn_rect(page.to_units(view.rect), size, turn)
        known = by_place.get((row, col))
        if known is None:
            yield SliceMark(row, col, number, box, view)
        else:
            yield SliceMark(row, col, number, box, view, known.contribution, known.look)


def joined_boxes(words: Iterable[Word]) -> list[PageRect]:
    """One box per run of neighbouring words of a line, so that an answer of three words has one outline."""
    runs: list[list[Word]] = []
    for word in sorted(words, key=lambda each: (each.block, each.line, each.box.x0)):
        if runs and _adjoin(runs[-1][-1], word):
            runs[-1].append(word)
        else:
            runs.append([word])
    boxes = (bounding_rect([word.box for word in run]) for run in runs)
    return [box for box in boxes if box is not None]


def _adjoin(left: Word, right: Word) -> bool:
    if (left.block, left.line) != (right.block, right.line):
        return False
    height = max(left.box.height, right.box.height)
    overlap = min(left.box.y1, right.box.y1) - max(left.box.y0, right.box.y0)
    return overlap > 0 and right.box.x0 - left.box.x1 <= JOIN_GAP * height
