"""Is a text layer sane? Sound layers of many languages pass, broken ones do not."""

from __future__ import annotations

import random

import pytest

from engine.documents.types import DocumentId, PageRef, PageText, Word, WordSource
from engine.geometry import PageRect, Size
from engine.ocr.text_layer import judge, usable_words

ENGLISH = (
    "The quarterly results show that revenue rose by 12% to $1,204.50 while operating margin (adjusted) improved; see "
    "https://www.example.com/report-2023 or john.smith@example.org. Invoice No: INV-2023-0042 is due 12/03/2018."
)
SOUND = {
    "english": ENGLISH,
    "german": "Die Rechnungsnummer lautet RE-2023-11 und der Gesamtbetrag beträgt 1.204,50 € inkl. MwSt. Bitte "
    "überweisen Sie den Betrag innerhalb von 14 Tagen auf das Konto DE89 3704 0044 0532 0130 00.",
    "polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni "
    "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.",
    "vietnamese": "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Hóa đơn giá trị gia "
    "tăng, tổng cộng tiền thanh toán của khách hàng là số tiền bằng chữ",
    "russian": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом",
    "chinese": "人人生而自由 在尊严和权利上一律平等 他们赋有理性和良心 并应以兄弟关系的精神相对待",
    "receipt": "TOTAL AMOUNT DUE SUBTOTAL CASH CHANGE VAT GST SDN BHD TAX INVOICE ITEM QTY PRICE 12.50 RM THANK YOU",
    "figures": "Q1 Q2 2019 2020 EUR k EBITDA EBIT 12.3 45,6 (1.2) n/a H1 FY2021 YoY +3.4% CAGR kWh CO2 NOx",
    "short": "3 xqzt",
}


def shifted(text: str, by: int) -> str:
    return "".join(character if character == " " else chr(ord(character) + by) for character in text)


def swapped(text: str) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    table = dict(zip(letters, random.Random(3).sample(letters, 26), strict=True))
    return "".join(table.get(character, character) for character in text)


BROKEN = {
    "private-use": "".join(chr(0xF000 + ord(character)) if character != " " else " " for character in ENGLISH),
    "replacement signs": ENGLISH.replace("e", "\ufffd"),
    "glyph numbers shifted down": shifted(
        "the quarterly results show that revenue rose while margin improved " * 3, -29
    ),
    "letters shifted up": shifted("the quarterly results show that revenue rose while margin improved " * 3, 3),
    "letters swapped": swapped(ENGLISH * 2),
    "glyph names": "(cid:12) (cid:33) (cid:44)(cid:55) " * 8,
    "salad": "x%Q @#k jW!z 9pL$ ~~q }v{ zZxX qw3rT !!aB bQ#d p0O1i ^^k Lm&n ZtRw qXz vBn",
}


def layer(text: str, offset: float = 0.0) -> PageText:
    page = PageRef(DocumentId("a.pdf", "0" * 64), 0, "1", 595, 842, Size(1240, 1754), 150)
    words = tuple(
        Word(token, PageRect(20 + offset, 10 + 9 * i, 120 + offset, 18 + 9 * i), WordSource.TEXT)
        for i, token in enumerate(text.split()[:90])
    )
    return PageText(page, words, 0.0)


@pytest.mark.parametrize("name", SOUND)
def test_sound_text_is_trusted(name: str) -> None:
    assert judge(layer(SOUND[name])).sane


@pytest.mark.parametrize("name", BROKEN)
def test_broken_text_is_not_and_the_reason_is_given(name: str) -> None:
    verdict = judge(layer(BROKEN[name]))
    assert not verdict.sane
    assert verdict.reason


def test_an_empty_layer_and_one_off_the_page_are_not_used() -> None:
    assert "no text layer" in judge(layer("")).reason
    assert "do not lie on the page" in judge(layer(ENGLISH, offset=4000)).reason


def test_words_printed_twice_for_boldness_count_once() -> None:
    text = layer("Total Total 12.50")
    first, second, amount = text.words
    second = Word(second.text, PageRect(20.4, 10.2, 120.4, 18.2), WordSource.TEXT)
    doubled = PageText(text.page, (first, second, amount), 0.0)
    assert [word.text for word in usable_words(doubled)] == ["Total", "12.50"]
