"""`tessera synth`: sets of documents are the same wherever they are made, and their boxes hold the ink."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import random
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from click.testing import CliRunner
from PIL import Image

from engine.cli.synth import command
from engine.documents.types import Word
from engine.errors import InputError
from engine.geometry import PageRect
from engine.training.synth.canvas import Canvas
from engine.training.synth.draw import draw_images, draw_pdf
from engine.training.synth.fonts import FontSet, Typeface, read_fonts
from engine.training.synth.pixels import FORMATS, MadeFile, SetOptions, make_files
from engine.training.synth.pixels_looks import LOOKS, plain
from engine.training.synth.types import SyntheticDocument, TextStyle
from engine.training.synth.typeset import set_document

DPI = 60.0
DIGESTS = """
import hashlib
from engine.training.synth.fonts import read_fonts
from engine.training.synth.pixels import SetOptions, make_files
options = SetOptions(3, ("slip", "receipt"), ("photo", "fax", "clean"), "{format}", 60.0)
for file in make_files(options, 1, read_fonts()):
    print(file.name, hashlib.sha256(file.data + repr((file.pages, file.questions)).encode()).hexdigest())
"""


@pytest.fixture(scope="module")
def fonts() -> FontSet:
    return read_fonts()


def digests(files: tuple[MadeFile, ...]) -> list[str]:
    return [
        f"{file.name} {hashlib.sha256(file.data + repr((file.pages, file.questions)).encode()).hexdigest()}"
        for file in files
    ]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=True)
    return result.exit_code, str(result.exception or "")


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_document_is_the_same_in_another_process(fonts: FontSet, file_format: str) -> None:
    options = SetOptions(3, ("slip", "receipt"), ("photo", "fax", "clean"), file_format, DPI)
    elsewhere = subprocess.run(
        [sys.executable, "-c", DIGESTS.format(format=file_format)], capture_output=True, text=True, check=True
    ).stdout
    assert elsewhere.split("\n")[:-1] == digests(make_files(options, 1, fonts))


def test_one_document_alone_equals_the_one_of_a_longer_run(tmp_path: Path) -> None:
    common = ("--seed", "9", "--families", "slip,ticket,receipt", "--dpi", "60")
    assert run("--out", str(tmp_path / "all"), "--count", "3", *common)[0] == 0
    assert run("--out", str(tmp_path / "one"), "--count", "1", "--first", "2", *common)[0] == 0
    alone = {path.name: path.read_bytes() for path in (tmp_path / "one").glob("*-9-2*")}
    assert alone
    assert alone == {path.name: path.read_bytes() for path in (tmp_path / "all").glob("*-9-2*")}
    for name in ("qa.jsonl", "words.jsonl"):
        rows = (tmp_path / "all" / name).read_text("utf-8")
        assert rows.endswith((tmp_path / "one" / name).read_text("utf-8"))
    facts = json.loads((tmp_path / "one" / "set.json").read_text("utf-8"))
    assert (facts["seed"], facts["first"], facts["count"]) == (9, 2, 1)
    assert set(facts["fonts"]) == set(read_fonts().fonts)


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_set_lists_what_it_wrote(tmp_path: Path, file_format: str) -> None:
    out = tmp_path / "made"
    assert run("--out", str(out), "--count", "2", "--format", file_format, "--noise", "scan", "--dpi", "50")[0] == 0
    pages = [json.loads(line) for line in (out / "words.jsonl").read_text("utf-8").splitlines()]
    asked = [json.loads(line) for line in (out / "qa.jsonl").read_text("utf-8").splitlines()]
    assert {row["file"] for row in pages} == {path.name for path in out.glob(f"*.{file_format}")}
    assert {row["file"] for row in asked} <= {row["file"] for row in pages}
    assert {row["look"] for row in pages} == {"scan"}
    assert {"id", "file", "page", "question", "answers", "answer_box", "kind", "page_size", "present"} == set(asked[0])
    for row in asked:
        assert row["present"] == bool(row["answers"]) == (row["answer_box"] is not None)
    sizes = {(row["file"], row["page"]): row["page_size"] for row in pages}
    assert all(sizes[row["file"], row["page"]] == row["page_size"] for row in asked)


@pytest.mark.parametrize("look", ["clean", *LOOKS])
def test_boxes_hold_the_ink_of_their_words(fonts: FontSet, look: str) -> None:
    """Little ink lies outside all boxes, and no box is empty."""
    (file,) = make_files(SetOptions(17, ("letter",), (look,), "png", 100.0), 0, fonts)
    with Image.open(io.BytesIO(file.data)) as image:
        grey = np.asarray(image.convert("L")).astype(float)
        assert [image.width, image.height] == file.pages[0]["page_size"]
    paper = np.median(grey)
    ink = np.clip((paper - grey - 60) / 100, 0, 1)
    inside = np.zeros_like(ink, dtype=bool)
    for _, x0, y0, x1, y1 in file.pages[0]["words"]:
        part = slice(int(y0) - 1, int(y1) + 2), slice(int(x0) - 1, int(x1) + 2)
        assert ink[part].sum() > 1
        inside[part] = True
    if look != "photo":
        # The table that a photographed page lies on is dark too.
        assert ink[inside].sum() > 0.9 * ink.sum()


def test_answers_stand_at_their_boxes_in_every_look(fonts: FontSet) -> None:
    for k, look in enumerate(("photo", "scan", "clean")):
        for file in make_files(SetOptions(31, ("invoice",), (look,), "png", DPI), k, fonts):
            for row in file.questions:
                if row["present"] and row["kind"] not in ("count", "yes-no"):
                    box = PageRect(*row["answer_box"])
                    inside = [w[0] for w in file.pages[0]["words"] if box.contains(PageRect(*w[1:]).center)]
                    assert row["answers"][0].replace(" ", "") in "".join(inside), row


def test_a_flawed_page_is_set_in_the_type_of_the_clean_one(fonts: FontSet) -> None:
    clean, flawed = (
        make_files(SetOptions(4, ("form",), (look,), "png", DPI), 1, fonts)[0] for look in ("clean", "blur")
    )
    assert clean.pages[0]["words"] == flawed.pages[0]["words"]
    assert clean.pages[0]["typefaces"] == flawed.pages[0]["typefaces"]
    assert clean.data != flawed.data


def test_a_clean_pdf_says_its_words_in_any_typeface(fonts: FontSet) -> None:
    seen = set()
    for k in range(4):
        (file,) = make_files(SetOptions(2, ("receipt",), ("clean",), "pdf"), k, fonts)
        seen.update(file.pages[0]["typefaces"])
        with pymupdf.open(stream=file.data) as pdf:
            found = [(w[4], PageRect(*w[:4])) for w in pdf[0].get_text("words")]
        for text, x0, _, x1, _ in file.pages[0]["words"]:
            assert any(text == t and abs(x0 - box.x0) < 0.5 and abs(x1 - box.x1) < 0.5 for t, box in found), text
    assert len(seen) > 1


def test_a_flawed_pdf_is_an_image_alone(fonts: FontSet) -> None:
    (file,) = make_files(SetOptions(2, ("slip",), ("fax",), "pdf", DPI), 0, fonts)
    with pymupdf.open(stream=file.data) as pdf:
        assert pdf[0].get_text().strip() == ""
        assert len(pdf[0].get_images()) == 1
        assert [pdf[0].rect.width, pdf[0].rect.height] == pytest.approx(file.pages[0]["page_size"], abs=0.01)


def labelled(text: str) -> SyntheticDocument:
    canvas = Canvas(300, 200, random.Random(1), TextStyle("tiro", 12))
    canvas.write(30, 60, text)
    pages, art = canvas.finish("labels.pdf")
    return SyntheticDocument("labels", pages, (), art)


def test_chinese_labels_stand_beside_other_words(fonts: FontSet) -> None:
    drawn = set_document(labelled("发票号码 No. 123 金额 4.50"), fonts, random.Random(2))
    words: tuple[Word, ...] = drawn.document.pages[0].words
    assert all(left.box.x1 <= right.box.x0 + 0.5 for left, right in itertools.pairwise(words))
    with pymupdf.open(stream=draw_pdf(drawn.document, drawn.font_of)) as pdf:
        assert "".join(pdf[0].get_text().split()) == "发票号码No.123金额4.50"


def test_a_character_without_a_font_is_named(fonts: FontSet) -> None:
    with pytest.raises(InputError, match="can draw 'smile☻☻\U0001f600'"):
        set_document(labelled("a smile☻☻\U0001f600"), fonts, random.Random(2))


def test_a_typeface_of_ones_own_draws_the_pages(fonts: FontSet) -> None:
    serif = FontSet(
        fonts.fonts.values(), [Typeface("serif", kind, "Noto Serif", "Noto Serif") for kind in ("helv", "tiro")], None
    )
    drawn = set_document(labelled("Total 12.50"), serif, random.Random(1))
    assert drawn.typefaces == ("serif",)
    assert {drawn.font_of(TextStyle("tiro"), "a").name} == {"Noto Serif Regular"}


@pytest.mark.parametrize("look", LOOKS)
def test_points_go_where_the_look_says(look: str) -> None:
    """A black square on a white page is found where the matrix says it went."""
    image = Image.new("RGB", (400, 500), "white")
    image.paste((0, 0, 0), (250, 300, 280, 330))
    page = LOOKS[look](plain(image, 144.0), random.Random(7))
    box = page.box(PageRect(125, 150, 140, 165))
    dark = np.asarray(page.image.convert("L")) < 90
    x0, y0, x1, y1 = round(box.x0), round(box.y0), round(box.x1), round(box.y1)
    assert dark[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].mean() > 0.9
    assert page.image.size == (400, 500)


def test_pages_are_rendered_at_the_resolution_asked_for() -> None:
    (image,) = draw_images(draw_pdf(labelled("one")), 144)
    assert image.size == (600, 400)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--families", "novel"), "no family of documents named 'novel'"),
        (("--families", ","), "No family is named"),
        (("--clean", "--noise", "fax"), "exclude each other"),
        (("--dpi", "5"), "out of range"),
        (("--fonts", "nowhere.toml"), r"nowhere\.toml cannot be read"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    code, said = run("--out", str(tmp_path / "set"), *arguments)
    assert code != 0
    assert re.search(message, said)
    assert not (tmp_path / "set").exists()


def test_a_folder_with_files_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    code, said = run("--out", str(tmp_path), "--count", "1")
    assert code != 0
    assert "is not empty" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    code, said = run("--count", "1", "--out", str(blocked / "below"))
    assert code != 0
    assert "cannot be written" in said
