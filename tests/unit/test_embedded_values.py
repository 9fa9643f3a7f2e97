"""Typed values in runs of words."""

from __future__ import annotations

import pytest

from engine.readers.embedded.layout import lay_out
from engine.readers.embedded.values import (
    Kind,
    address_likeness,
    company_likeness,
    names,
    person_likeness,
    phrases,
    run_of,
    whole_values,
)
from tests.unit.embedded_page import page_of


def found(text: str, kind: Kind) -> list[str]:
    tokens = lay_out(page_of(text)).tokens
    return [value.text for value in whole_values(run_of(tokens, range(len(tokens)))) if value.kind is kind]


@pytest.mark.parametrize(
    "text",
    [
        "12/03/2018",
        "2018-03-12",
        "12.03.2018",
        "March 12, 2018",
        "12 March 2018",
        "12-Mar-18",
        "15 de marzo de 2023",
        "9 september 2020",
        "1er janvier 1999",
        "Tuesday, August 17, 2010",
        "2018年3月12日",
    ],
)
def test_dates_as_printed_in_many_ways(text: str) -> None:
    assert found(f"issued {text} here", Kind.DATE) == [text]


@pytest.mark.parametrize(
    "text",
    ["9.00", "1,204.50", "1.204,50 €", "€ 101,37", "RM 25.80", "$34.50", "2 520,00 €", "CHF 1'250.00", "(412.50)"],
)
def test_amounts_keep_their_currency(text: str) -> None:
    assert text in found(f"total {text}", Kind.AMOUNT)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("call (510) 555-0148 now", Kind.PHONE, "(510) 555-0148"),
        ("TEL: 07-386 7524", Kind.PHONE, "07-386 7524"),
        ("mail info@muster.de", Kind.EMAIL, "info@muster.de"),
        ("see www.example.org/a", Kind.URL, "www.example.org/a"),
        ("at 11:05:16 AM sharp", Kind.TIME, "11:05:16 AM"),
        ("up 63 percent", Kind.PERCENT, "63 percent"),
        ("add 1/3 cup juice", Kind.QUANTITY, "1/3 cup"),
        ("a 9 x 13 inch pan", Kind.QUANTITY, "9 x 13 inch"),
        ("built 1911 here", Kind.YEAR, "1911"),
        ("IBAN DE89 6009 0100 0532 0130 00", Kind.CODE, "DE89 6009 0100 0532 0130 00"),
        ("No. CS00012466", Kind.CODE, "CS00012466"),
    ],
)
def test_other_kinds(text: str, kind: Kind, value: str) -> None:
    assert value in found(text, kind)


def test_parts_of_a_date_or_an_amount_are_no_values() -> None:
    assert found("on 12 March 2018", Kind.NUMBER) == []
    assert found("total 2 520,00 EUR", Kind.NUMBER) == []


def test_names_leave_out_the_word_that_only_opens_the_sentence() -> None:
    tokens = lay_out(page_of("During the war Ada Holm of Falun led the works.")).tokens
    texts = [value.text for value in names(run_of(tokens, range(len(tokens))))]
    assert "During" not in texts
    assert "Ada Holm of Falun" in texts


def test_phrases_are_the_words_between_function_words() -> None:
    tokens = lay_out(page_of("the bridge is a listed monument since 1994")).tokens
    assert "listed monument" in [value.text for value in phrases(run_of(tokens, range(len(tokens))))]


def test_likeness_to_people_companies_and_addresses() -> None:
    assert person_likeness("Hon. Ellen M. Prather") == 1.0
    assert person_likeness("Muster Elektronik GmbH") == 0.0
    assert company_likeness("ABC TRADING SDN BHD (123456-X)") == 1.0
    assert address_likeness("12 rue des Lilas 69003 LYON") > 0.5
    assert address_likeness("Total due 12.50") < 0.3


@pytest.mark.parametrize("text", ["3.94[1]", "3.94 (2)", "3.94(a)", "3.94*"])
def test_marks_of_footnotes_are_no_part_of_a_figure(text: str) -> None:
    assert found(text, Kind.NUMBER)[0] == "3.94"


@pytest.mark.parametrize(
    ("text", "code"), [("TRAN# 9023381A", "9023381A"), ("REG A1024", "A1024"), ("SHB 4471", "SHB 4471")]
)
def test_a_label_before_a_code_is_no_part_of_it(text: str, code: str) -> None:
    assert code in found(text, Kind.CODE)


@pytest.mark.parametrize(
    "text", ["640.000 Euro", "2,3 millions d'euros", "43 million crowns", "3 euros", "$4.1 billion"]
)
def test_amounts_with_their_money_in_words(text: str) -> None:
    assert found(text, Kind.AMOUNT) == [text]


def test_small_numbers_in_words_are_numbers() -> None:
    assert found("The canal has six locks", Kind.NUMBER) == ["six"]


def test_a_date_with_its_time_holds_no_phone_number() -> None:
    assert found("Thursday, 16 May 2019 09:27", Kind.PHONE) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("From February 1, 2022 to February 28, 2022", Kind.DATE, "February 1, 2022 to February 28, 2022"),
        ("between 03:10 and 03:55 at night", Kind.TIME, "03:10 and 03:55"),
        ("accession HQ729711 to HQ729773", Kind.CODE, "HQ729711 to HQ729773"),
    ],
)
def test_two_values_with_a_word_between_them_are_a_range(text: str, kind: Kind, value: str) -> None:
    assert value in found(text, kind)


@pytest.mark.parametrize(
    "quantity",
    ["30 km/h", "207 cu in", "13.2 gpm", "thirty (30) days", "six weeks", "2-3 working days"],
)
def test_quantities_are_whole(quantity: str) -> None:
    assert quantity in found(f"takes {quantity}.", Kind.QUANTITY)


def test_dates_in_deeds_and_with_weekdays() -> None:
    assert found("made this 28th day of July, 2016", Kind.DATE) == ["28th day of July, 2016"]
    assert found("on Friday, October 21", Kind.DATE) == ["Friday, October 21"]


def test_files_are_values() -> None:
    assert found("photo slugs-again.jpg", Kind.TEXT) == ["slugs-again.jpg"]


def test_phrases_go_on_over_prepositions_and_lists() -> None:
    tokens = lay_out(page_of("was caused by the bursting of the ice dam above Dunnick")).tokens
    said = [value.text for value in phrases(run_of(tokens, range(len(tokens))))]
    assert {"bursting", "bursting of the ice dam", "ice dam"} <= set(said)
    tokens = lay_out(page_of("she speaks Dutch, English and German")).tokens
    assert "Dutch, English and German" in [value.text for value in phrases(run_of(tokens, range(len(tokens))))]
