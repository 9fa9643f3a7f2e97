"""Pinned fonts: the default ones are those that are installed; missing and different ones are told."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from engine.errors import FileDamagedError, FileMissingError, InputError
from engine.training.synth.fonts import DEFAULT_TABLE, KINDS, FontSet, read_fonts

LETTERS = {
    "en": "Total £1,204.50",
    "de": "Größe Maß Übertrag €",
    "fr": "Reçu payé à l’échéance œuvre",
    "es": "Número ¿cuánto? año",
    "it": "Città perché già",
    "nl": "één geïnd coördinatie",
}
TABLE = """
fallback = "Plain"
[fonts.Plain]
source = "file:plain.ttf"
sha256 = "{sha256}"
[typefaces.a]
like = "helv"
regular = "Plain"
[typefaces.b]
like = "tiro"
regular = "Plain"
[typefaces.c]
like = "cour"
regular = "Plain"
bold = "Plain"
"""


@pytest.fixture(scope="module")
def fonts() -> FontSet:
    return read_fonts()


@pytest.fixture
def own_table(tmp_path: Path, fonts: FontSet) -> Path:
    data = fonts.fonts["Nimbus Sans"].read()
    (tmp_path / "plain.ttf").write_bytes(data)
    table = tmp_path / "fonts.toml"
    table.write_text(TABLE.format(sha256=hashlib.sha256(data).hexdigest()), encoding="utf-8")
    return table


def test_every_default_font_is_installed_as_pinned(fonts: FontSet) -> None:
    fonts.check()
    assert len(fonts.fonts) >= 15
    assert {face.like for face in fonts.typefaces} == set(KINDS)


@pytest.mark.parametrize("language", LETTERS)
def test_each_kind_of_type_has_typefaces_for_each_language(fonts: FontSet, language: str) -> None:
    for kind in KINDS:
        able = [
            face
            for face in fonts.typefaces
            if face.like == kind
            and all(fonts.font_for(LETTERS[language], face, bold=bold) is not None for bold in (False, True))
        ]
        assert len(able) >= 2


def test_chinese_labels_are_drawn_by_the_fallback(fonts: FontSet) -> None:
    for face in fonts.typefaces:
        font = fonts.font_for("发票号码", face, bold=True)
        assert font is not None
        assert font.name.startswith("Droid Sans Fallback")


def test_a_character_that_no_font_has_is_not_drawn_by_another(fonts: FontSet) -> None:
    assert all(fonts.font_for("\U0001f600", face, bold=False) is None for face in fonts.typefaces)


def test_fonts_of_ones_own_are_read_from_beside_their_table(own_table: Path) -> None:
    fonts = read_fonts(own_table)
    fonts.check()
    assert fonts.load("Plain").name == "Nimbus Sans Regular"


def test_a_different_font_is_refused_with_its_hash(own_table: Path) -> None:
    (own_table.parent / "plain.ttf").write_bytes(b"another font")
    with pytest.raises(FileDamagedError, match=hashlib.sha256(b"another font").hexdigest()):
        read_fonts(own_table).check()


def test_a_missing_font_is_named(own_table: Path) -> None:
    (own_table.parent / "plain.ttf").unlink()
    with pytest.raises(FileMissingError, match=r"The font Plain cannot be read from file:plain\.ttf"):
        read_fonts(own_table).check()


@pytest.mark.parametrize("source", ["mupdf:No Such Font", "nowhere:x"])
def test_a_font_that_its_package_does_not_hold_is_named(own_table: Path, source: str) -> None:
    own_table.write_text(own_table.read_text("utf-8").replace("file:plain.ttf", source), encoding="utf-8")
    with pytest.raises(FileMissingError, match=f"The font Plain is not in {source}"):
        read_fonts(own_table).check()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('regular = "Plain"', 'regular = "Other"', "does not pin: Other"),
        ('like = "helv"', 'like = "tiro"', "each of helv, tiro, cour"),
        ("sha256", "hash", "'sha256' is missing"),
        ("fallback =", "fallback", "is no table of fonts"),
    ],
)
def test_a_table_that_is_none_says_why(own_table: Path, old: str, new: str, message: str) -> None:
    own_table.write_text(own_table.read_text("utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_fonts(own_table)


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"none\.toml"):
        read_fonts(tmp_path / "none.toml")


def test_the_default_table_is_shipped_with_the_package() -> None:
    assert DEFAULT_TABLE.is_file()
