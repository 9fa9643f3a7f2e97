"""The entities of EntityGrid-QA by type, and how each is drawn: words, numbers, objects, shapes and signs.

After HiRes-LLaVA (arXiv 2407.08706), which names one or two examples of each type; the rest is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

from PIL import Image, ImageDraw, ImageFont

Point = tuple[float, float]
Draw = ImageDraw.ImageDraw


class EntityType(StrEnum):
    """`SIGN` are the source's icons of relative position: traffic light, stop sign."""

    TEXT = "text"
    NUMBER = "number"
    OBJECT = "object"
    SHAPE = "shape"
    SIGN = "sign"


ENTITIES: dict[EntityType, tuple[str, ...]] = {
    EntityType.TEXT: ("apple", "river", "stone", "music", "garden", "window"),
    EntityType.NUMBER: ("0.596", "7310", "42.8", "1805", "95.31", "264"),
    EntityType.OBJECT: ("teddy bear", "cup", "house", "fish", "tree", "envelope"),
    EntityType.SHAPE: ("circle", "square", "triangle", "cross", "star", "diamond"),
    EntityType.SIGN: ("traffic light", "stop sign", "no entry sign", "warning sign", "arrow sign", "parking sign"),
}

INK = (20, 20, 20)
_RED, _AMBER, _GREEN, _BLUE = (196, 30, 36), (230, 160, 20), (30, 140, 60), (30, 80, 170)
_BROWN, _SAND, _WHITE = (140, 90, 50), (205, 165, 120), (255, 255, 255)
_SMOOTHING = 4
"""Pictures are drawn this many times larger and reduced."""


def draw_entity(name: str, kind: EntityType, side_px: int) -> Image.Image:
    """`name` in RGB on white: pictures `side_px` wide and high, writing `side_px` wide."""
    if kind in (EntityType.TEXT, EntityType.NUMBER):
        return _written(name, side_px)
    side = side_px * _SMOOTHING
    image = Image.new("RGB", (side, side), _WHITE)
    _PICTURES[name](ImageDraw.Draw(image), side)
    return image.resize((side_px, side_px), Image.Resampling.BOX)


def _written(text: str, width_px: int) -> Image.Image:
    trial = ImageFont.load_default(size=100)
    font = ImageFont.load_default(size=max(round(100 * width_px / trial.getlength(text)), 8))
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("RGB", (math.ceil(right - left), math.ceil(bottom - top)), _WHITE)
    ImageDraw.Draw(image).text((-left, -top), text, INK, font)
    return image


def _corners(count: int, side: float, radius: float, turn: float = -90.0) -> list[Point]:
    """The corners of a regular polygon around the middle, the first at `turn` degrees."""
    middle = side / 2
    angles = (math.radians(turn + 360 * number / count) for number in range(count))
    return [(middle + radius * side * math.cos(angle), middle + radius * side * math.sin(angle)) for angle in angles]


