"""PDF pages: seen equals read, words where they stand, and native resolution from what the page holds."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.documents import pdf_pages
from engine.documents.document import Document, TileView
from engine.documents.mupdf import pymupdf
from engine.documents.opening import open_document
from engine.documents.pdf_pages import label_of
from engine.documents.text_layer import clean_word
from engine.documents.types import DocumentInfo, DocumentKind, PageRef, Word
from engine.errors import PageTooLargeError, UsageError
from engine.geometry import Size, turn_rect
from tests.odd_files import A4, page_picture, raw_pdf, scanned_pdf

NATIVE = Size(1240, 1754)
Opener = Callable[[Any], Document]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens a pymupdf document, or the bytes of one, as Tessera does."""
    numbers = itertools.count()
    documents: list[Document] = []

    def opener(source: Any) -> Document:
        path = tmp_path / f"{next(numbers)}.pdf"
        path.write_bytes(source if isinstance(source, bytes) else source.tobytes())
        documents.append(open_document(str(path)))
        return documents[-1]

    yield opener
    for document in documents:
        document.close()


def text_document(pages: int = 1) -> Any:
    document = pymupdf.open()
    for number in range(pages):
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_text((72, 100), f"Invoice {number + 1} total 1,204.50", fontsize=20)
        page.draw_bezier((50, 300), (200, 200), (300, 600), (500, 300), color=(0.8, 0.1, 0.1), width=3)
    return document


def mixed_document() -> Any:
    document = text_document()
    photo = io.BytesIO()
    page_picture(Size(700, 700)).convert("RGB").save(photo, "JPEG")
    document[0].insert_image(pymupdf.Rect(100, 200, 400, 500), stream=photo.getvalue())
    return document


def blended_document() -> bytes:
    """Red multiplied, and then its luminosity, over green: wrong wherever red and blue change places."""
    resources = "<< /ExtGState << /M << /BM /Multiply >> /L << /BM /Luminosity >> >> >>"
    content = b"0 .8 .2 rg 0 0 400 600 re f /M gs .9 .2 .1 rg 100 100 400 400 re f /L gs .1 .1 .9 rg 200 0 300 300 re f"
    return raw_pdf(content, resources=resources)


def tile(document: Document, page: PageRef, view: TileView) -> NDArray[np.uint8]:
    out = memoryview(bytearray(view.size_bytes + 16))
    document.render(page, view, out)
    assert bytes(out[view.size_bytes :]) == bytes(16)
    return np.frombuffer(out, np.uint8, view.size_bytes).reshape(view.height, view.width, 4)


def page_image(document: Document, page: PageRef) -> NDArray[np.uint8]:
    size, data = document.page_pixels(page)
    assert size == page.native
    return np.frombuffer(data, np.uint8).reshape(size.height, size.width, 3)


