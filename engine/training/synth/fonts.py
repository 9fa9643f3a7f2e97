"""The fonts that pages are drawn in: pinned by name and sha256, from installed wheels or from files of the user's.

A table of fonts is TOML (`fonts.toml` beside this module is the default):

    fallback = "NAME"                   # draws characters of East Asian scripts that a typeface lacks
    [fonts."NAME"]
    source = "mupdf:Times:bold"         # in the wheel of pymupdf; also "mupdf-cjk", "pillow", "file:PATH"
    sha256 = "..."
    [typefaces.NAME]
    like = "tiro"                       # which of helv, tiro, cour it may stand for
    regular = "NAME"
    bold = "NAME"
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.documents.mupdf import mupdf, pymupdf
from engine.errors import FileDamagedError, FileMissingError, InputError

DEFAULT_TABLE = Path(__file__).with_name("fonts.toml")
KINDS = ("helv", "tiro", "cour")
# CJK radicals are the first block of the scripts that the fallback is for.
_FIRST_EAST_ASIAN = 0x2E80


@dataclass(frozen=True, slots=True)
class Typeface:
    """A regular and a bold font, by name, that may stand for one of the kinds of type `helv`, `tiro` and `cour`."""

    name: str
    like: str
    regular: str
    bold: str

    def font(self, *, bold: bool) -> str:
        return self.bold if bold else self.regular


@dataclass(frozen=True, slots=True)
class PinnedFont:
    """A font and the SHA-256 (hex) of its file."""

    name: str
    source: str
    sha256: str
    folder: Path

    def read(self) -> bytes:
        """The font file, checked. Raises FileMissingError, or FileDamagedError where it is another one."""
        try:
            data = _read(self.source, self.folder)
        except OSError as error:
            raise FileMissingError(
                f"The font {self.name} cannot be read from {self.source}: {error.strerror}.",
                "Install the package it comes with, or correct the table of fonts.",
            ) from error
        if data is None:
            raise FileMissingError(
                f"The font {self.name} is not in {self.source}.",
                "Install the versions of pymupdf and Pillow that Tessera asks for, or name other fonts with --fonts.",
            )
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise FileDamagedError(
                f"The font {self.name} from {self.source} is not the one that is pinned: its SHA-256 is {found}.",
                "Documents would look different from those made elsewhere; install the pinned font, or pin this one.",
            )
        return data


class FontSet:
    """A table of fonts, read; fonts are loaded and checked when they are first used."""

    def __init__(self, fonts: Iterable[PinnedFont], typefaces: Iterable[Typeface], fallback: str | None) -> None:
        self.fonts = {font.name: font for font in fonts}
        self.typefaces = tuple(typefaces)
        self.fallback = fallback
        self._loaded: dict[str, Any] = {}

    def load(self, name: str) -> Any:
        """The font as a `pymupdf.Font`. Raises as `PinnedFont.read`."""
        if name not in self._loaded:
            self._loaded[name] = pymupdf.Font(fontbuffer=self.fonts[name].read())
        return self._loaded[name]

    def check(self) -> None:
        """Loads every font. Raises as `PinnedFont.read`."""
        for name in self.fonts:
            self.load(name)

    def font_for(self, text: str, typeface: Typeface, *, bold: bool) -> Any | None:
        """The font that draws `text`: the typeface's, the fallback for East Asian scripts, None where neither can."""
        own = self.load(typeface.font(bold=bold))
        if _covers(own, text):
            return own
        if self.fallback is None or not any(ord(char) >= _FIRST_EAST_ASIAN for char in text):
            return None
        fallback = self.load(self.fallback)
        return fallback if _covers(fallback, text) else None


def read_fonts(path: Path = DEFAULT_TABLE) -> FontSet:
    """The table of fonts at `path`. Raises FileMissingError and InputError; fonts are only checked when loaded."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileMissingError(f"The table of fonts {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is no table of fonts: {error}.", "It is TOML, as engine/training/synth/fonts.toml."
        ) from error
    try:
        fonts = [
            PinnedFont(name, str(row["source"]), str(row["sha256"]), path.parent)
            for name, row in table["fonts"].items()
        ]
        typefaces = [
            Typeface(name, str(row["like"]), str(row["regular"]), str(row.get("bold", row["regular"])))
            for name, row in table["typefaces"].items()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no table of fonts: {error} is missing.", _SHAPE) from error
    _check_names(path, fonts, typefaces, table.get("fallback"))
    return FontSet(fonts, typefaces, table.get("fallback"))


_SHAPE = (
    "Every font has a source and a sha256; every typeface says which of helv, tiro and cour it is like, and its fonts."
)


def _check_names(path: Path, fonts: list[PinnedFont], typefaces: list[Typeface], fallback: str | None) -> None:
    known = {font.name for font in fonts}
    used = {name for face in typefaces for name in (face.regular, face.bold)} | ({fallback} if fallback else set())
    if used - known:
        raise InputError(f"{path} uses fonts it does not pin: {', '.join(sorted(used - known))}.", _SHAPE)
    kinds = {face.like for face in typefaces}
    if kinds != set(KINDS):
        raise InputError(
            f"{path} has to have a typeface like each of {', '.join(KINDS)}; it has {', '.join(sorted(kinds))}.", _SHAPE
        )


def _read(source: str, folder: Path) -> bytes | None:
    """The font at `source`, None where there is no such one. Raises OSError for a file that cannot be read."""
    kind, _, rest = source.partition(":")
    match kind:
        case "mupdf":
            name, *styles = rest.split(":")
            return _builtin(name, "bold" in styles, "italic" in styles)
        case "mupdf-cjk":
            return bytes(pymupdf.Font("cjk").buffer)
        case "pillow":
            return _of_pillow()
        case "file":
            return (folder / rest).expanduser().read_bytes()
        case _:
            return None


@functools.cache
def _builtin(name: str, bold: bool, italic: bool) -> bytes | None:
    """A font that MuPDF carries inside itself."""
    data, size = mupdf.fz_lookup_builtin_font(name, bold, italic)
    if not size:
        return None
    font = mupdf.fz_new_font_from_memory(None, data, size, 0, 0)
    return bytes(mupdf.fz_buffer_extract_copy(mupdf.FzBuffer(mupdf.ll_fz_keep_buffer(font.m_internal.buffer))))


def _of_pillow() -> bytes | None:
    from PIL import ImageFont

    font = ImageFont.load_default(size=10)
    return font.font_bytes if isinstance(font, ImageFont.FreeTypeFont) else None


def _covers(font: Any, text: str) -> bool:
    return all(font.has_glyph(ord(char)) for char in text)
