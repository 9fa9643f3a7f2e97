"""Plots of the benches: a line of dots with their intervals for each row, on a scale from 0 to 1.

Dark and light alone tell sides apart, for colour means contribution elsewhere in Tessera; every dot's number stands
beside the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from engine.bench.figures import Share

_PAPER, _INK, _FAINT = (255, 255, 255), (17, 19, 24), (208, 210, 216)
_GREYS = ((17, 19, 24), (255, 255, 255), (150, 153, 162))
"""What dots of the first, second and third side are filled with."""
_TEXT, _LINE, _SCALE_WIDTH, _GAP = 26, 52, 720, 28
_DOT, _WHISKER = 9, 3
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One row: its label, and a share per side in the order of the plot's sides."""

    label: str
    shares: tuple[Share, ...]


def draw_plot(title: str, sides: Sequence[str], lines: Sequence[PlotLine]) -> Image.Image:
    """`lines` under `title`, RGB; `sides` names the dots of each line, three at most."""
    font = ImageFont.load_default(size=_TEXT)
    label_width = round(max((font.getlength(line.label) for line in lines), default=0.0))
    numbers = [_numbers(line) for line in lines]
    number_width = round(max((font.getlength(text) for text in numbers), default=0.0))
    left = 2 * _GAP + label_width
    width = max(left + _SCALE_WIDTH + 3 * _GAP + number_width, round(font.getlength(title)) + 2 * _GAP)
    top = 3 * _LINE
    image = Image.new("RGB", (width, top + _LINE * len(lines) + _LINE + _GAP), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.text((_GAP, _GAP), title, _INK, font)
    _legend(draw, font, sides)
    _scale(draw, font, left, (top, top + _LINE * len(lines)))
    for number, (line, text) in enumerate(zip(lines, numbers, strict=True)):
        y = top + _LINE * number + _LINE // 2
        draw.text((_GAP, y), line.label, _INK, font, anchor="lm")
        draw.text((left + _SCALE_WIDTH + 2 * _GAP, y), text, _INK, font, anchor="lm")
        spread = _LINE // (len(line.shares) + 1)
        for side, share in enumerate(line.shares):
            _dot(draw, left, y + spread * (side + 1) - _LINE // 2, share, _GREYS[side])
    return image


def _numbers(line: PlotLine) -> str:
    shown = (_NOTHING if share.value is None else f"{share.value:.2f} of {share.count}" for share in line.shares)
    return "  ".join(shown)


def _legend(
    draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, sides: Sequence[str]
) -> None:
    x, y = float(_GAP + _DOT), _GAP + 1.6 * _LINE
    for number, side in enumerate(sides):
        draw.ellipse((x - _DOT, y - _DOT, x + _DOT, y + _DOT), _GREYS[number], _INK, 2)
        draw.text((x + 2 * _DOT, y), side, _INK, font, anchor="lm")
        x += 5 * _DOT + font.getlength(side)


def _scale(
    draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, left: int, rows: tuple[int, int]
) -> None:
    top, bottom = rows
    for tick in _TICKS:
        x = left + tick * _SCALE_WIDTH
        draw.line((x, top, x, bottom), _FAINT, 2)
        draw.text((x, bottom + _GAP), f"{tick:g}", _INK, font, anchor="mm")


def _dot(draw: ImageDraw.ImageDraw, left: int, y: float, share: Share, fill: tuple[int, int, int]) -> None:
    if share.value is None or share.interval is None:
        return
    low, x, high = (left + value * _SCALE_WIDTH for value in (share.interval[0], share.value, share.interval[1]))
    draw.line((low, y, high, y), _INK, _WHISKER)
    draw.ellipse((x - _DOT, y - _DOT, x + _DOT, y + _DOT), fill, _INK, 2)
