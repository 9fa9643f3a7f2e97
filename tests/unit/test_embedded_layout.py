"""Lines, segments, blocks and glued words of the embedded reader's layout."""

from __future__ import annotations

from dataclasses import replace

from engine.documents.types import DocumentId, PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size
from engine.readers.embedded.layout import lay_out
from engine.readers.embedded.sentences import sentences
from tests.unit.embedded_page import page_of


def segments_of(page: PageWords) -> list[str]:
    return [segment.text for segment in lay_out(page).segments]


def test_wide_gaps_split_a_line_into_segments() -> None:
    assert segments_of(page_of("Total due           1,204.50 EUR")) == ["Total due", "1,204.50 EUR"]


def test_a_label_glued_to_its_value_becomes_two_tokens_of_one_word() -> None:
    tokens = lay_out(page_of("Date:13/03/2018")).tokens
    assert [(token.text, token.word) for token in tokens] == [("Date:", 0), ("13/03/2018", 0)]
    assert tokens[0].x1 == tokens[1].x0


def test_times_and_addresses_of_sites_are_not_torn() -> None:
    texts = [token.text for token in lay_out(page_of("10:44 https://example.org/a 1:2")).tokens]
    assert texts == ["10:44", "https://example.org/a", "1:2"]


def test_lines_under_each_other_form_a_block() -> None:
    page = page_of("12 Hill Road\n4020 Linz\nAustria\n\n\n\nTotal   5.00")
    assert lay_out(page).blocks[0] == (0, 1, 2)


def test_a_sentence_runs_over_lines_and_mends_broken_words() -> None:
    page = page_of("The bridge was designed by the engi-\nneer Ada Holm in 1911. It was closed\nin the following year.")
    texts = [run.text for run in sentences(lay_out(page))]
    assert texts == [
        "The bridge was designed by the engineer Ada Holm in 1911.",
        "It was closed in the following year.",
    ]


def test_a_tilted_photograph_keeps_label_and_value_on_one_row() -> None:
    page = page_of(
        "Item one cheese       4.00\nTOTAL of the bill     9.00\nCASH that was paid   10.00\nCHANGE given back     1.00"
    )

    def tilted(word: Word) -> Word:
        drop = 0.04 * word.box.center.x
        return replace(word, box=PageRect(word.box.x0, word.box.y0 + drop, word.box.x1, word.box.y1 + drop))

    layout = lay_out(replace(page, words=tuple(tilted(word) for word in page.words)))
    assert [len(row) for row in layout.rows] == [2, 2, 2, 2]


def test_a_tilted_table_of_single_words_keeps_its_rows() -> None:
    rows = ["Town        1990      2000", *(f"Place{n}      {n}40       {n}71" for n in range(1, 9))]
    page = page_of("\n".join(rows))

    def tilted(word: Word) -> Word:
        drop = -0.05 * word.box.center.x
        return replace(
            word,
            box=PageRect(word.box.x0, word.box.y0 + drop, word.box.x1, word.box.y1 + drop),
            line=int(word.box.x0),
        )

    layout = lay_out(replace(page, words=tuple(tilted(word) for word in page.words)))
    assert [len(row) for row in layout.rows] == [3] * 9


def test_dividers_part_a_line_and_are_no_words() -> None:
    assert segments_of(page_of("Ada Holm | Engineer · ext. 12")) == ["Ada Holm", "Engineer", "ext. 12"]


def test_wide_blanks_of_typewriter_print_part_no_words() -> None:
    words = []
    for line, text in enumerate(["Oak Hill Stores Limited", "12 Mill Road Milton", "Thank you for your visit"]):
        left = 10.0
        for text_word in text.split():
            right = left + 6 * len(text_word)
            words.append(Word(text_word, PageRect(left, 20 * line, right, 20 * line + 6.0), WordSource.OCR, 1.0, line))
            left = right + 7.0
    page = PageWords(PageRef(DocumentId("a", "0"), 0, "1", 300, 100, Size(300, 100)), tuple(words))
    assert segments_of(page) == ["Oak Hill Stores Limited", "12 Mill Road Milton", "Thank you for your visit"]


def test_arabic_is_laid_out_from_the_right() -> None:
    words = (
        Word("التاريخ", PageRect(150, 10, 190, 22), WordSource.TEXT),
        Word("2020/05/01", PageRect(20, 10, 80, 22), WordSource.TEXT),
    )
    page = PageWords(PageRef(DocumentId("a", "0"), 0, "1", 200, 100, Size(200, 100)), words)
    layout = lay_out(page)
    assert layout.rtl
    assert [segment.text for segment in layout.segments] == ["التاريخ", "2020/05/01"]


def test_a_page_without_words_has_an_empty_layout() -> None:
    empty = PageWords(PageRef(DocumentId("a", "0"), 0, "1", 200, 100, Size(200, 100)), ())
    assert lay_out(empty).segments == ()


def test_a_value_written_on_a_line_is_parted_from_the_word_before_it() -> None:
    tokens = lay_out(page_of("beginning on_April, 2032 at $_2500__ by user_name")).tokens
    assert [token.text for token in tokens] == [
        "beginning",
        "on",
        "April,",
        "2032",
        "at",
        "$",
        "2500",
        "by",
        "user_name",
    ]