def _box(side: float, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
    return x0 * side, y0 * side, x1 * side, y1 * side


def _label(draw: Draw, side: float, text: str, height: float, colour: tuple[int, int, int]) -> None:
    draw.text((side / 2, side / 2), text, colour, ImageFont.load_default(size=height * side), anchor="mm")


def _teddy_bear(draw: Draw, side: float) -> None:
    for place in ((0.1, 0.05, 0.38, 0.33), (0.62, 0.05, 0.9, 0.33)):
        draw.ellipse(_box(side, *place), _BROWN)
    draw.ellipse(_box(side, 0.22, 0.5, 0.78, 1.0), _BROWN)
    draw.ellipse(_box(side, 0.15, 0.1, 0.85, 0.68), _BROWN)
    draw.ellipse(_box(side, 0.34, 0.38, 0.66, 0.64), _SAND)
    for place in ((0.32, 0.28, 0.4, 0.36), (0.6, 0.28, 0.68, 0.36), (0.45, 0.42, 0.55, 0.5)):
        draw.ellipse(_box(side, *place), INK)


def _cup(draw: Draw, side: float) -> None:
    draw.ellipse(_box(side, 0.55, 0.3, 0.95, 0.7), outline=_BLUE, width=round(side / 14))
    draw.polygon(
        [(0.1 * side, 0.2 * side), (0.75 * side, 0.2 * side), (0.66 * side, 0.85 * side), (0.2 * side, 0.85 * side)],
        _BLUE,
    )


def _house(draw: Draw, side: float) -> None:
    draw.rectangle(_box(side, 0.18, 0.45, 0.82, 0.95), _SAND)
    draw.polygon([(side / 2, 0.05 * side), (0.95 * side, 0.48 * side), (0.05 * side, 0.48 * side)], _RED)
    draw.rectangle(_box(side, 0.42, 0.65, 0.58, 0.95), _BROWN)


def _fish(draw: Draw, side: float) -> None:
    draw.polygon([(0.6 * side, 0.5 * side), (0.97 * side, 0.25 * side), (0.97 * side, 0.75 * side)], _AMBER)
    draw.ellipse(_box(side, 0.03, 0.25, 0.75, 0.75), _AMBER)
    draw.ellipse(_box(side, 0.16, 0.4, 0.24, 0.48), INK)


def _tree(draw: Draw, side: float) -> None:
    draw.rectangle(_box(side, 0.44, 0.7, 0.56, 0.98), _BROWN)
    for top, bottom, half in ((0.02, 0.36, 0.26), (0.2, 0.56, 0.34), (0.4, 0.76, 0.42)):
        draw.polygon(
            [(side / 2, top * side), ((0.5 + half) * side, bottom * side), ((0.5 - half) * side, bottom * side)], _GREEN
        )


def _envelope(draw: Draw, side: float) -> None:
    width = round(side / 20)
    draw.rectangle(_box(side, 0.04, 0.2, 0.96, 0.8), _SAND, INK, width)
    draw.line([(0.04 * side, 0.2 * side), (side / 2, 0.56 * side), (0.96 * side, 0.2 * side)], INK, width)


def _cross(draw: Draw, side: float) -> None:
    draw.rectangle(_box(side, 0.36, 0.02, 0.64, 0.98), INK)
    draw.rectangle(_box(side, 0.02, 0.36, 0.98, 0.64), INK)


def _star(draw: Draw, side: float) -> None:
    points = [
        point for pair in zip(_corners(5, side, 0.49), _corners(5, side, 0.2, -54), strict=True) for point in pair
    ]
    draw.polygon(points, INK)


def _traffic_light(draw: Draw, side: float) -> None:
    draw.rounded_rectangle(_box(side, 0.3, 0.02, 0.7, 0.98), side / 12, INK)
    for top, colour in ((0.07, _RED), (0.37, _AMBER), (0.67, _GREEN)):
        draw.ellipse(_box(side, 0.37, top, 0.63, top + 0.26), colour)


def _stop_sign(draw: Draw, side: float) -> None:
    draw.polygon(_corners(8, side, 0.5, -67.5), _RED)
    _label(draw, side, "STOP", 0.3, _WHITE)


def _no_entry_sign(draw: Draw, side: float) -> None:
    draw.ellipse(_box(side, 0.02, 0.02, 0.98, 0.98), _RED)
    draw.rectangle(_box(side, 0.2, 0.41, 0.8, 0.59), _WHITE)


def _warning_sign(draw: Draw, side: float) -> None:
    draw.polygon(
        [(side / 2, 0.04 * side), (0.98 * side, 0.9 * side), (0.02 * side, 0.9 * side)], _AMBER, INK, round(side / 18)
    )
    draw.rectangle(_box(side, 0.46, 0.34, 0.54, 0.64), INK)
    draw.ellipse(_box(side, 0.46, 0.7, 0.54, 0.78), INK)


def _arrow_sign(draw: Draw, side: float) -> None:
    draw.rectangle(_box(side, 0.02, 0.02, 0.98, 0.98), _GREEN)
    draw.rectangle(_box(side, 0.15, 0.42, 0.6, 0.58), _WHITE)
    draw.polygon([(0.55 * side, 0.22 * side), (0.88 * side, 0.5 * side), (0.55 * side, 0.78 * side)], _WHITE)


def _parking_sign(draw: Draw, side: float) -> None:
    draw.rectangle(_box(side, 0.02, 0.02, 0.98, 0.98), _BLUE)
    _label(draw, side, "P", 0.8, _WHITE)


_PICTURES: dict[str, Callable[[Draw, float], None]] = {
    "teddy bear": _teddy_bear,
    "cup": _cup,
    "house": _house,
    "fish": _fish,
    "tree": _tree,
    "envelope": _envelope,
    "circle": lambda draw, side: draw.ellipse(_box(side, 0.02, 0.02, 0.98, 0.98), INK),
    "square": lambda draw, side: draw.rectangle(_box(side, 0.06, 0.06, 0.94, 0.94), INK),
    "triangle": lambda draw, side: draw.polygon(_corners(3, side, 0.5), INK),
    "cross": _cross,
    "star": _star,
    "diamond": lambda draw, side: draw.polygon(_corners(4, side, 0.49), INK),
    "traffic light": _traffic_light,
    "stop sign": _stop_sign,
    "no entry sign": _no_entry_sign,
    "warning sign": _warning_sign,
    "arrow sign": _arrow_sign,
    "parking sign": _parking_sign,
}
