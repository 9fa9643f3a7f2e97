"""The odd files every border of Tessera must survive, made by code alone, each with what is documented to happen.

`make_odd_files(folder)` writes them all (about 4 MB, two seconds) and returns them by name.
"""

from __future__ import annotations

import io
import itertools
import random
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageDraw

from engine.documents.mupdf import pymupdf
from engine.geometry import Size

PASSWORD = "Geheim1!"
# A4 in points and at 300 dpi.
A4 = (595.2, 841.92)
SCAN_SIZE = Size(2480, 3508)
SLOW_SEGMENTS = 150_000
SEGMENTS_PER_PATH = 30


@dataclass(frozen=True, slots=True)
class OddFile:
    """A file and its documented outcome.

    `code` is the error code on opening (None: it opens); `read_code` that on reading the first page; `notice` a part
    of a sentence the user is told on opening; `native` the native size of the first page.
    """

    path: Path
    code: str | None = None
    read_code: str | None = None
    notice: str = ""
    pages: int = 1
    native: Size | None = None
    password: str | None = None


def make_odd_files(folder: Path) -> dict[str, OddFile]:
    """Write the whole set into `folder`; keys are the file names."""
    made: list[OddFile] = []
    for build in (_broken, _misnamed, _locked, _too_large, _images, _frames, _pdf_pages, _scans):
        made += build(folder)
    made.append(slow_pdf(folder))
    return {each.path.name: each for each in made}


def slow_pdf(folder: Path) -> OddFile:
    """A page that takes MuPDF more than two seconds to draw, at any zoom, as a heavy map does."""
    rng = random.Random(7)
    parts = ["1 J 1 j 0.4 w"]
    for _ in range(SLOW_SEGMENTS // SEGMENTS_PER_PATH):
        x, y = rng.uniform(0, A4[0]), rng.uniform(0, A4[1])
        parts.append(f"{rng.random():.2f} {rng.random():.2f} {rng.random():.2f} RG {x:.1f} {y:.1f} m")
        for _ in range(SEGMENTS_PER_PATH):
            x, y = x + rng.uniform(-150, 150), y + rng.uniform(-150, 150)
            parts.append(f"{x:.1f} {y:.1f} l")
        parts.append("S")
    path = folder / "slow.pdf"
    path.write_bytes(raw_pdf("\n".join(parts).encode()))
    return OddFile(path, native=Size(1240, 1754))


def raw_pdf(
    content: bytes, box: tuple[float, float] = A4, resources: str = "<< >>", objects: tuple[bytes, ...] = ()
) -> bytes:
    """A PDF of one page with `content`; `objects` are further whole objects, numbered from 5."""
    stream = zlib.compress(content)
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box[0]} {box[1]}] /Contents 4 0 R "
        f"/Resources {resources} >>".encode(),
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        *objects,
    ]
    return _assemble(bodies)


