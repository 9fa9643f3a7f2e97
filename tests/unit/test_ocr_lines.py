"""Lines, blocks and reading order from word boxes alone."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from engine.documents.types import Word, WordSource
from engine.geometry import PageRect
from engine.ocr.lines import in_reading_order

CHAR_PX, HEIGHT_PX, SPACE_PX = 9.0, 16.0, 5.0


def typed(text: str, x: float, y: float) -> list[Word]:
    """The words of one printed line that starts at (x, y)."""
    words = []
    for token in text.split():
        width = CHAR_PX * len(token)
        words.append(Word(token, PageRect(x, y, x + width, y + HEIGHT_PX), WordSource.TEXT))
        x += width + SPACE_PX
    return words


def lines_of(words: tuple[Word, ...]) -> list[str]:
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    return [" ".join(line) for _, line in sorted(lines.items())]


def shuffled(words: list[Word]) -> list[Word]:
    return random.Random(1).sample(words, len(words))


def test_prose_columns_are_read_one_after_the_other() -> None:
    left = [f"left column line number {i} here" for i in range(8)]
    right = [f"right column line number {i} here" for i in range(8)]
    words = typed("A title over both of the columns of this page that is long", 40, 20)
    for i, (a, b) in enumerate(zip(left, right, strict=True)):
        words += typed(a, 40, 80 + 24 * i) + typed(b, 420, 83 + 24 * i)
    assert lines_of(in_reading_order(shuffled(words)))[1:] == left + right


def test_paragraphs_that_end_at_the_same_height_do_not_mix_columns() -> None:
    words: list[Word] = []
    expected = []
    for name, x in (("left", 40.0), ("right", 420.0)):
        for paragraph in range(2):
            for i in range(4):
                text = f"{name} paragraph {paragraph} line number {i}"
                expected.append(text)
                words += typed(text, x, 40 + paragraph * 160 + 24 * i)
    assert lines_of(in_reading_order(shuffled(words))) == expected


def test_table_rows_are_read_before_columns() -> None:
    words: list[Word] = []
    for i, (item, price) in enumerate([("Tea", "1.20"), ("Bread", "3.40"), ("Total", "4.60")]):
        words += typed(item, 40, 40 + 24 * i) + typed(price, 300, 40 + 24 * i)
    ordered = in_reading_order(shuffled(words))
    assert sorted(lines_of(ordered)) == sorted(["Tea", "1.20", "Bread", "3.40", "Total", "4.60"])
    by_text = {word.text: word for word in ordered}
    assert by_text["Tea"].line != by_text["1.20"].line


def test_a_skewed_line_stays_one_line() -> None:
    words = []
    for i, token in enumerate(["this", "line", "climbs", "slowly", "from", "left", "to", "right"]):
        words += typed(token, 40 + 80 * i, 400 - 4 * i)
    words = [Word(w.text, PageRect(w.box.x0, w.box.y0, w.box.x0 + 75, w.box.y1), w.source) for w in words]
    assert len(lines_of(in_reading_order(shuffled(words)))) == 1


def test_text_up_the_margin_does_not_join_the_rows_beside_it() -> None:
    side = Word("sidebar", PageRect(5, 40, 20, 240), WordSource.OCR)
    words = [side, *typed("first row of text", 40, 50), *typed("second row of text", 40, 74)]
    ordered = in_reading_order(words)
    assert {"first row of text", "second row of text", "sidebar"} == set(lines_of(ordered))


def test_hebrew_is_read_from_right_to_left() -> None:
    words = typed("מרכזית בספריה שלום", 40, 40)
    assert lines_of(in_reading_order(words)) == ["שלום בספריה מרכזית"]


def test_a_paragraph_is_one_block_and_a_distant_one_another() -> None:
    words = [word for i in range(3) for word in typed("some words of a paragraph", 40, 40 + 24 * i)]
    words += [word for i in range(2) for word in typed("an address elsewhere", 40, 400 + 24 * i)]
    ordered = in_reading_order(shuffled(words))
    assert [word.block for word in ordered] == [0] * 15 + [1] * 6


@given(
    st.lists(
        st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(1, 90), st.floats(1, 60)), min_size=0, max_size=40
    )
)
def test_every_word_is_kept_once_and_numbers_never_fall(boxes: list[tuple[float, float, float, float]]) -> None:
    words = [
        Word(str(i), PageRect(x, y, x + width, y + height), WordSource.OCR)
        for i, (x, y, width, height) in enumerate(boxes)
    ]
    ordered = in_reading_order(words)
    assert sorted(word.text for word in ordered) == sorted(word.text for word in words)
    numbers = [(word.block, word.line) for word in ordered]
    assert numbers == sorted(numbers)
    assert len({word.line for word in ordered}) == len({(word.block, word.line) for word in ordered})
