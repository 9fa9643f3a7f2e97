"""Words of a recognised line: where the text splits and where on the crop its pieces lie."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.ocr.models import LineReading
from engine.ocr.splitting import split_label, split_line

FONT = ImageFont.load_default(size=30)


@pytest.mark.parametrize(
    ("glued", "parts"),
    [
        ("Date:12/03/2018", ["Date:", "12/03/2018"]),
        ("Total:$1,204.50", ["Total:", "$1,204.50"]),
        ("No.:INV-7", ["No.:", "INV-7"]),
        ("电话：010-1234", ["电话：", "010-1234"]),
        ("Invoice#4711", ["Invoice#", "4711"]),
        ("Total$12.50", ["Total", "$12.50"]),
    ],
)
def test_a_label_is_cut_from_its_value(glued: str, parts: list[str]) -> None:
    assert split_label(glued) == parts


@pytest.mark.parametrize(
    "whole",
    ["12:30", "12:30:45", "https://example.com/a:b", "C:\\data", "1:5", "1,204.50", "12/03/2018", "INV-2023#7"],
)
def test_codes_times_links_and_amounts_stay_whole(whole: str) -> None:
    assert split_label(whole) == [whole]


def printed(text: str, gap: str = " ") -> tuple[np.ndarray, LineReading, list[tuple[float, float]]]:
    """A line as an image, what a perfect recogniser says of it (without the spaces in `gap`), and its words' spans."""
    width = int(FONT.getlength(text)) + 40
    picture = Image.new("RGB", (width, 48), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((20, 6), text, font=FONT, fill="black")
    centres = []
    for i, character in enumerate(text):
        left, right = FONT.getlength(text[:i]), FONT.getlength(text[: i + 1])
        if not character.isspace():
            centres.append((20 + (left + right) / 2) / width)
    spans, start = [], 0
    for token in text.split():
        start = text.index(token, start)
        x = 20 + FONT.getlength(text[:start])
        box = FONT.getbbox(token)
        spans.append((x + box[0], x + box[2]))
        start += len(token)
    reading = LineReading(text.replace(" ", gap), 0.99, tuple(centres), (0.99,) * len(centres))
    return np.asarray(picture)[:, :, ::-1].copy(), reading, spans


@pytest.mark.parametrize("gap", [" ", ""])
def test_words_lie_on_their_ink_even_where_the_recogniser_dropped_the_spaces(gap: str) -> None:
    text = "Delivery address shown below 12/03/2018 14/04/2019"
    crop, reading, spans = printed(text, gap)
    pieces = split_line(crop, reading)
    assert [piece.text for piece in pieces] == text.split()
    for piece, (left, right) in zip(pieces, spans, strict=True):
        assert piece.left * crop.shape[1] == pytest.approx(left, abs=4)
        assert piece.right * crop.shape[1] == pytest.approx(right, abs=4)
        assert 0 < piece.top < piece.bottom < 1


def test_wide_figures_are_not_torn_apart() -> None:
    crop, reading, _ = printed("4,443.59 1,111.11 INV-2023-11 A1B2-11")
    assert [piece.text for piece in split_line(crop, reading)] == ["4,443.59", "1,111.11", "INV-2023-11", "A1B2-11"]


def test_ideographs_stay_a_run() -> None:
    text = "金额合计"
    crop = np.full((48, 200, 3), 255, dtype=np.uint8)
    for i in range(4):
        crop[10:40, 10 + 48 * i : 40 + 48 * i] = 0
    centres = tuple((25 + 48 * i) / 200 for i in range(4))
    pieces = split_line(crop, LineReading(text, 0.9, centres, (0.9,) * 4))
    assert [piece.text for piece in pieces] == [text]
    assert pieces[0].left * 200 == pytest.approx(10, abs=1)
    assert pieces[0].right * 200 == pytest.approx(184, abs=1)


def test_a_blank_or_empty_line_has_no_words() -> None:
    blank = np.full((48, 100, 3), 255, dtype=np.uint8)
    assert split_line(blank, LineReading("", 0.0, (), ())) == []
    assert split_line(blank, LineReading("  ", 0.0, (), ())) == []
