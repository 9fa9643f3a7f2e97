"""The picture of a page with its slices: what the command line writes to show where an answer came from.

Colour means contribution and nothing else. Grid, slice numbers and word outlines are a dark line in a light one, so
that they can be read on any page; the stronger a slice's tint, the larger its contribution, and the percentage
stands beside it. The answer's own words stay as they are on the page, free of tint and grid, in the heaviest outline.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw, ImageFont

from engine.documents.types import PageRef, Word
from engine.evidence.types import Evidence
from engine.geometry import PageRect, bounding_rect
from engine.slicing.plan import SlicePlan, View

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in px of the picture; right and bottom are outside."""

Colour = tuple[int, int, int]

_DARK = (17, 19, 24)
_LIGHT = (255, 255, 255)
_CONTRIBUTION = (245, 124, 0)
_FAINTEST_TINT = 0.07
_STRONGEST_TINT = 0.42
_LEAST_SHOWN = 0.01
"""One per cent: less is neither tinted nor written, for every colour has a number beside it."""

_LIGHT_LINE = 0.6
_DARK_LINE = 0.9
_SMOOTHING = 4
"""Chips are drawn this many times larger and reduced, so that their text and corners are smooth."""

_WHOLE_PAGE = "whole page"


@dataclass(frozen=True, slots=True)
class _Pen:
    """Line width and text height in px that suit one picture."""

    line: int
    text: int


@dataclass(frozen=True, slots=True)
class _Mark:
    """Words outlined as one: their box, and whether they are the answer's own."""

    box: Box
    answer: bool


def draw_slices(image: Image.Image, plan: SlicePlan, page: PageRef, evidence: Evidence | None = None) -> Image.Image:
    """`image`, the pixels of `page` at any resolution, with the slices of `plan` drawn on a copy of it, in RGB.

    Slices are numbered from 0, row by row. With `evidence`, slices are tinted by contribution and supporting words
    outlined; what `evidence` holds of other pages is left out. Raises ValueError where a contribution names a slice
    that `plan` does not have: a picture that tints the wrong slice is worse than none.
    """
    picture = image.convert("RGB")
    pen = _pen(picture, plan)
    boxes = {view: _view_box(view, plan, picture) for view in _drawn_views(plan)}
    shares = _shares(plan, page, evidence)
    marks = _marks(picture, page, evidence, pen)
    for view, box in boxes.items():
        _tint(picture, box, shares.get((view.row, view.col), 0.0))
    _draw_grid(picture, list(boxes.values()), pen)
    for mark in sorted(marks, key=lambda mark: mark.answer):
        if mark.answer:
            picture.paste(image.crop(mark.box).convert("RGB"), mark.box)
        _outline(picture, mark, pen)
    for view, box in boxes.items():
        chip = _chip(_label(view, plan), shares.get((view.row, view.col), 0.0), pen)
        picture.paste(chip, _chip_place(box, chip.size, picture.size, marks, pen), chip)
    return picture


def _drawn_views(plan: SlicePlan) -> tuple[View, ...]:
    return plan.slices or (plan.overview,)


def _label(view: View, plan: SlicePlan) -> str:
    if view.row is None or view.col is None:
        return _WHOLE_PAGE
    return str(view.row * plan.grid.cols + view.col)


def _pen(picture: Image.Image, plan: SlicePlan) -> _Pen:
    """Widths grow with the picture; text also stays small beside the smallest slice, and readable."""
    side = math.sqrt(picture.width * picture.height)
    narrowest = min(picture.width / max(plan.grid.cols, 1), picture.height / max(plan.grid.rows, 1))
    return _Pen(line=max(1, round(side / 800)), text=max(11, round(min(side / 52, narrowest / 6))))


def _view_box(view: View, plan: SlicePlan, picture: Image.Image) -> Box:
    sx, sy = picture.width / plan.page.width, picture.height / plan.page.height
    rect = view.rect
    return round(rect.x * sx), round(rect.y * sy), round(rect.right * sx), round(rect.bottom * sy)


def _shares(plan: SlicePlan, page: PageRef, evidence: Evidence | None) -> dict[tuple[int | None, int | None], float]:
    """The contributions, 0–1, of this page's drawn views by (row, col)."""
    if evidence is None:
        return {}
    shares = {(item.row, item.col): item.shown for item in evidence.measured if item.page == page.index}
    unknown = shares.keys() - {(view.row, view.col) for view in plan.views}
    if unknown:
        raise ValueError(f"the plan {plan.policy} of {plan.page} px has no slices {sorted(map(str, unknown))}")
    return shares


def _marks(picture: Image.Image, page: PageRef, evidence: Evidence | None, pen: _Pen) -> list[_Mark]:
    if evidence is None or evidence.page.index != page.index:
        return []
    own, other = evidence.words[: evidence.answer_words], evidence.words[evidence.answer_words :]
    sx, sy = picture.width / page.width, picture.height / page.height
    marks = [
        _Mark(_padded(rect, (sx, sy), picture.size, 2 * pen.line), answer)
        for words, answer in ((own, True), (other, False))
        for rect in _joined(words)
    ]
    return [mark for mark in marks if _has_area(mark.box)]


def _joined(words: tuple[Word, ...]) -> list[PageRect]:
    """Boxes in page units around neighbouring words of a line; words further apart than a space stay alone."""
    groups: list[list[Word]] = [[word] for word in words[:1]]
    for before, word in pairwise(words):
        same_line = (before.block, before.line) == (word.block, word.line)
        gap = max(word.box.x0 - before.box.x1, before.box.x0 - word.box.x1)
        if same_line and gap <= 0.6 * max(before.box.height, word.box.height):
            groups[-1].append(word)
        else:
            groups.append([word])
    rects = (bounding_rect([word.box for word in group]) for group in groups)
    return [rect for rect in rects if rect is not None]


