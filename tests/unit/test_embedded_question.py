"""What the embedded reader understands of questions."""

from __future__ import annotations

import pytest

from engine.readers.embedded.question import Shape, parse
from engine.readers.embedded.values import Kind


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("What is the invoice number?", "invoice_number"),
        ("What is the total amount on this receipt?", "total"),
        ("When is the invoice due?", "due_date"),
        ("Where is the shop located?", "address"),
        ("Wie lautet die Rechnungsnummer?", "invoice_number"),
        ("Quelle est la date d'échéance ?", "due_date"),
        ("¿Cuál es la base imponible?", "subtotal"),
        ("Qual è la partita IVA?", "tax_id"),
        ("Wat is het totaalbedrag?", "total"),
        ("发票号码是什么?", "invoice_number"),
        ("ما هو رقم الفاتورة؟", "invoice_number"),
        ("What is the total number of employees?", ""),
    ],
)
def test_common_fields_are_recognised_in_several_languages(text: str, field: str) -> None:
    assert parse(text).field == field


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who designed the dam?", Kind.PERSON),
        ("When was the reserve established?", Kind.DATE),
        ("In which year was it built?", Kind.YEAR),
        ("How many islands are there?", Kind.NUMBER),
        ("How much did it cost?", Kind.AMOUNT),
        ("What percentage of users agreed?", Kind.PERCENT),
        ("What is the e-mail address?", Kind.EMAIL),
        ("Wann wurde die Brücke gebaut?", Kind.DATE),
        ("Hoeveel mensen bezochten het museum?", Kind.NUMBER),
        ("What time does the pool open?", Kind.TIME),
    ],
)
def test_the_expected_kind_of_value(text: str, kind: Kind) -> None:
    assert parse(text).expects(kind) == 1.0


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ('What does the section "Ecology" say?', Shape.SECTION),
        ("Is the museum open on Sundays?", Shape.YES_NO),
        ("How many people are listed in the table?", Shape.COUNT),
        ("What does the DATE field say?", Shape.VALUE),
        ("What is the total?", Shape.VALUE),
    ],
)
def test_the_shape_of_the_answer(text: str, shape: Shape) -> None:
    assert parse(text).shape is shape


def test_a_quoted_label_outweighs_the_other_words() -> None:
    units = parse('What is the value of "Net sales" in the report?').units
    quoted = [unit.weight for unit in units if unit.quoted]
    others = [unit.weight for unit in units if not unit.quoted]
    assert len(quoted) == 2
    assert min(quoted) > 2 * max(others)


def test_a_question_without_content_is_parsed_too() -> None:
    assert parse("?").units == ()
