"""What the embedded reader answers, cites and leaves unanswered, one small page per behaviour."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.documents.types import PageWords
from engine.geometry import PageRect
from engine.readers.embedded import EmbeddedReader
from engine.readers.types import AnswerReady, AnswerStatus, Failed, PageRead, Preview, Progress, Request
from tests.unit.embedded_page import PageShelf, answer_to, events_of, page_of

RECEIPT = page_of(
    """
          GREEN LEAF TRADING SDN BHD
             NO 12, JALAN MERU 3,
             TAMAN SENTOSA,
             41050 KLANG, SELANGOR
          TEL: 03-3344 5566

 Invoice No:  CS00012466
 Date:        15/01/2019     11:05 AM

 PAPER A4 80G          2       9.00
 GLUE STICK            1       4.25

 TOTAL:                       13.25
 CASH:                        20.00
 CHANGE:                       6.75
"""
)
STACKED = page_of(
    """
 APPLICATION FOR MEMBERSHIP

 Last name              First name             Phone
 Okafor                 Chidi                  (912) 555-0199

 City                   ZIP code               Date of birth
 Savannah               31401                  04/22/1984
"""
)
BULLETIN = page_of(
    """
 COUNTY OF ALDER
 12,345 REGISTERED VOTERS
 9,327 BALLOTS CAST
 75.6% TURNOUT
"""
)
TABLE = page_of(
    """
 Region           2017       2018       2019
 North           1,204      1,310      1,287
 South             988      1,020      1,115
 Wales             402        377        391
"""
)
REPORT = page_of(
    """
 Early devices
 The first hearing telephone was patented by Miller Hutchison in 1902 and was
 sold in many countries. Vacuum tube amplifiers were introduced in 1920 by the
 engineer Earl Hanson. The transistor was developed for telephone switching.

 Opening hours
 The museum is open from May to September. Dogs are not allowed in the museum.
""",
    index=1,
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the total?", "13.25"),
        ("What is the invoice number?", "CS00012466"),
        ("What is the date on the receipt?", "15/01/2019"),
        ("How much change was given?", "6.75"),
        ("What is the name of the company?", "GREEN LEAF TRADING SDN BHD"),
        ("What is the telephone number?", "03-3344 5566"),
        ("What is the address of the company?", "NO 12, JALAN MERU 3, TAMAN SENTOSA, 41050 KLANG, SELANGOR"),
        ("How much is the GLUE STICK?", "4.25"),
    ],
)
def test_labels_to_the_left_and_things_without_labels(question: str, expected: str) -> None:
    assert answer_to(question, RECEIPT).text == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the first name?", "Chidi"),
        ("What is the ZIP code?", "31401"),
        ("What is the date of birth?", "04/22/1984"),
    ],
)
def test_labels_above_their_values(question: str, expected: str) -> None:
    assert answer_to(question, STACKED).text == expected


def test_values_to_the_left_of_their_labels() -> None:
    assert answer_to("How many ballots were cast?", BULLETIN).text == "9,327"
    assert answer_to("How many registered voters were there?", BULLETIN).text == "12,345"


def test_cells_by_row_and_column() -> None:
    assert answer_to("What was the value for South in 2018?", TABLE).text == "1,020"
    assert answer_to("What is the figure of Wales for 2019?", TABLE).text == "391"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who patented the first hearing telephone?", "Miller Hutchison"),
        ("When were vacuum tube amplifiers introduced?", "1920"),
    ],
)
def test_facts_in_sentences(question: str, expected: str) -> None:
    assert answer_to(question, REPORT).text == expected


def test_a_section_is_given_in_full() -> None:
    answer = answer_to('What does the section "Opening hours" say?', REPORT)
    assert answer.text == "The museum is open from May to September. Dogs are not allowed in the museum."


def test_yes_and_no_from_what_a_sentence_says() -> None:
    assert answer_to("Are dogs allowed in the museum?", REPORT).text == "No"
    assert answer_to("Is the museum open from May to September?", REPORT).text == "Yes"


def test_rows_are_counted() -> None:
    page = page_of(
        "No.  Name     Days   Total\n1    Abbott    3   642.15\n2    Cho       5   981.40\n3    Ek        4   777.77"
    )
    assert answer_to("How many people are listed in the table?", page).text == "3"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the invoice number?", "RE-2021-0457"),
        ('What is the "Rechnungsnummer"?', "RE-2021-0457"),
        ("Wie hoch ist der Gesamtbetrag?", "227,89 €"),
        ("What is the due date?", "31.03.2021"),
    ],
)
def test_german_labels(question: str, expected: str) -> None:
    page = page_of(
        """
 Rechnungsnummer:    RE-2021-0457
 Rechnungsdatum:     17.03.2021
 Fällig am:          31.03.2021

 Nettobetrag         191,50 €
 zzgl. 19% MwSt.      36,39 €
 Gesamtbetrag        227,89 €
