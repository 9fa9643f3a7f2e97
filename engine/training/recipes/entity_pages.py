"""EntityGrid pages at toy size for training and testing bridges: entities whole in a slice, or cut by its borders.

After EntityGrid-QA of HiRes-LLaVA (arXiv 2407.08706, section 4.3), whose data are not public: 2 x 2 slices, nine
positions of which four lie inside a slice and five on a border, and three tasks. Ours are the sizes, the entities, and
that answers are words, not letters of options.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.bench.entitygrid import draw_shape

SLICE_PX = 48
GRID = 2
PAGE_PX = GRID * SLICE_PX
CHARACTERS = ("A", "B", "E", "K", "R", "S", "2", "5")
SHAPES = ("circle", "disc", "square", "block", "triangle", "cross", "plus", "bars")
ENTITIES = (*CHARACTERS, *SHAPES)
DIRECTIONS = ("left", "right", "above", "below")
COUNTS = ("one", "two", "three")
WORDS = (
    *("<s>", ",", "\n", "what", "where", "how-many", "is", "it", "from", "are", "there", "?"),
    *ENTITIES,
    *DIRECTIONS,
    *COUNTS,
)
"""The whole vocabulary; a word's id is its place."""
QUESTION_WORDS = 4

POSITIONS = tuple((SLICE_PX * (1 + place // 3) // 2, SLICE_PX * (1 + place % 3) // 2) for place in range(9))
"""Centres (y, x) in px, row-major."""
INNER, CUT = (0, 2, 6, 8), (1, 3, 4, 5, 7)
"""Which of the positions lie inside a slice, and which on a border between slices."""

_SIZES_PX = (16, 20)
_JITTER_PX = 2
_NOISE = 0.03
_MEAN, _STD = 0.8, 0.25

Pixels = NDArray[np.float32]
Place = tuple[int, int]


class Task(StrEnum):
    RECOGNITION = "recognition"
    COUNTING = "counting"
    POSITION = "position"


class Where(StrEnum):
    """Where entities stand: at any place of the page, at any place inside a slice, or at one of the positions."""

    ANYWHERE = "anywhere"
    INSIDE = "inside"
    INNER = "inner"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class EntityQuestion:
    """A page [PAGE_PX, PAGE_PX], normalised, a question about it and its answer, as ids of words."""

    pixels: Pixels
    question: tuple[int, ...]
    answer: int


def entity_question(key: str, task: Task, where: Where) -> EntityQuestion:
    """The page that `key` names: a pure function of the arguments."""
    rng = random.Random(f"{key}/{task}/{where}")
    first, second = rng.sample(ENTITIES, 2)
    if task is Task.RECOGNITION:
        return _asked(rng, [(first, place) for place in _places(rng, where, 1)], ("what", "is", "it", "?"), first)
    if task is Task.COUNTING:
        # Copies alone: what is hard is not to count the two halves of one that is cut.
        count = rng.randint(1, len(COUNTS))
        placed = [(first, place) for place in _places(rng, where, count)]
        return _asked(rng, placed, ("how-many", first, "are", "there"), COUNTS[count - 1])
    places = _places(rng, where, 2)
    while _direction(*places) is None:
        places = _places(rng, where, 2)
    direction = _direction(*places)
    return _asked(rng, [(first, places[0]), (second, places[1])], ("where", first, "from", second), direction or "")


def lone_entity(rng: random.Random, side: int, shrunk: bool) -> tuple[Pixels, int]:
    """A view [side, side] with one entity, whole, and its number; `shrunk` is drawn at the overview's scale."""
    entity = rng.choice(ENTITIES)
    drawn_side = 2 * side if shrunk else side
    half = _SIZES_PX[1] // 2
    place = (rng.randint(half, drawn_side - half), rng.randint(half, drawn_side - half))
    page = _drawn(rng, [(entity, place)], drawn_side)
    return (shrunken(page) if shrunk else page), ENTITIES.index(entity)


def shrunken(page: Pixels) -> Pixels:
    """`page` at half its size: the overview."""
    half = page.shape[0] // 2
    small: Pixels = page.reshape(half, 2, half, 2).mean(axis=(1, 3), dtype=np.float32)
    return small


def word_ids(words: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(WORDS.index(word) for word in words)


def _asked(
    rng: random.Random, placed: list[tuple[str, Place]], question: tuple[str, ...], answer: str
) -> EntityQuestion:
    return EntityQuestion(_drawn(rng, placed, PAGE_PX), word_ids(question), WORDS.index(answer))


def _places(rng: random.Random, where: Where, count: int) -> list[Place]:
    """Centres that far from each other that no entities touch."""
    half = _SIZES_PX[1] // 2
    if where in (Where.INNER, Where.CUT):
        chosen = rng.sample(INNER if where is Where.INNER else CUT, count)
        return [(_jittered(rng, POSITIONS[number][0]), _jittered(rng, POSITIONS[number][1])) for number in chosen]
    places: list[Place] = []
    while len(places) < count:
        if where is Where.INSIDE:
            corner = rng.randrange(GRID) * SLICE_PX, rng.randrange(GRID) * SLICE_PX
            place = tuple(low + rng.randint(half, SLICE_PX - half) for low in corner)
        else:
            place = rng.randint(half, PAGE_PX - half), rng.randint(half, PAGE_PX - half)
        y, x = place
        if all(max(abs(y - other[0]), abs(x - other[1])) >= _SIZES_PX[1] for other in places):
            places.append((y, x))
    return places


def _jittered(rng: random.Random, at: int) -> int:
    return at + rng.randint(-_JITTER_PX, _JITTER_PX)


def _direction(one: Place, other: Place) -> str | None:
    """Where `one` is from `other`; None where that is not plain."""
    down, across = one[0] - other[0], one[1] - other[1]
    if abs(across) >= 2 * abs(down):
        return "left" if across < 0 else "right"
    if abs(down) >= 2 * abs(across):
        return "above" if down < 0 else "below"
    return None


def _drawn(rng: random.Random, placed: list[tuple[str, Place]], side: int) -> Pixels:
    paper, ink = rng.uniform(0.85, 1.0), rng.uniform(0.0, 0.3)
    page = np.full((side, side), paper, dtype=np.float32)
    for entity, (y, x) in placed:
        mask = _glyph(entity, rng.randint(*_SIZES_PX))
        top, left = y - mask.shape[0] // 2, x - mask.shape[1] // 2
        part = page[top : top + mask.shape[0], left : left + mask.shape[1]]
        part += mask * (ink - paper)
    noise = np.random.default_rng(rng.getrandbits(64)).standard_normal(page.shape, dtype=np.float32)
    return ((page + _NOISE * noise - _MEAN) / _STD).astype(np.float32)


@cache
def _glyph(entity: str, side: int) -> Pixels:
    """The entity as a mask, 1 where there is ink, at most `side` px high and wide, cropped to its ink."""
    mask = Image.new("L", (2 * side, 2 * side), 0)
    draw = ImageDraw.Draw(mask)
    if entity in CHARACTERS:
        # Capitals and digits are about 0.7 of the font's size.
        draw.text((side // 2, 0), entity, fill=255, font=ImageFont.load_default(round(side * 1.36)))
    else:
        draw_shape(draw, entity, side, slanted_px=2)
    return (np.asarray(mask.crop(mask.getbbox()))[:side, :side] / 255).astype(np.float32)
