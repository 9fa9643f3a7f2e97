"""EntityGrid pages: sixteen glyphs and words, one whole in a known slice, or another one in every slice.

After EntityGrid-QA of HiRes-LLaVA (arXiv 2407.08706, section 4.3), whose data are not public, at the size of a model
that learns in minutes: slices of 56 px instead of 336. A page is a pure function of its number and the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.geometry import Size

SLICE_PX = 56
COLS, ROWS = 2, 2
PAGE = Size(SLICE_PX * COLS, SLICE_PX * ROWS)

WORDS = ("apple", "river", "stone", "music", "0.596", "7,310", "-42", "18:05")
SHAPES = ("circle", "disc", "square", "block", "triangle", "cross", "plus", "bars")
ENTITIES = (*WORDS, *SHAPES)

QUESTION, ANYWHERE = "What is printed {} ?", "any where"
ROW_NAMES, COL_NAMES = ("top", "bottom"), ("left", "right")

_FONT_PX = 15
_SHAPE_PX = 24
_MARGIN_PX = 3
_NOISE = 6.0
_SPECKS = 12


class Kind(StrEnum):
    """`ALONE`: one entity on the page. `CROWDED`: another one in every slice, and one slice is asked about.
    `EMPTY`: none, for training."""

    ALONE = "alone"
    CROWDED = "crowded"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class EntityPage:
    """A page, what is asked about it, the entity that answers (None on an empty page), the slice (0-based row and
    column) that holds all of it, and all entities by slice, row-major."""

    image: Image.Image
    question: str
    entity: str | None
    row: int
    col: int
    entities: tuple[str | None, ...]


def entity_page(seed: int, number: int, kind: Kind = Kind.ALONE) -> EntityPage:
    """Page `number` of the endless series `seed`. Every slice has specks, so that none of them is a blank one."""
    rng = random.Random(f"{seed}/{number}")
    row, col = rng.randrange(ROWS), rng.randrange(COLS)
    paper, ink = rng.randint(215, 255), rng.randint(0, 70)
    image = Image.new("L", (PAGE.width, PAGE.height), paper)
    _speckle(ImageDraw.Draw(image), rng, ink)
    entities = rng.sample(ENTITIES, ROWS * COLS)
    printed = tuple(
        entity if kind is Kind.CROWDED or (kind is Kind.ALONE and place == row * COLS + col) else None
        for place, entity in enumerate(entities)
    )
    for place, entity in enumerate(printed):
        if entity is not None:
            _print(image, rng, entity, divmod(place, COLS), (paper, ink))
    question = QUESTION.format(f"{ROW_NAMES[row]} {COL_NAMES[col]}" if kind is Kind.CROWDED else ANYWHERE)
    return EntityPage(_noisy(image, rng), question, printed[row * COLS + col], row, col, printed)


def _print(
    image: Image.Image, rng: random.Random, entity: str, place: tuple[int, int], colours: tuple[int, int]
) -> None:
    """`entity` somewhere in the slice at `place` (row, column), whole, on clean paper."""
    glyph, (paper, ink) = _glyph(entity, rng), colours
    left = rng.randint(_MARGIN_PX, SLICE_PX - _MARGIN_PX - glyph.width) + place[1] * SLICE_PX
    top = rng.randint(_MARGIN_PX, SLICE_PX - _MARGIN_PX - glyph.height) + place[0] * SLICE_PX
    image.paste(paper, (left - 2, top - 2, left + glyph.width + 2, top + glyph.height + 2))
    image.paste(ink, (left, top), glyph)


def _speckle(draw: ImageDraw.ImageDraw, rng: random.Random, ink: int) -> None:
    for _ in range(_SPECKS):
        x, y = rng.randrange(PAGE.width), rng.randrange(PAGE.height)
        draw.line((x, y, x + rng.randint(-3, 3), y + rng.randint(-3, 3)), fill=ink + rng.randint(40, 110))


def _glyph(entity: str, rng: random.Random) -> Image.Image:
    """The entity as a mask (255 where there is ink), cropped to its ink."""
    if entity in WORDS:
        font = _font(_FONT_PX + rng.randint(-1, 1))
        box = font.getbbox(entity)
        mask = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2), 0)
        ImageDraw.Draw(mask).text((0, 0), entity, fill=255, font=font)
    else:
        mask = _shape(entity, _SHAPE_PX + rng.randint(-4, 4))
    return mask.crop(mask.getbbox())


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _shape(entity: str, side: int) -> Image.Image:
    mask = Image.new("L", (side, side), 0)
    draw_shape(ImageDraw.Draw(mask), entity, side)
    return mask


def draw_shape(draw: ImageDraw.ImageDraw, entity: str, side: int, slanted_px: int = 3) -> None:
    """The shape `entity` in white, `side` px high and wide; `slanted_px` is how thick a triangle's lines are."""
    last, third = side - 1, side // 3
    match entity:
        case "circle":
            draw.ellipse((0, 0, last, last), outline=255, width=3)
        case "disc":
            draw.ellipse((0, 0, last, last), fill=255)
        case "square":
            draw.rectangle((0, 0, last, last), outline=255, width=3)
        case "block":
            draw.rectangle((0, 0, last, last), fill=255)
        case "triangle":
            draw.polygon(((side / 2, 0), (last, last), (0, last)), outline=255, width=slanted_px)
        case "cross":
            draw.line((0, 0, last, last), fill=255, width=4)
            draw.line((0, last, last, 0), fill=255, width=4)
        case "plus":
            draw.rectangle((third, 0, last - third, last), fill=255)
            draw.rectangle((0, third, last, last - third), fill=255)
        case _:
            for number in range(3):
                draw.rectangle((number * side // 3, 0, number * side // 3 + side // 6, last), fill=255)


def _noisy(image: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(64)).normal(0.0, _NOISE, (PAGE.height, PAGE.width))
    pixels = np.clip(np.asarray(image, dtype=np.float64) + noise, 0, 255).round().astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")
