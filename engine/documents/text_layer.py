"""The text layer of a PDF page: words, lines and blocks in MuPDF's order, and which way the lines run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import category

from engine.documents.mupdf import mupdf, pymupdf
from engine.documents.types import PageRef, PageText, Word, WordSource
from engine.geometry import PageRect, turn_rect

# Ligatures are written out; characters of unknown meaning stay U+FFFD, so that a broken layer can be told.
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP

# A line belongs to a quarter turn when it deviates from it by less than 30 degrees.
_ALONG = 0.866

WordTuple = tuple[float, float, float, float, str, int, int, int]


def read_text_layer(page: PageRef, layer: Any, images: Sequence[PageRect], image_share: float) -> PageText:
    """The text layer of `page`, in the frame of `page` as righted.

    `layer` is pymupdf's TextPage of the displayed page, made with `TEXT_FLAGS`; `images` are boxes of large images
    in points of the displayed page before righting. Raises MuPDF's bare errors.
    """
    shown = page.turned(-page.orientation)
    size = (shown.width, shown.height)
    frame = PageRect(0.0, 0.0, *size)
    words = []
    lines: dict[tuple[int, int], int] = {}
    for x0, y0, x1, y1, text, block, line, _ in layer.extractWORDS():
        box = PageRect(x0, y0, x1, y1)
        clean = clean_word(text)
        if not clean or not frame.contains(box.center):
            continue
        number = lines.setdefault((block, line), len(lines))
        box = turn_rect(box, size, page.orientation)
        words.append(Word(clean, box, WordSource.TEXT, line=number, block=block))
    return PageText(
        page=page,
        words=tuple(words),
        image_share=image_share,
        image_boxes=tuple(turn_rect(box, size, page.orientation) for box in images),
        tilt=(_tilt(layer) - page.orientation) % 360,
    )


def clean_word(text: str) -> str:
    """A word without control and format characters and lone surrogates, which nobody can show or store.

    The narrow spaces inside numbers ("1 204,50") become plain ones.
    """
    plain = (" " if category(each) == "Zs" else each for each in text)
    return "".join(each for each in plain if each.isprintable()).strip()


def _tilt(layer: Any) -> int:
    """The clockwise turn that would right most of the text, weighted by the length of the lines."""
    weights = {0: 0.0, 90: 0.0, 180: 0.0, 270: 0.0}
    for block in layer.this:
        if block.m_internal.type != mupdf.FZ_STEXT_BLOCK_TEXT:
            continue
        for line in block:
            raw = line.m_internal
            turn = 0 if raw.wmode else _turn_of(raw.dir.x, raw.dir.y)
            if turn is not None:
                weights[turn] += max(raw.bbox.x1 - raw.bbox.x0, raw.bbox.y1 - raw.bbox.y0)
    best = max(weights, key=lambda each: weights[each])
    return best if weights[best] > 0 else 0


def _turn_of(dx: float, dy: float) -> int | None:
    """The clockwise turn that rights a line written in direction (dx, dy), y downwards; None when it is oblique."""
    if abs(dx) >= _ALONG:
        return 0 if dx > 0 else 180
    if abs(dy) >= _ALONG:
        return 270 if dy > 0 else 90
    return None