def _padded(rect: PageRect, scale: tuple[float, float], size: tuple[int, int], padding: int) -> Box:
    sx, sy = scale
    return (
        max(math.floor(rect.x0 * sx) - padding, 0),
        max(math.floor(rect.y0 * sy) - padding, 0),
        min(math.ceil(rect.x1 * sx) + padding, size[0]),
        min(math.ceil(rect.y1 * sy) + padding, size[1]),
    )


def _tint(picture: Image.Image, box: Box, share: float) -> None:
    """Lay the colour of `share` over `box`."""
    if share >= _LEAST_SHOWN:
        _wash(picture, box, _CONTRIBUTION, _FAINTEST_TINT + (_STRONGEST_TINT - _FAINTEST_TINT) * share)


def _wash(picture: Image.Image, box: Box, colour: Colour, opacity: float) -> None:
    if _has_area(box):
        plain = picture.crop(box)
        picture.paste(Image.blend(plain, Image.new("RGB", plain.size, colour), opacity), box)


def _draw_grid(picture: Image.Image, boxes: list[Box], pen: _Pen) -> None:
    """The borders of all boxes as lines through the picture; all light before any dark, so that crossings join."""
    width, height = picture.size
    reach = 3 * pen.line
    xs = [_line_start(x, width, reach) for x in {edge for box in boxes for edge in (box[0], box[2])}]
    ys = [_line_start(y, height, reach) for y in {edge for box in boxes for edge in (box[1], box[3])}]
    for inset, colour, opacity in ((0, _LIGHT, _LIGHT_LINE), (pen.line, _DARK, _DARK_LINE)):
        for x in xs:
            _wash(picture, (x + inset, 0, x + reach - inset, height), colour, opacity)
        for y in ys:
            _wash(picture, (0, y + inset, width, y + reach - inset), colour, opacity)


def _line_start(edge: int, length: int, reach: int) -> int:
    """Where a line of width `reach` around `edge` begins so that it lies inside 0–`length`."""
    return max(min(edge - reach // 2, length - reach), 0)


def _outline(picture: Image.Image, mark: _Mark, pen: _Pen) -> None:
    """A dark frame between two light ones around `mark`; the answer's is heavier."""
    draw = ImageDraw.Draw(picture)
    dark, light = (3 * pen.line, 2 * pen.line) if mark.answer else (pen.line, pen.line)
    for reach, width, colour in ((dark + light, dark + light + pen.line, _LIGHT), (dark, dark, _DARK)):
        left, top, right, bottom = _grown(mark.box, reach)
        draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius=reach, outline=colour, width=width)


def _chip(label: str, share: float, pen: _Pen) -> Image.Image:
    """A small plate, RGBA: the slice's number and, in the colour of its tint, its contribution."""
    texts = [label] if share < _LEAST_SHOWN else [label, f"{round(share * 100)} %"]
    font = ImageFont.load_default(size=pen.text * _SMOOTHING)
    side, height = round(0.42 * pen.text * _SMOOTHING), round(1.5 * pen.text) * _SMOOTHING
    ends = [0]
    for text in texts:
        ends.append(ends[-1] + max(round(font.getlength(text)) + 2 * side, height))
    rim, radius = pen.line * _SMOOTHING, height // 5
    plate = Image.new("RGB", (ends[-1], height), _DARK)
    draw = ImageDraw.Draw(plate)
    if len(texts) > 1:
        draw.rectangle((ends[1], 0, ends[2], height), fill=_blend(_LIGHT, _CONTRIBUTION, 0.25 + 0.75 * share))
    for text, left, right, colour in zip(texts, ends, ends[1:], (_LIGHT, _DARK), strict=False):
        draw.text(((left + right) / 2, height / 2), text, font=font, fill=colour, anchor="mm")
    chip = Image.new("RGBA", (plate.width + 2 * rim, height + 2 * rim), (*_LIGHT, 0))
    shape = ImageDraw.Draw(chip)
    shape.rounded_rectangle((0, 0, chip.width - 1, chip.height - 1), radius + rim, fill=_LIGHT)
    mask = Image.new("L", plate.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, plate.width - 1, plate.height - 1), radius, fill=255)
    chip.paste(plate, (rim, rim), mask)
    return chip.resize((chip.width // _SMOOTHING, chip.height // _SMOOTHING), Image.Resampling.BOX)


def _chip_place(
    box: Box, chip: tuple[int, int], picture: tuple[int, int], marks: list[_Mark], pen: _Pen
) -> tuple[int, int]:
    """Where the chip's upper left corner goes: the corner of `box` where it hides least of the marked words."""
    gap = 4 * pen.line
    xs = (box[0] + gap, box[2] - gap - chip[0])
    ys = (box[1] + gap, box[3] - gap - chip[1])
    corners = [(max(min(x, picture[0] - chip[0]), 0), max(min(y, picture[1] - chip[1]), 0)) for y in ys for x in xs]

    def hidden(corner: tuple[int, int]) -> int:
        plate = (*corner, corner[0] + chip[0], corner[1] + chip[1])
        shared = [_intersection(plate, _grown(mark.box, gap)) for mark in marks]
        return sum((part[2] - part[0]) * (part[3] - part[1]) for part in shared if _has_area(part))

    return min(corners, key=hidden)


def _grown(box: Box, by: int) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _intersection(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _has_area(box: Box) -> bool:
    return box[2] > box[0] and box[3] > box[1]


def _blend(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
