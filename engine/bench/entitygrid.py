"""EntityGrid pages: one of sixteen glyphs and words, whole, in a known slice of an otherwise empty, noisy page.

After EntityGrid-QA of HiRes-LLaVA (arXiv 2407.08706, section 4.3), whose data are not public, at the size of a model
that learns in minutes: slices of 56 px instead of 336. A page is a pure function of its number and the seed.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
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

_FONT_PX = 15
_SHAPE_PX = 24
_MARGIN_PX = 3
_NOISE = 6.0
_SPECKS = 12


@dataclass(frozen=True, slots=True)
class EntityPage:
    """A page, the entity on it (None on an empty one), and the slice (0-based row and column) that holds all of it."""

    image: Image.Image
    entity: str | None
    row: int
    col: int


def entity_page(seed: int, number: int, *, empty: bool = False) -> EntityPage:
    """Page `number` of the endless series `seed`. Every slice has specks, so that none of them is a blank one."""
    rng = random.Random(f"{seed}/{number}")
    entity = rng.choice(ENTITIES)
    row, col = rng.randrange(ROWS), rng.randrange(COLS)
    paper, ink = rng.randint(215, 255), rng.randint(0, 70)
    image = Image.new("L", (PAGE.width, PAGE.height), paper)
    draw = ImageDraw.Draw(image)
    _speckle(draw, rng, ink)
    if empty:
        return EntityPage(_noisy(image, rng), None, row, col)
    glyph = _glyph(entity, rng)
    left = rng.randint(_MARGIN_PX, SLICE_PX - _MARGIN_PX - glyph.width) + col * SLICE_PX
    top = rng.randint(_MARGIN_PX, SLICE_PX - _MARGIN_PX - glyph.height) + row * SLICE_PX
    draw.rectangle((left - 2, top - 2, left + glyph.width + 1, top + glyph.height + 1), fill=paper)
    image.paste(ink, (left, top), glyph)
    return EntityPage(_noisy(image, rng), entity, row, col)


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
    draw = ImageDraw.Draw(mask)
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
            draw.polygon(((side / 2, 0), (last, last), (0, last)), outline=255, width=3)
        case "cross":
            draw.line((0, 0, last, last), fill=255, width=4)
            draw.line((0, last, last, 0), fill=255, width=4)
        case "plus":
            draw.rectangle((third, 0, last - third, last), fill=255)
            draw.rectangle((0, third, last, last - third), fill=255)
        case _:
            for number in range(3):
                draw.rectangle((number * side // 3, 0, number * side // 3 + side // 6, last), fill=255)
    return mask


def _noisy(image: Image.Image, rng: random.Random) -> Image.Image:
    noise = np.random.default_rng(rng.getrandbits(64)).normal(0.0, _NOISE, (PAGE.height, PAGE.width))
    pixels = np.clip(np.asarray(image, dtype=np.float64) + noise, 0, 255).round().astype(np.uint8)
    return Image.fromarray(pixels).convert("RGB")
