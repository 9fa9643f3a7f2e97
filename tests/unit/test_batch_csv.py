from __future__ import annotations

import csv
import errno
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.batch.csv_file import (
    CsvFormat,
    check_writable,
    clean_text,
    original_cell,
    read_csv,
    safe_cell,
    write_csv,
)
from engine.batch.table import COLUMNS, Row, RowSlice, RowWord, from_cells, row_as_json, row_from_answer, to_cells
from engine.errors import InputError, OutputError
from engine.evidence.types import EvidenceMethod
from engine.geometry import PageRect, Size
from engine.readers.types import AnswerStatus
from tests.unit.batch_fakes import make_answer, make_document, make_task

HEADER = (
    "document, sha256, id, question, answer, confidence, status, page, evidence_box, words, slices, policy, reader, "
    "model, device, pixels, seconds, error"
)

texts = st.text(st.characters(codec="utf-8")) | st.text("=+-@\t\r\n'\",;0123456789. %\u202e\u0000ab", max_size=12)
numbers = st.floats(-1e4, 1e4).map(lambda value: round(value, 2))
boxes = st.builds(PageRect, numbers, numbers, numbers, numbers)
pages = st.integers(0, 999)
rows = st.builds(
    Row,
    document=texts,
    sha256=texts,
    id=texts,
    question=texts,
    answer=texts,
    confidence=st.none() | st.floats(0, 1).map(lambda value: round(value, 4)),
    status=st.sampled_from(AnswerStatus),
    page=st.none() | pages,
    evidence_box=st.none() | boxes,
    words=st.lists(st.builds(RowWord, texts, boxes, texts), max_size=2).map(tuple),
    slices=st.lists(st.builds(RowSlice, pages, st.none() | pages, st.none() | pages, boxes, numbers), max_size=2).map(
        tuple
    ),
    policy=texts,
    reader=texts,
    model=texts,
    device=texts,
    pixels=st.none() | st.builds(Size, pages, pages),
    seconds=st.none() | numbers,
    error=texts,
)


def sample_row(**changes: object) -> Row:
    document = make_document("/docs/a.pdf", "ab" * 32)
    row = row_from_answer(make_task(), document.id.sha256, make_answer(document.pages[1], "1,204.50"))
    return from_cells([str(changes.get(name, cell)) for name, cell in zip(COLUMNS, to_cells(row), strict=True)])


def test_the_header_is_the_documented_one() -> None:
    assert ", ".join(COLUMNS) == HEADER


def test_a_row_carries_the_answer_in_the_documented_units() -> None:
    values = row_as_json(sample_row())
    assert values["page"] == 1
    assert values["evidence_box"] == [10.0, 20.0, 60.13, 32.5]
    assert values["words"] == [
        {"text": "1,204.50", "box": [10.0, 20.0, 60.13, 32.5], "source": "text"},
        {"text": "Total", "box": [1, 20, 9, 32], "source": "ocr"},
    ]
    assert values["slices"] == [
        {"page": 1, "row": 0, "col": 1, "box": [297.5, 0, 595, 421], "contribution": 1.25},
        {"page": 1, "row": 0, "col": 0, "box": [0, 0, 297.5, 421], "contribution": 0.1235},
    ]
    assert (values["pixels"], values["seconds"], values["confidence"]) == ("1240x1754", 0.123, 0.9712)
    assert values["model"] == "printed-words@7 (fp32)"


@settings(deadline=None)
@given(rows)
def test_rows_and_cells_are_inverse(row: Row) -> None:
    assert from_cells(to_cells(row)) == row


@settings(max_examples=60, deadline=None)  # each example waits for the disk
@given(st.lists(rows, max_size=3), st.sampled_from([",", ";"]), st.booleans())
def test_a_file_gives_its_rows_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[Row], mark: str, bom: bool
) -> None:
    path = tmp_path_factory.mktemp("csv") / "out.csv"
    write_csv(path, written, CsvFormat(mark, bom))
    back = read_csv(path)
    assert [[clean_text(cell) for cell in to_cells(row)] for row in written] == [to_cells(row) for row in back]


@settings(deadline=None)
@given(texts)
def test_no_cell_starts_a_formula_unless_it_is_a_number(text: str) -> None:
    cell = safe_cell(text)
    if cell.lstrip(" \u00a0")[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
        float(cell.rstrip("% \u00a0").replace(",", "").replace(".", "").replace("'", "").replace(" ", ""))
    assert original_cell(cell) == clean_text(text)
    assert not any(ord(sign) < 32 and sign not in "\t\n" for sign in cell)


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        " \nx",
        " =1",
        "＝1",
        "-12.50 EUR",
        "-",
        "--1",
        "+49 30 1",
        "'=1",
        "-1e5+2",
    ],
)
def test_formulas_become_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    ["-12.50", "+3", "-1,204.50", "-1.204,50", "1.204,50-", "-5 %", "-1e-5", "-1 204 567,5", "12", "it's", "'quoted'"],
)
def test_plain_numbers_and_ordinary_text_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


def test_hidden_characters_are_left_out() -> None:
    assert safe_cell("a\u202eb\x00c\x1b[31m\u2066d\r\ne\tf\u200f") == "abc[31md\ne\tf"
    assert safe_cell("\x00=1") == "'=1"


def test_a_name_that_is_not_unicode_can_be_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [sample_row(document="/docs/\udce9.pdf")])
    assert read_csv(tmp_path / "out.csv")[0].document == "/docs/\ufffd.pdf"


def test_the_file_follows_rfc_4180_with_a_bom_for_excel(tmp_path: Path) -> None:
    row = sample_row(answer='say "hi",\nthen', question="=1+1")
    write_csv(tmp_path / "out.csv", [row])
    data = (tmp_path / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfdocument,sha256,id,")
    assert data.endswith(b"\r\n")
    assert b'"say ""hi"",\nthen"' in data
    record = next(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert record["question"] == "'=1+1"


def test_plain_and_semicolon_layouts(tmp_path: Path) -> None:
    write_csv(tmp_path / "out.csv", [sample_row()], CsvFormat(";", bom=False))
    assert (tmp_path / "out.csv").read_bytes().startswith(b"document;sha256;")
    assert read_csv(tmp_path / "out.csv") == [sample_row()]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.csv"
    write_csv(path, [sample_row()])
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_csv(path, [])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_named_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="No such file"):
        check_writable(tmp_path / "missing" / "out.csv")
    check_writable(tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    # Rights would not stop a test that runs as root.
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OutputError, match=os.strerror(number)) as caught:
        check_writable(tmp_path / "out.csv")
    assert "another folder" in caught.value.hint


@pytest.mark.parametrize("text", ["", "a,b\r\n", ",".join(COLUMNS) + "\r\nx,y\r\n"])
def test_other_tables_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "in.csv").write_text(text, "utf-8")
    with pytest.raises(InputError, match="not a table of answers"):
        read_csv(tmp_path / "in.csv")


def test_where_a_model_looked_is_no_contribution() -> None:
    document = make_document("/docs/a.pdf", "aa")
    answer = make_answer(document.pages[0], "12")
    assert answer.evidence is not None
    looked = replace(answer, evidence=replace(answer.evidence, method=EvidenceMethod.ATTENTION))
    assert row_from_answer(make_task(), "aa", answer).slices
    assert row_from_answer(make_task(), "aa", looked).slices == ()
