"""Print that a text layer leaves out is noticed by its ink."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.geometry import PixelRect
from engine.ocr.models import Image as Pixels
from engine.ocr.unread import unread_areas

FONT = ImageFont.load_default(size=20)
LINES = ("The first line of this page is known", "and this one below it too", "Imprint: Harbour Tea Company, Bergen")
TOPS = (40, 70, 500)


def sheet() -> tuple[Pixels, list[PixelRect]]:
    """A page of `LINES` with a rule, a swatch and a dot, and the box of each line."""
    picture = Image.new("RGB", (600, 600), "white")
    draw = ImageDraw.Draw(picture)
    boxes = []
    for line, top in zip(LINES, TOPS, strict=True):
        draw.text((40, top), line, font=FONT, fill="black")
        boxes.append(PixelRect(40, top, FONT.getlength(line), 24))
    draw.line((40, 300, 560, 300), fill="black", width=2)
    draw.rectangle((400, 330, 420, 350), fill="black")
    draw.ellipse((40, 340, 44, 344), fill="black")
    return np.asarray(picture)[:, :, ::-1].copy(), boxes


def test_nothing_is_left_out_where_every_line_has_its_words() -> None:
    image, boxes = sheet()
    assert unread_areas(image, boxes) == []


def test_a_line_without_words_is_an_area() -> None:
    image, boxes = sheet()
    (area,) = unread_areas(image, boxes[:2])
    assert area.x <= boxes[2].x + 2
    assert area.right >= boxes[2].right - 2
    assert 460 < area.y < 510 < area.bottom < 560


def test_a_page_without_any_words_is_looked_at_too() -> None:
    image, _ = sheet()
    assert len(unread_areas(image, [])) == 2
