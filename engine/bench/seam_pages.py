"""Generated pages for the seam test: the same page twice on white paper, once so that a seam of the policy runs
through as many answers as it can, once so that the seams run between words. What differs is where the seams lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from engine.bench.pages import drawn_page
from engine.bench.seam_test import SeamQuestion, Sheet, sheet_of
from engine.bench.seams import Seams
from engine.documents.types import Word
from engine.errors import PlanRefusedError
from engine.geometry import PageRect, Size
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan as plan_of
from engine.slicing.words import SLACK
from engine.training.synth.draw import draw_images, draw_pdf
from engine.training.synth.generate import make_document
from engine.training.synth.types import SyntheticDocument

FAMILIES = ("receipt", "payslip", "slip", "ticket", "settings", "bulletin")
"""Small pages with several questions each: OCR reads one in a second or two."""
DPI = 110
POINTS_PER_INCH = 72
ROOM_SHARE = 0.35
"""How much wider and higher the paper is than the page printed on it."""
STEP_PX = 3
WORTH = 5
"""How many words an answer counts for when a page is put where a seam cuts most of it."""
PAPER = "white"


@dataclass(frozen=True, slots=True)
class _Printed:
    """A drawn page: its words and questions in px of `image`."""

    name: str
    image: Image.Image
    words: tuple[Word, ...]
    questions: tuple[SeamQuestion, ...]

    @property
    def paper(self) -> Size:
        return Size(round(self.image.width * (1 + ROOM_SHARE)), round(self.image.height * (1 + ROOM_SHARE)))


def generated_sheets(policy: str, seed: int, number: int) -> tuple[Sheet, Sheet] | None:
    """Page `number` of `seed` under `policy`: across and inside, with the words and questions that are across in the
    first and inside in the second. None where the policy does not cut the page, or cannot cut an answer of it."""
    printed = _printed(seed, number)
    try:
        plan = plan_of(policy, printed.paper)
    except PlanRefusedError:
        return None
    if not plan.slices:
        return None
    across, inside = _offsets(printed, plan, vertical_first=number % 2 == 0)
    group = f"{seed}/{number}"
    first, second = (_placed(group, printed, policy, offset) for offset in (across, inside))
    return _paired(first, second)


def _printed(seed: int, number: int) -> _Printed:
    document = make_document(seed, number, FAMILIES[number % len(FAMILIES)], noise=0.0)
    scale = DPI / POINTS_PER_INCH
    image = draw_images(draw_pdf(document), DPI)[0]
    words = tuple(replace(word, box=_scaled(word.box, scale)) for word in document.pages[0].words)
    return _Printed(f"{document.family}-{number}", image, words, tuple(_questions(document, scale)))


def _questions(document: SyntheticDocument, scale: float) -> Iterator[SeamQuestion]:
    for each in document.questions:
        if each.present and each.page == 0 and each.answer_box is not None:
            yield SeamQuestion(each.question, each.answers, (_scaled(each.answer_box, scale),))


def _offsets(printed: _Printed, plan: SlicePlan, *, vertical_first: bool) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the page is put on its paper, (right, down) in px: across, and inside."""
    seams = Seams(plan)
    room = Size(printed.paper.width - printed.image.width, printed.paper.height - printed.image.height)
    words = [word.box for word in printed.words]
    answers = [each.boxes[0] for each in printed.questions]
    quiet = (_best(_cuts(words, seams.xs, room.width, 0), min), _best(_cuts(words, seams.ys, room.height, 1), min))
    right, down = (
        [WORTH * one + other for one, other in zip(_cuts(answers, *axis), _cuts(words, *axis), strict=True)]
        for axis in ((seams.xs, room.width, 0), (seams.ys, room.height, 1))
    )
    vertical = max(right) >= WORTH if vertical_first else max(down) < WORTH
    across = (_best(right, max), quiet[1]) if vertical else (quiet[0], _best(down, max))
    return across, quiet


def _cuts(boxes: Sequence[PageRect], seams: Sequence[float], room: int, axis: int) -> list[int]:
    """For each offset along an axis (0: right, 1: down), how many boxes a seam runs through."""
    spans = [(box.x0, box.x1) if axis == 0 else (box.y0, box.y1) for box in boxes]
    slacks = [SLACK * box.height for box in boxes]
    return [
        sum(
            any(begin + slack < seam - offset < end - slack for seam in seams)
            for (begin, end), slack in zip(spans, slacks, strict=True)
        )
        for offset in range(0, room + 1, STEP_PX)
    ]


def _best(counts: Sequence[int], choose: Callable[[Sequence[int]], int]) -> int:
    return counts.index(choose(counts)) * STEP_PX


def _placed(group: str, printed: _Printed, policy: str, offset: tuple[int, int]) -> Sheet:
    paper = Image.new("RGB", (printed.paper.width, printed.paper.height), PAPER)
    paper.paste(printed.image, offset)
    words = [replace(word, box=_moved(word.box, offset)) for word in printed.words]
    questions = [replace(each, boxes=tuple(_moved(box, offset) for box in each.boxes)) for each in printed.questions]
    return sheet_of(group, drawn_page(paper, printed.name), policy, questions, words)


def _paired(across: Sheet, inside: Sheet) -> tuple[Sheet, Sheet] | None:
    """Both sheets with those words and questions alone that are across in the first and inside in the second."""
    cut, free = Seams(across.plan), Seams(inside.plan)
    words = [
        n for n, (one, other) in enumerate(zip(across.words, inside.words, strict=True)) if one[1] and other[1] is False
    ]
    asked = [
        number
        for number, (one, other) in enumerate(zip(across.questions, inside.questions, strict=True))
        if cut.answer(one[1]) is True and free.answer(other[1]) is False
    ]
    if not asked:
        return None
    first, second = (
        replace(
            sheet,
            words=tuple(sheet.words[number] for number in words),
            questions=tuple(sheet.questions[number] for number in asked),
        )
        for sheet in (across, inside)
    )
    return first, second


def _scaled(box: PageRect, scale: float) -> PageRect:
    return PageRect(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale)


def _moved(box: PageRect, offset: tuple[int, int]) -> PageRect:
    return PageRect(box.x0 + offset[0], box.y0 + offset[1], box.x1 + offset[0], box.y1 + offset[1])