def page_picture(size: Size, text: str = "Invoice total 1,204.50 EUR") -> Image.Image:
    """A grey page with a frame, a ramp and printed words, different in all four corners."""
    image = Image.new("L", (size.width, size.height), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size.width - 1, size.height - 1), outline=0, width=max(1, size.width // 200))
    draw.rectangle((size.width // 8, size.height // 8, size.width // 4, size.height // 5), fill=60)
    ramp = Image.linear_gradient("L").resize((max(1, size.width // 3), max(1, size.height // 10)))
    image.paste(ramp, (size.width // 2, size.height // 2))
    draw.text((size.width // 10, size.height // 3), text, fill=0, font_size=max(10, size.width // 30))
    return image


def _assemble(bodies: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start)
    return bytes(out)


def _text_document(pages: int = 1) -> Any:
    document = pymupdf.open()
    for number in range(pages):
        page = document.new_page(width=A4[0], height=A4[1])
        page.insert_text((72, 90), f"Page {number + 1}: invoice total 1,204.50 EUR", fontsize=12)
    return document


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def _broken(folder: Path) -> list[OddFile]:
    whole = _text_document(3).tobytes(deflate=True)
    picture = page_picture(Size(600, 800))
    png, jpeg = _encoded(picture, "PNG"), _encoded(picture, "JPEG")
    # Without its cross-reference table a PDF can be repaired.
    table = whole.rindex(b"startxref")
    return [
        OddFile(folder / "missing.pdf", code="file-missing"),
        OddFile(_write(folder, "empty.pdf", b""), code="file-empty"),
        OddFile(_write(folder, "truncated.pdf", whole[:40]), code="file-damaged"),
        OddFile(_write(folder, "repaired.pdf", whole[:table]), notice="repaired", pages=3, native=Size(1240, 1754)),
        OddFile(_write(folder, "headless.pdf", whole[15:]), notice="repaired", pages=3, native=Size(1240, 1754)),
        OddFile(_write(folder, "truncated.png", png[: len(png) // 2]), code="file-damaged"),
        OddFile(_write(folder, "truncated.jpg", jpeg[: len(jpeg) // 2]), code="file-damaged"),
        OddFile(_write(folder, "header_only.png", png[:20]), code="file-damaged"),
        OddFile(_write(folder, "zero_pages.pdf", _zero_pages()), code="no-pages"),
    ]


def _zero_pages() -> bytes:
    return _assemble([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"])


def _misnamed(folder: Path) -> list[OddFile]:
    picture = page_picture(Size(600, 800))
    return [
        OddFile(
            _write(folder, "png_called_pdf.pdf", _encoded(picture, "PNG")),
            notice="is a PNG file",
            native=Size(600, 800),
        ),
        OddFile(
            _write(folder, "pdf_without_suffix", _text_document().tobytes()),
            notice="is a PDF file",
            native=Size(1240, 1754),
        ),
        OddFile(_write(folder, "text_called_png.png", b"This is not a picture.\n"), code="file-unsupported"),
        OddFile(_write(folder, "web_page_called_pdf.pdf", b"<!doctype html><p>Sign in"), code="file-unsupported"),
        OddFile(_write(folder, "notes.txt", b"Plain text.\n"), code="file-unsupported"),
    ]


def _locked(folder: Path) -> list[OddFile]:
    aes = pymupdf.PDF_ENCRYPT_AES_256
    document = _text_document()
    encrypted = document.tobytes(encryption=aes, user_pw=PASSWORD, owner_pw="owner")
    restricted = document.tobytes(encryption=aes, owner_pw="owner", permissions=pymupdf.PDF_PERM_ACCESSIBILITY)
    path = _write(folder, "encrypted.pdf", encrypted)
    return [
        OddFile(path, code="password-needed", native=Size(1240, 1754), password=PASSWORD),
        OddFile(_write(folder, "owner_restricted.pdf", restricted), native=Size(1240, 1754)),
    ]


def _too_large(folder: Path) -> list[OddFile]:
    scan = Image.new("1", (20_000, 10_000), 1)
    ImageDraw.Draw(scan).rectangle((4_000, 2_000, 8_000, 6_000), fill=0)
    image_bomb = raw_pdf(
        b"q 595.2 0 0 841.92 0 0 cm /I Do Q",
        resources="<< /XObject << /I 5 0 R >> >>",
        objects=(_image_object(100_000, 100_000),),
    )
    native_limit = "viewed but not read"
    return [
        OddFile(
            _write(folder, "huge_scan.png", _encoded(scan, "PNG")),
            read_code="page-too-large",
            notice=native_limit,
            native=Size(20_000, 10_000),
        ),
        OddFile(_write(folder, "bomb.png", png_claiming(200_000, 200_000)), code="page-too-large"),
        OddFile(
            _write(folder, "image_bomb.pdf", image_bomb),
            read_code="page-too-large",
            notice=native_limit,
        ),
        OddFile(
            _write(folder, "huge_page.pdf", raw_pdf(b"0 0 18000 36000 re S", box=(18_000, 36_000))),
            read_code="page-too-large",
            notice=native_limit,
            native=Size(37_500, 75_000),
        ),
    ]


def _image_object(width: int, height: int) -> bytes:
    """An image that claims to be vast and holds one compressed megabyte of white."""
    data = zlib.compress(b"\xff" * (1 << 20))
    header = (
        f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 "
        f"/ColorSpace /DeviceGray /Filter /FlateDecode /Length {len(data)} >>"
    )
    return b"%s\nstream\n%s\nendstream" % (header.encode(), data)


def png_claiming(width: int, height: int) -> bytes:
    """A valid PNG header of any size with next to no data behind it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def _images(folder: Path) -> list[OddFile]:
    size = Size(600, 800)
    grey = page_picture(size)
    colour = Image.merge("RGB", (grey, grey.point(lambda v: v // 2), grey))
    cmyk = colour.convert("CMYK")
    exif = Image.Exif()
    exif[0x0112] = 6
    see_through = colour.convert("RGBA")
    see_through.putalpha(grey.point(lambda v: 255 if v < 128 else 0))
    save: list[tuple[str, Image.Image, str, dict[str, object]]] = [
        ("grey16.tif", _sixteen_bit(grey), "TIFF", {}),
        ("grey16.png", _sixteen_bit(grey), "PNG", {}),
        ("cmyk.jpg", cmyk, "JPEG", {}),
        ("cmyk.tif", cmyk, "TIFF", {"compression": "tiff_lzw"}),
        ("fax.tif", grey.convert("1"), "TIFF", {"compression": "group4"}),
        ("palette.png", colour.convert("P"), "PNG", {}),
        ("transparent.png", see_through, "PNG", {}),
        ("page.webp", colour, "WEBP", {"lossless": True}),
        ("page.bmp", colour, "BMP", {}),
        (
            "profile.jpg",
            colour,
            "JPEG",
            {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()},
        ),
    ]
    made = [
        OddFile(_write(folder, name, _encoded(image, kind, **more)), native=size) for name, image, kind, more in save
    ]
    turned = _write(folder, "exif_rotated.jpg", _encoded(colour, "JPEG", exif=exif))
    return [*made, OddFile(turned, native=size.swapped())]


def _sixteen_bit(grey: Image.Image) -> Image.Image:
    """The same picture with values × 257, as 16-bit grey."""
    data = b"".join(struct.pack("<H", value * 257) for value in grey.tobytes())
    return Image.frombytes("I;16", grey.size, data)


def _frames(folder: Path) -> list[OddFile]:
    size = Size(600, 800)
    frames = [page_picture(size, f"Page {number}").convert("P") for number in (1, 2, 3)]
    more: dict[str, object] = {"save_all": True, "append_images": frames[1:]}
    mixed = [page_picture(size), page_picture(Size(800, 500)).convert("1")]
    return [
        OddFile(
            _write(folder, "pages.tif", _encoded(mixed[0], "TIFF", save_all=True, append_images=mixed[1:])),
            pages=2,
            native=size,
        ),
        OddFile(_write(folder, "animated.gif", _encoded(frames[0], "GIF", **more)), pages=3, native=size),
    ]


def _pdf_pages(folder: Path) -> list[OddFile]:
    rotated, cropped = _text_document(), _text_document()
    rotated[0].set_rotation(90)
    cropped[0].set_cropbox(pymupdf.Rect(50, 50, 350, 250))
    mixed = _text_document()
    photo = _encoded(page_picture(Size(1000, 1000)), "JPEG")
    mixed[0].insert_image(pymupdf.Rect(100, 200, 340, 440), stream=photo)
    return [
        OddFile(_write(folder, "rotated.pdf", rotated.tobytes()), native=Size(1754, 1240)),
        OddFile(_write(folder, "cropped.pdf", cropped.tobytes()), native=Size(625, 417)),
        OddFile(_write(folder, "mixed.pdf", mixed.tobytes()), native=Size(2480, 3508)),
    ]


def _scans(folder: Path) -> list[OddFile]:
    upright = page_picture(SCAN_SIZE)
    sideways = upright.transpose(Image.Transpose.ROTATE_90)
    return [
        OddFile(_write(folder, "scanned.pdf", scanned_pdf([upright])), native=SCAN_SIZE),
        OddFile(_write(folder, "sideways.pdf", scanned_pdf([sideways])), native=SCAN_SIZE.swapped()),
        OddFile(_write(folder, "stripes.pdf", _striped_pdf(upright, 20)), native=SCAN_SIZE),
    ]


def scanned_pdf(pictures: list[Image.Image], dpi: float = 300.0) -> bytes:
    """A PDF of one page per picture, each covered by it at `dpi`, with invisible text as an OCR program leaves it."""
    document = pymupdf.open()
    for picture in pictures:
        width, height = picture.width * 72 / dpi, picture.height * 72 / dpi
        page = document.new_page(width=width, height=height)
        page.insert_image(page.rect, stream=_encoded(picture, "JPEG", quality=90))
        page.insert_text((width / 10, height / 3), "Invoice total 1,204.50 EUR", fontsize=18, render_mode=3)
    data: bytes = document.tobytes()
    return data


def _striped_pdf(picture: Image.Image, count: int) -> bytes:
    document = pymupdf.open()
    width, height = picture.width * 72 / 300, picture.height * 72 / 300
    page = document.new_page(width=width, height=height)
    edges = [round(picture.height * n / count) for n in range(count + 1)]
    for top, bottom in itertools.pairwise(edges):
        stripe = _encoded(picture.crop((0, top, picture.width, bottom)), "PNG")
        page.insert_image(pymupdf.Rect(0, top * 0.24, width, bottom * 0.24), stream=stripe, keep_proportion=False)
    data: bytes = document.tobytes()
    return data
