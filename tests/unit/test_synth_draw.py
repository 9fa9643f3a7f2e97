"""Drawn synthetic documents: the PDF says exactly the words; scans differ from clean pages."""

from __future__ import annotations

import random

import pymupdf
import pytest

from engine.errors import UsageError
from engine.training.synth import draw, make_document


@pytest.mark.parametrize("family", ["receipt", "invoice", "form", "table", "dialog", "report", "ticket"])
def test_the_text_layer_is_the_words(family: str) -> None:
    document = make_document(21, 1, family, noise=0)
    with pymupdf.open(stream=draw.draw_pdf(document), filetype="pdf") as pdf:
        assert len(pdf) == len(document.pages)
        for drawn, page in zip(pdf, document.pages, strict=True):
            found = {(round(w[0]), round(w[2]), w[4]) for w in drawn.get_text("words")}
            assert {text for _, _, text in found} == {w.text for w in page.words}
            for word in page.words:
                near = {(x0, x1) for x0, x1, text in found if text == word.text}
                assert any(abs(x0 - word.box.x0) < 2 and abs(x1 - word.box.x1) < 3 for x0, x1 in near), word


def test_drawing_is_repeatable() -> None:
    document = make_document(21, 2, "receipt", noise=0)
    assert draw.draw_pdf(document) == draw.draw_pdf(document)


def test_a_scan_has_the_page_in_another_look() -> None:
    clean = draw.draw_images(draw.draw_pdf(make_document(22, 0, "receipt", noise=0)), 60)[0]
    scan, again = (draw.scan_like(clean, random.Random(4)) for _ in range(2))
    assert scan.size == clean.size
    assert scan.mode == "L"
    assert scan.tobytes() == again.tobytes()
    assert scan.tobytes() != clean.convert("L").tobytes()


def test_disturbed_words_are_not_drawn() -> None:
    with pytest.raises(UsageError, match="cannot be drawn"):
        draw.draw_pdf(make_document(23, 0, "form", noise=0.5))