"""
    )
    assert answer_to(question, page).text == expected


def test_french_labels() -> None:
    page = page_of(
        "Numéro de facture :   F2022-118\nDate d'échéance :     03/06/2022\nTotal TTC             2 520,00 €"
    )
    assert answer_to("Quel est le numéro de facture ?", page).text == "F2022-118"
    assert answer_to("Quelle est la date d'échéance ?", page).text == "03/06/2022"


@pytest.mark.parametrize(
    "question",
    ["What is the IBAN?", "Who is the judge?", "What is the due date?", "What is the population of Norvik?"],
)
def test_what_the_page_does_not_say_is_never_answered(question: str) -> None:
    assert answer_to(question, RECEIPT).status is not AnswerStatus.ANSWERED


def test_a_page_without_words_gives_not_found() -> None:
    answer = answer_to("What is the total?", page_of(""))
    assert answer.status is AnswerStatus.NOT_FOUND
    assert answer.text == ""
    assert answer.evidence is None


def test_the_page_of_the_answer_is_cited() -> None:
    answer = answer_to("When were vacuum tube amplifiers introduced?", RECEIPT, REPORT)
    assert answer.text == "1920"
    assert answer.evidence is not None
    assert answer.evidence.page.index == 1
    assert [page for page, _ in answer.plans] == [1]
    assert answer.pages_read == answer.pages_asked == (0, 1)


def test_evidence_holds_the_answer_words_first_and_the_label() -> None:
    answer = answer_to("What is the total?", RECEIPT)
    evidence = answer.evidence
    assert evidence is not None
    assert [word.text for word in evidence.words][: evidence.answer_words] == ["13.25"]
    assert "TOTAL:" in [word.text for word in evidence.words]
    assert evidence.box == evidence.words[0].box


def test_the_top_slice_holds_the_answer() -> None:
    answer = answer_to("What is the invoice number?", RECEIPT, policy="minicpm-v-16x")
    assert answer.evidence is not None
    assert answer.evidence.box is not None
    top = answer.evidence.contributions[0]
    assert top.box.contains(answer.evidence.box.center)
    assert top.joint == pytest.approx(1.0)
    others = [item.joint for item in answer.evidence.contributions]
    assert others == sorted(others, reverse=True)


def test_runners_up_are_other_texts_with_places() -> None:
    answer = answer_to("What is the total?", RECEIPT)
    texts = [item.text for item in answer.alternatives]
    assert len(texts) <= 4
    assert answer.text not in texts
    assert len(texts) == len(set(texts))
    assert all(item.box is not None for item in answer.alternatives)


def test_the_same_question_gives_the_same_answer() -> None:
    first, second = answer_to("What is the total?", RECEIPT), answer_to("What is the total?", RECEIPT)
    assert (first.text, first.confidence, first.evidence) == (second.text, second.confidence, second.evidence)


def test_events_come_page_by_page_and_end_with_the_answer() -> None:
    events = events_of("What is the total?", RECEIPT, REPORT)
    kinds = [type(event) for event in events]
    assert kinds == [Progress, PageRead, Progress, PageRead, AnswerReady]
    assert [event.text for event in events if isinstance(event, Progress)] == [
        "Reading page 1 of 2",
        "Reading page 2 of 2",
    ]


def test_a_budget_gives_a_preview_from_the_known_pages() -> None:
    shelf = PageShelf(REPORT, RECEIPT, unknown=frozenset({1}))
    request = Request(1, "What is the total?", (REPORT.page, RECEIPT.page), budget_s=0.0)
    events = list(EmbeddedReader(shelf).ask(request))
    previews = [event for event in events if isinstance(event, Preview)]
    assert shelf.read == [0, 1]
    assert len(previews) == 1
    assert previews[0].answer.text == "13.25"
    assert previews[0].answer.pages_read == (0,)
    assert previews[0].answer.notices == ("Read 1 of 2 pages.",)
    assert isinstance(events[-1], AnswerReady)


def test_a_cancelled_question_fails_as_cancelled() -> None:
    reader = EmbeddedReader(PageShelf(RECEIPT), cancelled=lambda: True)
    last = list(reader.ask(Request(1, "What is the total?", (RECEIPT.page,))))[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "cancelled"


def test_an_unknown_policy_fails_with_a_usage_error() -> None:
    last = events_of("What is the total?", RECEIPT, policy="no-such-policy")[-1]
    assert isinstance(last, Failed)
    assert last.error.code == "usage"


def test_the_answer_says_who_read_it() -> None:
    answer = answer_to("What is the total?", RECEIPT)
    assert (answer.reader, answer.model, answer.device, answer.precision) == ("embedded", "rules", "cpu", "")
    assert answer.calibrated
    assert answer.pixels == RECEIPT.page.native
    assert answer.revision


def mirrored(page: PageWords) -> PageWords:
    """The page with its words set from right to left."""
    width = page.page.width
    words = [replace(w, box=PageRect(width - w.box.x1, w.box.y0, width - w.box.x0, w.box.y1)) for w in page.words]
    return replace(page, words=tuple(words))


def test_arabic_labels_stand_right_of_their_values() -> None:
    page = mirrored(page_of("رقم الفاتورة:      44718\nتاريخ الفاتورة:    2021/03/15\nالمجموع:           350.00"))
    assert answer_to("ما هو رقم الفاتورة؟", page).text == "44718"
    assert answer_to("ما هو تاريخ الفاتورة؟", page).text == "2021/03/15"


def test_arabic_sentences() -> None:
    text = "تأسست مكتبة النور في مدينة حلب عام 1923 على يد\nالتاجر يوسف العطار وكانت تضم آنذاك خمسة آلاف كتاب.\n"
    assert answer_to("متى تأسست مكتبة النور؟", mirrored(page_of(text))).text == "1923"
