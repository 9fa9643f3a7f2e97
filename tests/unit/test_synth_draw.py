"""Drawn synthetic documents: the PDF says exactly the words; scans differ from clean pages."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner
from PIL import Image

from engine.errors import UsageError
from engine.training.synth import draw, make_document
from engine.training.synth.__main__ import main


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
    document = make_document(22, 0, "receipt", noise=0)
    clean = Image.open(io.BytesIO(draw.draw_png(document, 0, 100)))
    scan = Image.open(io.BytesIO(draw.draw_png(document, 0, 100, noise_seed=4)))
    again = Image.open(io.BytesIO(draw.draw_png(document, 0, 100, noise_seed=4)))
    assert scan.size == clean.size
    assert scan.mode == "L"
    assert scan.tobytes() == again.tobytes()
    assert scan.tobytes() != clean.convert("L").tobytes()


def test_disturbed_words_are_not_drawn() -> None:
    with pytest.raises(UsageError, match="cannot be drawn"):
        draw.draw_pdf(make_document(23, 0, "form", noise=0.5))


def test_the_command_writes_documents_and_questions(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--seed", "7", "--count", "3", "--out", str(tmp_path / "made")])
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "made" / "qa.jsonl").read_text("utf-8").splitlines()]
    assert {row["file"] for row in rows} == {p.name for p in (tmp_path / "made").glob("*.pdf")}
    assert {"id", "file", "page", "question", "answers", "answer_box", "kind", "page_size", "present"} == set(rows[0])
    assert all(row["present"] == bool(row["answers"]) for row in rows)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    result = CliRunner().invoke(main, ["--count", "1", "--out", str(blocked / "below")])
    assert result.exit_code != 0
    assert "cannot be written" in result.output
