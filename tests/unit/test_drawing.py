"""The picture of a page with its slices: what is coloured, what stays as it is, what can be read."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from engine.documents.types import DocumentId, PageRef, Word, WordSource
from engine.drawing import draw_slices
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect, Size
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan

NATIVE = Size(1240, 1754)
GREY = (200, 200, 200)
PLAN = plan("minicpm-v-16x", NATIVE)
Shares = dict[tuple[int | None, int | None], float]


def page_of(size: Size = NATIVE, units_per_px: float = 72 / 150, index: int = 0) -> PageRef:
    width, height = size.width * units_per_px, size.height * units_per_px
    return PageRef(DocumentId("a.pdf", "0" * 64), index, str(index + 1), width, height, size)


def picture_of(size: Size = NATIVE, colour: tuple[int, int, int] = GREY) -> Image.Image:
    return Image.new("RGB", (size.width, size.height), colour)


def word_at(x0: float, y0: float, x1: float, y1: float, line: int = 0) -> Word:
    """A word by its box in native pixels."""
    unit = 72 / 150
    return Word("12.50", PageRect(x0 * unit, y0 * unit, x1 * unit, y1 * unit), WordSource.TEXT, 1.0, line)


def evidence_of(joint: Shares, words: tuple[Word, ...] = (), page: PageRef | None = None) -> Evidence:
    page = page or page_of()
    box = PageRect(0, 0, 1, 1)
    contributions = tuple(Contribution(page.index, row, col, box, j, j) for (row, col), j in joint.items())
    return Evidence(page, None, words, min(len(words), 1), contributions, 2.0, EvidenceMethod.HIDDEN_WORDS)


def colourfulness(pixel: tuple[int, ...]) -> int:
    return max(pixel) - min(pixel)


def centre(picture: Image.Image, made: SlicePlan, index: int) -> tuple[int, ...]:
    rect = made.slices[index].rect
    pixel = picture.getpixel((int(rect.x + rect.width / 2), int(rect.y + rect.height / 2)))
    assert isinstance(pixel, tuple)
    return pixel


def count_of_dark(picture: Image.Image) -> int:
    return sum(picture.convert("L").histogram()[:64])


def most_colourful(picture: Image.Image) -> int:
    red, green, blue = picture.split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    counts = ImageChops.subtract(brightest, darkest).histogram()
    return max(level for level, count in enumerate(counts) if count)


def test_page_itself_is_left_alone() -> None:
    image = picture_of()
    drawn = draw_slices(image, PLAN, page_of())
    assert (drawn.size, drawn.mode) == (image.size, "RGB")
    assert image.getcolors() == [(NATIVE.area, GREY)]


def test_nothing_is_coloured_without_evidence() -> None:
    assert most_colourful(draw_slices(picture_of(), PLAN, page_of())) < 10


def test_nothing_is_coloured_by_words_alone() -> None:
    evidence = evidence_of({}, (word_at(100, 100, 200, 130), word_at(400, 100, 500, 130)))
    assert most_colourful(draw_slices(picture_of(), PLAN, page_of(), evidence)) < 10


def test_larger_contribution_is_stronger_colour() -> None:
    shares: Shares = {(0, 0): 0.9, (0, 1): 0.4, (1, 0): 0.05, (1, 1): 0.0, (2, 0): -0.3}
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence_of(shares))
    found = [colourfulness(centre(drawn, PLAN, index)) for index in range(8)]
    assert found[0] > found[1] + 20 > found[1] > found[2] + 10 > found[2] > 5
    assert found[3:] == [0] * 5


def test_contribution_below_one_per_cent_has_neither_colour_nor_number() -> None:
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence_of({(0, 0): 0.009}))
    assert drawn.tobytes() == draw_slices(picture_of(), PLAN, page_of()).tobytes()


def test_percentage_stands_beside_the_colour() -> None:
    corner = (0, 0, 200, 80)
    forty, sixty, none = (
        draw_slices(picture_of(), PLAN, page_of(), evidence_of({(0, 0): share})).crop(corner)
        for share in (0.40, 0.60, 0.0)
    )
    assert count_of_dark(none) < count_of_dark(forty) != count_of_dark(sixty)


def test_answer_words_stay_as_on_the_page_and_support_is_outlined() -> None:
    answer, support = word_at(700, 900, 800, 930), word_at(650, 1000, 900, 1030, line=3)
    evidence = evidence_of({(2, 1): 0.8}, (answer, support))
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence)
    assert drawn.crop((700, 900, 800, 930)).getcolors() == [(100 * 30, GREY)]
    bare = draw_slices(picture_of(), PLAN, page_of(), evidence_of({(2, 1): 0.8}))
    assert drawn.crop((650, 1000, 900, 1030)).tobytes() == bare.crop((650, 1000, 900, 1030)).tobytes()
    around_answer, around_support = (
        sum(ImageChops.difference(drawn.crop(box), bare.crop(box)).convert("L").point(bool).tobytes())
        for box in ((680, 880, 820, 899), (630, 980, 770, 999))
    )
    assert around_answer > around_support > 0


def test_answer_on_a_seam_is_free_of_the_grid() -> None:
    seam = int(PLAN.slices[0].rect.right)
    evidence = evidence_of({(1, 0): 0.6}, (word_at(seam - 50, 600, seam + 50, 640),))
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence)
    assert drawn.crop((seam - 50, 600, seam + 50, 640)).getcolors() == [(100 * 40, GREY)]


def test_slice_number_never_covers_the_answer() -> None:
    evidence = evidence_of({(0, 0): 0.6}, (word_at(10, 10, 110, 50),))
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence)
    assert drawn.crop((10, 10, 110, 50)).getcolors() == [(100 * 40, GREY)]


def test_words_far_apart_are_not_joined_over_what_lies_between() -> None:
    left, right = word_at(100, 700, 150, 730), word_at(500, 700, 560, 730)
    drawn = draw_slices(picture_of(), PLAN, page_of(), evidence_of({}, (left, right)))
    assert drawn.crop((200, 680, 450, 750)).getcolors() == [(250 * 70, GREY)]


def test_evidence_of_another_page_is_left_out() -> None:
    other = page_of(index=4)
    evidence = evidence_of({(0, 0): 0.9}, (word_at(700, 900, 800, 930),), page=other)
    assert (
        draw_slices(picture_of(), PLAN, page_of(), evidence).tobytes()
        == draw_slices(picture_of(), PLAN, page_of()).tobytes()
    )


def test_contribution_of_a_slice_that_the_plan_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="no slices"):
        draw_slices(picture_of(), PLAN, page_of(), evidence_of({(7, 7): 0.5}))


def test_unsliced_page_is_tinted_as_a_whole() -> None:
    size = Size(300, 200)
    made = plan("minicpm-v-16x", size)
    page = page_of(size, 1.0)
    drawn = draw_slices(picture_of(size), made, page, evidence_of({(None, None): 0.7}, page=page))
    pixel = drawn.getpixel((150, 150))
    assert isinstance(pixel, tuple)
    assert colourfulness(pixel) > 30


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (250, 130, 10)])
def test_grid_is_dark_and_light_on_any_page(colour: tuple[int, int, int]) -> None:
    drawn = draw_slices(picture_of(colour=colour), PLAN, page_of()).convert("L")
    seam = round(PLAN.slices[0].rect.right)
    levels = drawn.crop((seam - 8, 200, seam + 8, 201)).tobytes()
    assert max(levels) - min(levels) > 100


@pytest.mark.parametrize("scale", [0.25, 2.0])
def test_picture_of_another_resolution_has_its_slices_in_place(scale: float) -> None:
    image = picture_of(Size(round(NATIVE.width * scale), round(NATIVE.height * scale)))
    drawn = draw_slices(image, PLAN, page_of(), evidence_of({(3, 1): 0.9}))
    inside, outside = (drawn.getpixel((round(x * scale), round(1500 * scale))) for x in (900, 300))
    assert isinstance(inside, tuple)
    assert isinstance(outside, tuple)
    assert colourfulness(inside) > 40
    assert colourfulness(outside) == 0


@pytest.mark.parametrize("size", [Size(1, 1), Size(3, 2000), Size(2000, 3), Size(40, 30), Size(4000, 60)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
def test_odd_pages_are_drawn(size: Size, mode: str) -> None:
    made = plan("minicpm-v-16x:100", size)
    page = page_of(size, 1.0)
    first = made.slices[0] if made.slices else made.overview
    word = Word("x", PageRect(-5, -5, size.width + 5, size.height + 5), WordSource.OCR)
    outside = Word("y", PageRect(-50, -50, -40, -40), WordSource.OCR)
    evidence = evidence_of({(first.row, first.col): 1.4}, (word, outside), page=page)
    drawn = draw_slices(Image.new(mode, (size.width, size.height)), made, page, evidence)
    assert drawn.size == (size.width, size.height)
