"""The sample documents in resources/samples are what the committed command writes, and say what is expected of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pymupdf
import pytest
from click.testing import CliRunner

from engine.geometry import PageRect
from engine.training.samples import main

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "resources" / "samples"
GOLDEN = ROOT / "tests" / "golden" / "samples.json"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    result = CliRunner().invoke(main, ["--out", str(folder), "--golden", str(folder / "samples.json")])
    assert result.exit_code == 0, result.output
    return folder


def test_the_samples_are_up_to_date(written: Path) -> None:
    assert (written / "samples.json").read_text("utf-8") == GOLDEN.read_text("utf-8")
    assert (written / "questions.csv").read_bytes() == (SAMPLES / "questions.csv").read_bytes()
    for name in ("invoice.pdf", "report.pdf"):
        with pymupdf.open(written / name) as fresh, pymupdf.open(SAMPLES / name) as kept:
            assert [page.get_text("words") for page in fresh] == [page.get_text("words") for page in kept]


def test_the_samples_are_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 300_000


def test_the_text_layer_holds_the_expected_answers_where_it_has_one() -> None:
    checked = 0
    for row in json.loads(GOLDEN.read_text("utf-8")):
        if not row["document"].endswith(".pdf"):
            continue
        with pymupdf.open(SAMPLES / row["document"]) as pdf:
            words = pdf[row["page"]].get_text("words")
        if not words:
            continue
        box = PageRect(*row["answer_box"])
        found = "".join(w[4] for w in words if box.contains(PageRect(*w[:4]).center))
        assert row["answers"][0].replace(" ", "") in found, row
        checked += 1
    assert checked >= 15


def test_the_last_page_of_the_report_is_an_image_only() -> None:
    with pymupdf.open(SAMPLES / "report.pdf") as pdf:
        assert len(pdf) == 3
        assert pdf[2].get_text().strip() == ""
        assert pdf[2].get_images()


def test_every_question_has_an_expected_answer() -> None:
    with (SAMPLES / "questions.csv").open(encoding="utf-8", newline="") as file:
        asked = {(row["document"], row["id"], row["question"]) for row in csv.DictReader(file)}
    known = {(row["document"], row["id"], row["question"]) for row in json.loads(GOLDEN.read_text("utf-8"))}
    assert asked == known
    assert {document for document, _, _ in asked} == {"invoice.pdf", "receipt.png", "report.pdf"}
