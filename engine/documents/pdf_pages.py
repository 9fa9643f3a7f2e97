"""What a PDF says about its pages: size as displayed, label, images, and from these the native resolution.

Measuring is cheap on long files: the page object gives the size, and only pages that name an image are interpreted.
"""

from __future__ import annotations

import itertools
import logging
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.documents.document import name_pages, unreadable_notice
from engine.documents.mupdf import mupdf, pymupdf, text_page
from engine.documents.native import (
    MIXED_CAP_DPI,
    POINTS_PER_INCH,
    Placement,
    Resolution,
    image_resolution,
    vector_resolution,
)
from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef
from engine.geometry import PageRect

# Paths that a scanner's software draws around its image: a white ground, a clip, a frame.
_IDLE_PATHS = 2
_INLINE_IMAGE = re.compile(rb"\bBI\s[^>]{0,400}?/(?:W|Width)\s")
# A page whose object cannot be read is shown in the size of the page before it, or in this one (US Letter).
_FALLBACK_SIZE = (612.0, 792.0)
_FORM_DEPTH = 4
_MIXING_MODES = frozenset({"Hue", "Saturation", "Color", "Luminosity"})
_ROMAN = (
    (1000, "M"),
    (900, "CM"),
    (500, "D"),
    (400, "CD"),
    (100, "C"),
    (90, "XC"),
    (50, "L"),
    (40, "XL"),
    (10, "X"),
    (9, "IX"),
    (5, "V"),
    (4, "IV"),
    (1, "I"),
)

log = logging.getLogger(__name__)


def describe(handle: Any, identity: DocumentId, vector_dpi: float) -> DocumentInfo:
    """Measure every page. Raises MuPDF's bare errors where the document as a whole cannot be read."""
    labels = _labels(handle)
    pages: list[PageRef] = []
    capped: list[int] = []
    broken: list[int] = []
    for index in range(handle.page_count):
        try:
            width, height, resolution = _measure(handle, index, vector_dpi)
        except (RuntimeError, ValueError, mupdf.FzErrorBase) as error:
            log.warning("page %d of a document cannot be measured: %s", index + 1, error)
            broken.append(index)
            width, height = (pages[-1].width, pages[-1].height) if pages else _FALLBACK_SIZE
            resolution = vector_resolution(width, height, vector_dpi)
        if resolution.capped_from_dpi is not None:
            capped.append(index)
        label = labels[index] or str(index + 1)
        dpi = resolution.native.width / width * POINTS_PER_INCH
        pages.append(PageRef(identity, index, label, width, height, resolution.native, native_dpi=dpi))
    notices = _notices(handle, pages, capped, broken)
    return DocumentInfo(identity, Path(identity.path).name, DocumentKind.PDF, tuple(pages), notices=notices)


def may_have_images(page_object: Any) -> bool:
    """Whether the page's resources name an image, or its content may hold one inline; reads no image."""
    resources = mupdf.pdf_dict_gets_inheritable(page_object, "Resources")
    if _names_image(resources, _FORM_DEPTH):
        return True
    if mupdf.pdf_dict_len(mupdf.pdf_dict_gets(resources, "Font")):
        return False
    # Neither text nor images by name: a fax page written as inline images, a drawing, or nothing at all.
    return any(_INLINE_IMAGE.search(part) for part in _content_parts(page_object))


def placements_of(layer: Any) -> tuple[Placement, ...]:
    """Where the images of a text page (made with TEXT_PRESERVE_IMAGES) stand, in its frame."""
    return tuple(_placement(each) for each in layer.extractIMGINFO())


def shows_only_images(page: Any) -> bool:
    """Whether nothing but images is visible on the page: no text except invisible text, no drawing."""
    kinds = [entry[0] for entry in page.get_bboxlog()]
    paths = sum(kind in ("fill-path", "stroke-path") for kind in kinds)
    return paths <= _IDLE_PATHS and not any(kind in ("fill-text", "stroke-text", "fill-shade") for kind in kinds)


def mixes_colours(page: Any) -> bool:
    """Whether the page may use a blend mode that mixes the colours of a pixel (PDF 32000-1, 11.3.5.3)."""
    pdf_page = mupdf.pdf_page_from_fz_page(page.this)
    if not pdf_page.m_internal.transparency:
        return False
    return _names_mixing(mupdf.pdf_dict_gets_inheritable(pdf_page.obj(), "Resources"), _FORM_DEPTH)


def _names_mixing(resources: Any, depth: int) -> bool:
    states = _values(mupdf.pdf_dict_gets(resources, "ExtGState"))
    if any(mode in _MIXING_MODES for state in states for mode in _blend_modes(state)):
        return True
    if not depth:
        return False
    inner = _values(mupdf.pdf_dict_gets(resources, "XObject")) + _values(mupdf.pdf_dict_gets(resources, "Pattern"))
    return any(_names_mixing(mupdf.pdf_dict_gets(each, "Resources"), depth - 1) for each in inner)