@pytest.mark.parametrize(
    "source",
    [
        text_document,
        mixed_document,
        blended_document,
        lambda: scanned_pdf([page_picture(Size(827, 1169))], dpi=100),
        lambda: scanned_pdf([page_picture(Size(827, 1169)).convert("RGB")], dpi=99.3),
    ],
    ids=["text", "mixed", "blended", "scan", "odd scan"],
)
@pytest.mark.parametrize("orientation", [0, 90, 270])
def test_seen_is_read(opened: Opener, source: Callable[[], Any], orientation: int) -> None:
    """A tile at native scale equals the same region of the page image byte for byte, wherever it is cut."""
    document = opened(source())
    page = document.info.pages[0].turned(orientation)
    read = page_image(document, page)
    scale = page.native.width / page.width
    for x, y in ((0, 0), (512, 0), (512, 512), (333, 177)):
        width, height = min(512, page.native.width - x), min(512, page.native.height - y)
        seen = tile(document, page, TileView(scale, 0, x, y, width, height))
        assert np.array_equal(seen[..., 2::-1], read[y : y + height, x : x + width])
        assert (seen[..., 3] == 255).all()


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turning_the_view_turns_the_picture(opened: Opener, rotation: int) -> None:
    document = opened(text_document())
    page = document.info.pages[0]
    upright = tile(document, page, TileView(0.5, 0, 0, 0, 298, 422))
    size = (298, 422) if rotation == 180 else (422, 298)
    turned = tile(document, page, TileView(0.5, rotation, 0, 0, *size))
    # Lines fall between pixels differently when turned, but the ink stays where it is.
    assert np.abs(np.rot90(upright, -rotation // 90).astype(int) - turned).mean() < 2
    assert (turned[..., :3] < 128).any()


def test_colours_of_blend_modes_equal_mupdfs_own(opened: Opener) -> None:
    document = opened(blended_document())
    page = document.info.pages[0]
    own = pymupdf.open("pdf", blended_document())[0].get_pixmap(matrix=pymupdf.Matrix(1, 1))
    width, height = min(own.width, 500), min(own.height, 500)
    expected = np.frombuffer(own.samples, np.uint8).reshape(own.height, own.width, 3)[:height, :width]
    seen = tile(document, page, TileView(1.0, 0, 0, 0, width, height))[..., 2::-1]
    assert np.abs(seen[10:490, 10:490].astype(int) - expected[10:490, 10:490]).mean() < 0.5


def test_off_the_page_is_white_though_content_reaches_there(opened: Opener) -> None:
    document = text_document()
    document[0].draw_rect(pymupdf.Rect(0, 0, 595, 841), fill=(0, 0, 0))
    document[0].set_cropbox(pymupdf.Rect(100, 100, 300, 300))
    opened_document = opened(document)
    page = opened_document.info.pages[0]
    assert (page.width, page.height) == (200, 200)
    seen = tile(opened_document, page, TileView(1.0, 0, 150, 150, 100, 100))
    assert (seen[:50, :50, :3] == 0).all()
    assert (seen[50:] == 255).all()
    assert (seen[:, 50:] == 255).all()


def words_of(document: Document, page: PageRef) -> dict[str, Word]:
    return {word.text: word for word in document.text(page).words}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("orientation", [0, 90, 180, 270])
def test_words_stand_where_their_ink_is(opened: Opener, rotate: int, orientation: int) -> None:
    source = text_document()
    source[0].set_rotation(rotate)
    document = opened(source)
    page = document.info.pages[0].turned(orientation)
    box = words_of(document, page)["Invoice"].box
    image = page_image(document, page)
    found = page.to_px(box)
    rows = slice(round(found.y), round(found.bottom))
    columns = slice(round(found.x), round(found.right))
    assert (image[rows, columns] < 100).mean() > 0.02
    margin = 12
    around = image[max(0, rows.start - margin) : rows.stop + margin, max(0, columns.start - margin) : columns.stop]
    ink = (image[rows, columns] < 100).sum()
    assert (around < 100).sum() <= ink * 1.6


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_tilt_says_how_to_right_the_text(opened: Opener, rotate: int) -> None:
    source = text_document()
    source[0].set_rotation(rotate)
    document = opened(source)
    page = document.info.pages[0]
    tilt = document.text(page).tilt
    assert tilt == -rotate % 360
    assert document.text(page.turned(tilt)).tilt == 0


def test_words_of_a_turned_page_are_the_words_of_the_page_turned(opened: Opener) -> None:
    document = opened(text_document())
    page = document.info.pages[0]
    upright, turned = words_of(document, page), words_of(document, page.turned(90))
    for text, word in upright.items():
        expected = turn_rect(word.box, (page.width, page.height), 90)
        assert turned[text].box.as_list() == expected.as_list()


def test_lines_and_blocks_are_numbered_in_order(opened: Opener) -> None:
    source = pymupdf.open()
    page = source.new_page()
    page.insert_text((72, 100), ["one two", "three"], fontsize=12)
    page.insert_text((72, 500), "four", fontsize=12)
    words = opened(source).text(opened(source).info.pages[0]).words
    assert [word.text for word in words] == ["one", "two", "three", "four"]
    assert [word.line for word in words] == [0, 0, 1, 2]
    assert words[0].block == words[2].block < words[3].block


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("1\u202f204,50", "1 204,50"),
        ("exam\u00adple", "example"),
        ("\u202eabc\x07", "abc"),
        ("\ud800x", "x"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_words_hold_nothing_that_cannot_be_shown(raw: str, clean: str) -> None:
    assert clean_word(raw) == clean


def test_words_outside_the_displayed_page_are_left_out(opened: Opener) -> None:
    source = text_document()
    source[0].insert_text((72, 700), "hidden")
    source[0].set_cropbox(pymupdf.Rect(0, 0, 595, 400))
    document = opened(source)
    assert "hidden" not in words_of(document, document.info.pages[0])


def test_a_scan_has_its_hidden_words_and_its_image(opened: Opener) -> None:
    document = opened(scanned_pdf([page_picture(Size(827, 1169))], dpi=100))
    page = document.info.pages[0]
    text = document.text(page.turned(90))
    assert text.image_share == pytest.approx(1.0, abs=0.01)
    assert text.image_boxes[0].width == pytest.approx(page.height, abs=1)
    assert "1,204.50" in [word.text for word in text.words]


def test_large_images_of_a_mixed_page_are_named(opened: Opener) -> None:
    document = opened(mixed_document())
    page = document.info.pages[0]
    text = document.text(page)
    assert [box.as_list() for box in text.image_boxes] == [[100, 200, 400, 500]]
    assert text.image_share == pytest.approx(300 * 300 / (A4[0] * A4[1]), abs=0.01)
    assert page.native.width == round(A4[0] / 72 * 168)


def test_a_page_of_text_is_native_at_the_dpi_asked_for(opened: Opener, tmp_path: Path) -> None:
    info: DocumentInfo = opened(text_document(2)).info
    assert info.kind is DocumentKind.PDF
    assert [page.native for page in info.pages] == [NATIVE, NATIVE]
    assert info.pages[0].native_dpi == pytest.approx(150, abs=0.1)
    finer = open_document(info.id.path, vector_dpi=300)
    assert finer.info.pages[0].native == Size(2480, 3508)
    finer.close()


def test_inline_and_mask_images_count_as_scans(opened: Opener) -> None:
    rows = b"\x0f" * (105 * 10)
    inline = b"q 595.2 0 0 841.92 0 0 cm BI /W 840 /H 10 /BPC 1 /IM true ID " + rows + b" EI Q"
    mask = (
        b"<< /Type /XObject /Subtype /Image /ImageMask true /Width 840 /Height 10 /BitsPerComponent 1 /Length 1050 >>"
    )
    by_name = raw_pdf(
        b"q 595.2 0 0 841.92 0 0 cm /I Do Q",
        resources="<< /XObject << /I 5 0 R >> >>",
        objects=(mask + b"\nstream\n" + rows + b"\nendstream",),
    )
    for source in (raw_pdf(inline), by_name):
        assert opened(source).info.pages[0].native.width == 840


def test_labels_are_the_printed_ones(opened: Opener) -> None:
    source = text_document(5)
    source.set_page_labels(
        [
            {"startpage": 0, "prefix": "", "style": "r", "firstpagenum": 1},
            {"startpage": 2, "prefix": "A-", "style": "D", "firstpagenum": 7},
        ]
    )
    assert [page.label for page in opened(source).info.pages] == ["i", "ii", "A-7", "A-8", "A-9"]
    assert [page.label for page in opened(text_document(2)).info.pages] == ["1", "2"]


@pytest.mark.parametrize(
    ("style", "number", "label"), [("R", 1994, "MCMXCIV"), ("a", 27, "aa"), ("A", 3, "C"), ("", 4, ""), ("D", 9, "9")]
)
def test_label_styles(style: str, number: int, label: str) -> None:
    assert label_of("p", style, number) == "p" + label


def test_more_pages_than_are_kept_still_draw(opened: Opener) -> None:
    document = opened(text_document(20))
    first = page_image(document, document.info.pages[0])
    for page in document.info.pages:
        tile(document, page, TileView(0.2, 0, 0, 0, 64, 64))
    assert np.array_equal(page_image(document, document.info.pages[0]), first)


def test_a_page_that_is_not_there_is_refused(opened: Opener) -> None:
    document, other = opened(text_document(1)), opened(text_document(2))
    with pytest.raises(UsageError, match="no page 2"):
        document.text(other.info.pages[1])


def test_a_vast_page_is_shown_but_not_read(opened: Opener) -> None:
    document = opened(raw_pdf(b"0 0 1 rg 0 0 18000 36000 re f", box=(18_000, 36_000)))
    page = document.info.pages[0]
    seen = tile(document, page, TileView(150 / 72, 0, 37_000, 74_000, 500, 500))
    assert (seen == [255, 0, 0, 255]).all()
    with pytest.raises(PageTooLargeError, match="viewed but not read"):
        document.page_pixels(page)


def test_measuring_does_not_decode_the_images(opened: Opener) -> None:
    """A damaged image must not keep a document from opening; its page shows what can be shown."""
    image = b"<< /Type /XObject /Subtype /Image /Width 2480 /Height 3508 /BitsPerComponent 8 /ColorSpace /DeviceGray"
    broken = raw_pdf(
        b"q 595.2 0 0 841.92 0 0 cm /I Do Q",
        resources="<< /XObject << /I 5 0 R >> >>",
        objects=(image + b" /Filter /DCTDecode /Length 4 >>\nstream\n\xff\xd8\xff\xff\nendstream",),
    )
    document = opened(broken)
    assert document.info.pages[0].native == Size(2480, 3508)
    tile(document, document.info.pages[0], TileView(0.5, 0, 0, 0, 64, 64))


def test_grey_scans_stay_grey(opened: Opener) -> None:
    picture = Image.linear_gradient("L").resize((413, 585))
    document = opened(scanned_pdf([picture], dpi=50))
    image = page_image(document, document.info.pages[0])
    assert np.array_equal(image[..., 0], image[..., 2])


def test_a_page_that_cannot_be_measured_does_not_cost_the_others(
    opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = pdf_pages._measure

    def fail_on_the_second(handle: Any, index: int, dpi: float) -> Any:
        if index == 1:
            raise RuntimeError("code=7: broken page")
        return measure(handle, index, dpi)

    monkeypatch.setattr(pdf_pages, "_measure", fail_on_the_second)
    info = opened(text_document(3)).info
    assert [page.native for page in info.pages] == [NATIVE] * 3
    assert info.notices == ("Page 2 cannot be read and may stay empty.",)


def test_a_thumbnail_of_a_scan_looks_like_its_raster(opened: Opener) -> None:
    """Small views are drawn from the file, larger ones cut from the raster: one picture either way."""
    document = opened(scanned_pdf([page_picture(Size(827, 1169))], dpi=100))
    page = document.info.pages[0]
    view = TileView(0.3, 0, 0, 0, 179, 253)
    drawn = tile(document, page, view)
    page_image(document, page)
    cut = tile(document, page, view)
    assert np.abs(drawn.astype(int) - cut).mean() < 4


def test_a_page_image_drawn_in_strips_has_no_seams(opened: Opener) -> None:
    document = opened(text_document())
    page = document.info.pages[0]
    own = pymupdf.open(page.document.path)[0].get_pixmap(matrix=pymupdf.Matrix(1240 / A4[0], 1754 / A4[1]))
    expected = np.frombuffer(own.samples, np.uint8).reshape(own.height, own.width, 3)
    assert np.abs(page_image(document, page).astype(int) - expected[:1754, :1240]).max() <= 24
