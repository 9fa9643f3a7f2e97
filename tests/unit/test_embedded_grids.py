"""Grids of the embedded reader: heads over their columns, cells of several lines, boxed captions, complete segments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.geometry import PageRect
from engine.readers.embedded.candidates import candidates
from engine.readers.embedded.grids import captions, head_cells, is_complete, row_pairs
from engine.readers.embedded.layout import Layout, lay_out
from engine.readers.embedded.sentences import sentences
from tests.unit.embedded_page import answer_to, page_of

NARROW = page_of(
    """
 Description                 Qty/hr        Unit price         Total
 Copper valve                   3                 41            123
 Wall bracket                   2                      77       154
"""
)
TIGHT = page_of(
    """
 Batch Total parts Mean weight Lost
 A-12      5,120       41.7       3
 A-13      4,870       39.2       8
 A-14      5,003       40.8       5
"""
)
BOXES = page_of(
    """
 7. Name of carrier         8. Port of lading
 Northwind Lines                 Bergen

 9. Reason for delay        10. Position held
          Storm                       Purser
"""
)
TALL = page_of(
    """
 Charter                Year
 Treaty of
                        1834
 the Two Rivers
 Harbour Act            1851
"""
)


def raised(box: PageRect) -> PageRect:
    """The box with lines set so closely that those next to each other overlap."""
    return PageRect(box.x0, 0.6 * box.y0, box.x1, 0.6 * box.y0 + box.height)


def texts(layout: Layout, indices: frozenset[int]) -> set[str]:
    return {layout.segments[i].text for i in indices}


def test_heads_that_run_into_one_line_are_parted_by_their_columns() -> None:
    layout = lay_out(TIGHT)
    assert [layout.segments[i].text for i in layout.rows[0]] == ["Batch", "Total parts", "Mean weight", "Lost"]


def test_a_title_over_a_table_is_not_parted() -> None:
    page = page_of(
        "Yearly output of the northern works\n A-12      5,120       41.7       3\n A-13      4,870       39.2       8"
    )
    assert len(lay_out(page).rows[0]) == 1


def test_a_table_whose_heads_ran_together_is_read_by_row_and_column() -> None:
    assert answer_to("How many total parts does batch A-13 have?", TIGHT).text == "4,870"


def test_a_narrow_figure_clear_of_its_wide_head_belongs_to_the_nearest_one() -> None:
    assert answer_to("What is the unit price of the wall bracket?", NARROW).text == "77"


def test_head_cells_are_those_over_figures() -> None:
    layout = lay_out(NARROW)
    assert texts(layout, head_cells(layout)) == {"Description", "Qty/hr", "Unit price", "Total"}


def test_numbered_captions_of_boxes_are_captions_and_head_their_row() -> None:
    layout = lay_out(BOXES)
    assert texts(layout, captions(layout)) == {
        "7. Name of carrier",
        "8. Port of lading",
        "9. Reason for delay",
        "10. Position held",
    }
    assert row_pairs(layout)[0] >= 0.5


@pytest.mark.parametrize(
    ("question", "expected"),
    [("What is the reason for the delay?", "Storm"), ("What is the port of lading?", "Bergen")],
)
def test_a_boxed_caption_is_answered_with_what_stands_in_its_box(question: str, expected: str) -> None:
    assert answer_to(question, BOXES).text == expected


def test_numbered_sections_one_under_another_are_no_captions() -> None:
    assert captions(lay_out(page_of("1. Scope\n\n2. Terms of use\n\n3. Payment\n\n4. Notices"))) == frozenset()


def test_a_name_of_two_lines_labels_the_figure_between_them() -> None:
    close = replace(TALL, words=tuple(replace(word, box=raised(word.box)) for word in TALL.words))
    assert answer_to("What is the year of the Treaty of the Two Rivers?", close).text == "1834"


def test_a_segment_with_its_own_value_labels_nothing_beside_it() -> None:
    page = page_of("Arrive: 27 Mar 2021     Time: 05:02PM     Depart: 28 Mar 2021     Time: 02:52PM")
    assert all(is_complete(segment) for segment in lay_out(page).segments)
    assert answer_to("When did the guest depart?", page).text == "28 Mar 2021"


def test_an_indian_amount_is_one_value() -> None:
    page = page_of("Subtotal        6,00,000.00\nTotal due       7,08,000.00")
    assert answer_to("What is the total due?", page).text == "7,08,000.00"


def test_a_currency_between_label_and_amount_hides_no_label() -> None:
    page = page_of("Total ohne MwSt.         40.000,00\nTOTAL         EUR        47.600,00")
    assert answer_to("What is the total?", page).text == "47.600,00"


def test_the_end_of_a_label_is_no_candidate() -> None:
    layout = lay_out(page_of("Patient number (medical record number)"))
    found = {candidate.text for candidate in candidates(layout, sentences(layout))}
    assert "(medical record number)" not in found
    assert "record number)" not in found


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What discount was given?", "15%"),
        ("How was it paid?", "Credit card"),
    ],
)
def test_questions_that_name_a_field_keep_its_kinds(question: str, expected: str) -> None:
    page = page_of(
        "Chairs            120.00\nDiscount          15%\nTotal             102.00\nPayment method    Credit card"
    )
    assert answer_to(question, page).text == expected
