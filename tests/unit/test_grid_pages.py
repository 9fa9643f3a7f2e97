"""Hand-made pages: what a page file says, and which line an answer is right on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.training.grid_pages import LINE_HEIGHT, Asked, line_at, read_page
from engine.training.ranker_samples import page_samples

_FILE = """
 SUBTOTAL        12.50
 TOTAL           12.50
 CASH            20.00
-----
What is the total? | 12.50 @ TOTAL 12.50
How much is the total? | 12.50 || 12.5
How much was given? | 20.00 @ CASH
What is the tax? |
"""


def test_questions_say_answers_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "slip.txt"
    path.write_text(_FILE, encoding="utf-8")
    _, asked = read_page(path)
    assert asked[1] == Asked("How much is the total?", ("12.50", "12.5"))
    assert asked[2] == Asked("How much was given?", ("20.00",), (2,))
    assert asked[3] == Asked("What is the tax?", ())
    assert asked[0].lines == (0, 1)


def test_a_line_that_is_not_on_the_page_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "slip.txt"
    path.write_text(_FILE.replace("@ CASH", "@ CARD"), encoding="utf-8")
    with pytest.raises(ValueError, match="How much was given"):
        read_page(path)


def test_words_know_the_line_they_were_typed_on(tmp_path: Path) -> None:
    (tmp_path / "slip.txt").write_text(_FILE, encoding="utf-8")
    page, _ = read_page(tmp_path / "slip.txt")
    assert [line_at(word.box.center.y + 0.3 * LINE_HEIGHT) for word in page.words] == [w.line for w in page.words]


def test_only_the_answer_on_the_said_line_is_right(tmp_path: Path) -> None:
    text = (
        _FILE.replace(" TOTAL ", " AMOUNT DUE ").replace("@ TOTAL 12.50", "@ DUE").replace("much is the total", "big")
    )
    (tmp_path / "slip.txt").write_text(text, encoding="utf-8")
    first, second = list(page_samples(tmp_path, 1))[:2]
    good = [
        sum(text == "12.50" and gain > 0 for text, gain in zip(s.texts, s.gain, strict=True)) for s in (first, second)
    ]
    assert 0 < good[0] < good[1]
