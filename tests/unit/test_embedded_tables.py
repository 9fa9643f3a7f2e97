"""Questions about whole tables, page ranking and calibration of the embedded reader."""

from __future__ import annotations

import pytest

from engine.readers.embedded.calibrate import Thresholds, expected_calibration_error, status_of
from engine.readers.embedded.index import build_index
from engine.readers.embedded.layout import lay_out
from engine.readers.embedded.pages import page_scores
from engine.readers.embedded.question import parse
from engine.readers.embedded.tables import numbered, table_rows
from engine.readers.types import AnswerStatus
from tests.unit.embedded_page import answer_to, page_of

TABLE = page_of(
    """
 Region           2017       2018       2019
 North           1,204      1,310      1,287
 South             988      1,020      1,115
 Wales             402        377        391
 Total           2,594      2,707      2,793
"""
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which region had the highest value in 2018?", "North"),
        ("Which region has the lowest value in 2019?", "Wales"),
    ],
)
def test_the_row_of_the_largest_and_smallest_figure_leaves_out_totals(question: str, expected: str) -> None:
    assert answer_to(question, TABLE).text == expected


def test_table_rows_leave_out_header_and_total() -> None:
    layout = lay_out(TABLE)
    assert [layout.segments[row[0]].text for row in table_rows(layout)][-3:] == ["North", "South", "Wales"]


def test_numbered_rows_are_recognised() -> None:
    layout = lay_out(page_of("1    Abbott     3    642.15\n2    Cho        5    981.40\n3    Ek         4    777.77"))
    assert numbered(layout, table_rows(layout))


def test_pages_are_ranked_by_the_words_of_the_question() -> None:
    texts = ("Minutes of the garden club meeting", "The dam at Falun was designed by Karin Holm", "Index of tables")
    pages = [build_index(page_of(text, index)) for index, text in enumerate(texts)]
    scores = page_scores(parse("Who designed the dam at Falun?"), pages)
    assert scores.index(max(scores)) == 1


def test_status_follows_the_thresholds() -> None:
    limits = Thresholds(answered=0.8, unsure=0.1)
    assert [status_of(p, limits) for p in (0.9, 0.5, 0.05)] == [
        AnswerStatus.ANSWERED,
        AnswerStatus.UNSURE,
        AnswerStatus.NOT_FOUND,
    ]


def test_calibration_error_of_honest_and_of_boastful_probabilities() -> None:
    assert expected_calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0.0)
    assert expected_calibration_error([0.95] * 4, [True, False, False, False]) == pytest.approx(0.7)


def test_a_header_over_several_columns_counts_for_each_of_them() -> None:
    page = page_of(
        """
 Table 4  Trade by town

                    Imports                     Exports
 Town         Male   Female    Total      Male   Female    Total
 Milton      1,112      274    1,386       257      358      615
 Ashford       393      990    1,383       116      147      263
"""
    )
    assert answer_to("What was the exports total of Ashford?", page).text == "263"
    assert answer_to("How many female imports did Milton have?", page).text == "274"


def test_cells_without_a_figure_do_not_end_a_column() -> None:
    page = page_of(
        """
 Country      Revenue     Exports
 Albania      108,610      17,925
 Denmark       16,705         n/a
 Norway        31,004           -
 Sweden         6,200      16,091
"""
    )
    assert answer_to("What was the Exports in Sweden?", page).text == "16,091"


_SECTORS = """
 Final use of electricity by sector

                    1980                1990
 Sector        mill. kWh     %     mill. kWh     %
 Households        2,140  31.2         3,015  33.0
 Industry          3,280  47.8         4,102  44.9
 Transport           130   1.9           198   2.2
"""


def test_a_bare_figure_under_a_percent_sign_answers_for_a_share() -> None:
    assert answer_to("What percentage did industry have in 1990?", page_of(_SECTORS)).text == "44.9"


def test_a_year_that_is_not_printed_is_never_answered_for_sure() -> None:
    answer = answer_to("What percentage did industry have in 2005?", page_of(_SECTORS))
    assert answer.status is not AnswerStatus.ANSWERED


def test_a_page_that_only_speaks_of_the_question_does_not_hide_the_one_that_answers_it() -> None:
    talk = page_of(
        """
 How to pay

 Quote the invoice number and the invoice date with every payment. A payment without
 the invoice number cannot be booked. Keep the invoice and its number for ten years.
""",
        0,
    )
    bill = page_of("\n Invoice number:   KX-2210-B\n Invoice date:     4 May 2019\n Total due:        88.20\n", 1)
    answer = answer_to("What is the invoice number?", talk, bill)
    assert answer.text == "KX-2210-B"
    assert answer.evidence is not None
    assert answer.evidence.page.index == 1


def test_the_title_of_a_document_stands_on_its_first_page() -> None:
    cover = page_of("\n          RIVER TRUST ANNUAL REPORT\n\n        Published by the Vale Office\n", 0)
    annex = page_of(
        "\n          STATEMENT OF THE AUDITOR\n\n The report was read and the report was found correct.\n", 1
    )
    assert answer_to("What is the title of the report?", cover, annex).text == "RIVER TRUST ANNUAL REPORT"
