"""Synthetic documents drawn: PDFs whose text layer is the words, and pages that look scanned."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.documents.mupdf import pymupdf
from engine.errors import UsageError
from engine.training.synth.types import Colour, PageArt, SyntheticDocument, TextStyle

if TYPE_CHECKING:
    from PIL import Image

    from engine.documents.types import PageWords

FontOf = Callable[[TextStyle, str], Any]
"""The `pymupdf.Font` that a word is set in, by its style and text."""

_FONT_NAMES = {
    ("helv", False): "helv",
    ("helv", True): "hebo",
    ("tiro", False): "tiro",
    ("tiro", True): "tibo",
    ("cour", False): "cour",
    ("cour", True): "cobo",
}


def base_font(style: TextStyle, text: str = "") -> Any:  # noqa: ARG001 - the signature of FontOf
    """The base-14 font of a style, which the words' boxes are computed for."""
    return _load_font(_FONT_NAMES[style.font, style.bold])


def draw_pdf(document: SyntheticDocument, font_of: FontOf = base_font) -> bytes:
    """A PDF with every word at its place. Only undisturbed documents can be drawn; others raise UsageError."""
    if document.noise > 0:
        raise UsageError("A disturbed document cannot be drawn.", "Make the document with noise=0.")
    pdf = pymupdf.open()
    for page, art in zip(document.pages, document.art, strict=True):
        _draw_page(pdf.new_page(width=page.page.width, height=page.page.height), page, art, font_of)
    pdf.subset_fonts()
    return bytes(pdf.tobytes(garbage=3, deflate=True, no_new_id=True))


def draw_images(pdf: bytes, dpi: float) -> list[Image.Image]:
    """The pages of a PDF as RGB images."""
    from PIL import Image

    with pymupdf.open(stream=pdf, filetype="pdf") as opened:
        pixmaps = [page.get_pixmap(dpi=round(dpi)) for page in opened]
    return [Image.frombytes("RGB", (pixmap.width, pixmap.height), pixmap.samples) for pixmap in pixmaps]


def scan_like(image: Image.Image, rng: random.Random, skew_degrees: float = 1.0) -> Image.Image:
    """`image` of the same size as a scanner would give it: grey, a little askew, blurred, with JPEG blocks."""
    from PIL import Image, ImageEnhance, ImageFilter

    grey = image.convert("L").rotate(rng.uniform(-skew_degrees, skew_degrees), Image.Resampling.BICUBIC, fillcolor=255)
    grey = grey.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.9)))
    grey = ImageEnhance.Contrast(grey).enhance(rng.uniform(0.75, 1.1))
    buffer = io.BytesIO()
    grey.save(buffer, "JPEG", quality=rng.randint(45, 80))
    buffer.seek(0)
    return Image.open(buffer).convert("L")


def _draw_page(target: Any, page: PageWords, art: PageArt, font_of: FontOf) -> None:
    for shape in art.shapes:
        rect = pymupdf.Rect(*shape.rect.as_list())
        if shape.rect.area == 0:
            target.draw_line(rect.tl, rect.br, color=shape.stroke, width=shape.width)
        else:
            target.draw_rect(rect, color=shape.stroke, fill=shape.fill, width=shape.width)
    writer, colour = None, None
    for word, style, baseline in zip(page.words, art.styles, art.baselines, strict=True):
        if writer is None or style.colour != colour:
            _flush(target, writer, colour)
            writer, colour = pymupdf.TextWriter(target.rect), style.colour
        writer.append((word.box.x0, baseline), word.text, font=font_of(style, word.text), fontsize=style.size)
    _flush(target, writer, colour)


def _flush(target: Any, writer: Any, colour: Colour | None) -> None:
    if writer is not None:
        writer.write_text(target, color=colour)


@cache
def _load_font(name: str) -> Any:
    return pymupdf.Font(name)