def _blend_modes(state: Any) -> list[str]:
    """The mode of a graphics state, or its list of modes in order of preference."""
    mode = mupdf.pdf_dict_gets(state, "BM")
    if mupdf.pdf_is_array(mode):
        return [mupdf.pdf_to_name(mupdf.pdf_array_get(mode, n)) for n in range(mupdf.pdf_array_len(mode))]
    return [mupdf.pdf_to_name(mode)]


def _values(dictionary: Any) -> list[Any]:
    return [mupdf.pdf_dict_get_val(dictionary, n) for n in range(mupdf.pdf_dict_len(dictionary))]


def _measure(handle: Any, index: int, vector_dpi: float) -> tuple[float, float, Resolution]:
    """Width and height in points as displayed, and the native resolution."""
    page_object = mupdf.pdf_lookup_page_obj(mupdf.pdf_document_from_fz_document(handle.this), index)
    box, matrix = mupdf.FzRect(), mupdf.FzMatrix()
    mupdf.pdf_page_obj_transform(page_object, box, matrix)
    shown = mupdf.fz_transform_rect(box, matrix)
    width, height = shown.x1 - shown.x0, shown.y1 - shown.y0
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise ValueError(f"a page of {width} x {height} points")
    if not may_have_images(page_object):
        return width, height, vector_resolution(width, height, vector_dpi)
    page = handle.load_page(index)
    placements = placements_of(text_page(page, pymupdf.TEXT_PRESERVE_IMAGES))
    resolution = image_resolution((width, height), placements, vector_dpi, lambda: shows_only_images(page))
    return width, height, resolution


def _names_image(resources: Any, depth: int) -> bool:
    for xobject in _values(mupdf.pdf_dict_gets(resources, "XObject")):
        subtype = mupdf.pdf_to_name(mupdf.pdf_dict_gets(xobject, "Subtype"))
        if subtype == "Image":
            return True
        if subtype == "Form" and depth and _names_image(mupdf.pdf_dict_gets(xobject, "Resources"), depth - 1):
            return True
    return False


def _content_parts(page_object: Any) -> list[bytes]:
    contents = mupdf.pdf_dict_gets(page_object, "Contents")
    if mupdf.pdf_is_array(contents):
        streams = [mupdf.pdf_array_get(contents, i) for i in range(mupdf.pdf_array_len(contents))]
    else:
        streams = [contents]
    return [mupdf.fz_buffer_extract(mupdf.pdf_load_stream(each)) for each in streams if mupdf.pdf_is_stream(each)]


def _placement(info: dict[str, Any]) -> Placement:
    """An entry of extractIMGINFO. Its matrix maps the unit square to the page, so its columns are the image's sides."""
    a, b, c, d = info["transform"][:4]
    x0, y0, x1, y1 = info["bbox"]
    along_width = info["width"] / max(math.hypot(a, b), 1e-6)
    along_height = info["height"] / max(math.hypot(c, d), 1e-6)
    if abs(a) < abs(b):
        along_width, along_height = along_height, along_width
    columns, rows = along_width * (x1 - x0), along_height * (y1 - y0)
    return Placement(PageRect(x0, y0, x1, y1), columns, rows, channels=info["colorspace"])


def _labels(handle: Any) -> list[str]:
    """The printed label of each page, empty where the document gives none."""
    count = handle.page_count
    try:
        rules = sorted(handle.get_page_labels(), key=lambda rule: int(rule["startpage"]))
    except (RuntimeError, ValueError, KeyError, IndexError, mupdf.FzErrorBase) as error:
        log.warning("page labels cannot be read: %s", error)
        return [""] * count
    labels = [""] * count
    for rule, following in itertools.pairwise([*rules, {"startpage": count}]):
        number = int(rule.get("firstpagenum", 1))
        for index in range(max(0, rule["startpage"]), min(count, following["startpage"])):
            labels[index] = label_of(rule.get("prefix", ""), rule.get("style", ""), number + index - rule["startpage"])
    return labels


def label_of(prefix: str, style: str, number: int) -> str:
    """A page label as PDF 32000-1, 12.4.2 forms it: style D, R, r, A, a, or none."""
    match style:
        case "D":
            return f"{prefix}{number}"
        case "R" | "r":
            text = _roman(number)
        case "A" | "a":
            # A to Z, then AA to ZZ, then AAA.
            text = chr(ord("A") + (number - 1) % 26) * ((number - 1) // 26 + 1) if number > 0 else ""
        case _:
            return prefix
    return prefix + (text.lower() if style.islower() else text)


def _roman(number: int) -> str:
    parts = []
    for value, letters in _ROMAN:
        count, number = divmod(number, value)
        parts.append(letters * count)
    return "".join(parts)


def _notices(handle: Any, pages: Sequence[PageRef], capped: Sequence[int], broken: Sequence[int]) -> tuple[str, ...]:
    notices = []
    if handle.is_repaired:
        notices.append("The file was damaged and has been repaired as far as possible; parts of it may be missing.")
    if broken:
        notices.append(f"{name_pages(broken)} cannot be read and may stay empty.")
    if capped:
        notices.append(
            f"{name_pages(capped)}: pictures finer than {MIXED_CAP_DPI:.0f} dpi are read at that resolution."
        )
    notices += unreadable_notice(pages)
    return tuple(notices)
