"""Image files: every mode as a person sees it, every frame a page, bombs and damage refused."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from engine.documents.document import TileView
from engine.documents.images import ImageDocument
from engine.documents.opening import open_document
from engine.documents.types import DocumentKind
from engine.errors import FileDamagedError, PageTooLargeError, UnsupportedFileError
from engine.geometry import Size

RAMP: NDArray[np.uint8] = np.tile(np.arange(256, dtype=np.uint8), (20, 1))
COLOUR: NDArray[np.uint8] = np.dstack([RAMP, RAMP[:, ::-1], np.full_like(RAMP, 40)])


def saved(folder: Path, name: str, image: Image.Image, **options: Any) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def pixels(path: Path, page: int = 0, orientation: int = 0) -> NDArray[np.uint8]:
    document = open_document(str(path))
    size, data = document.page_pixels(document.info.pages[page].turned(orientation))
    document.close()
    return np.frombuffer(data, np.uint8).reshape(size.height, size.width, 3)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.bmp", {}),
        ("a.webp", {"lossless": True}),
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.jpg", {"quality": 100, "subsampling": 0}),
    ],
)
def test_colours_come_out_as_they_went_in(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    found = pixels(saved(tmp_path, name, Image.fromarray(COLOUR), **options))
    assert np.abs(found.astype(int) - COLOUR).max() <= (4 if name == "a.jpg" else 0)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, name: str) -> None:
    wide = np.tile(np.arange(0, 65536, 257, dtype="<u2"), (4, 1))
    image = Image.frombytes("I;16", (256, 4), wide.tobytes())
    found = pixels(saved(tmp_path, name, image))
    assert np.array_equal(found[0, :, 0], np.arange(256))


def test_big_endian_16_bit_tiff(tmp_path: Path) -> None:
    values = np.array([[0, 257 * 100, 65535]], ">u2")
    path = tmp_path / "big.tif"
    path.write_bytes(_raw_tiff(values.tobytes(), (3, 1), bits=(16,), photometric=1))
    assert pixels(path)[0, :, 0].tolist() == [0, 100, 255]


def test_16_bit_colour_tiff(tmp_path: Path) -> None:
    values = np.array([[[65535, 257 * 7, 0], [0, 65535, 257 * 200]]], ">u2")
    path = tmp_path / "rgb16.tif"
    path.write_bytes(_raw_tiff(values.tobytes(), (2, 1), bits=(16, 16, 16), photometric=2))
    assert pixels(path)[0].tolist() == [[255, 7, 0], [0, 255, 200]]


def test_floats_are_stretched_and_said_to_be(tmp_path: Path) -> None:
    values = np.linspace(-2, 6, 256, dtype=np.float32).reshape(1, 256)
    path = saved(tmp_path, "f.tif", Image.fromarray(values))
    assert pixels(path)[0, [0, 255], 0].tolist() == [0, 255]
    document = open_document(str(path))
    assert "stretched" in document.info.notices[0]
    document.close()


def test_one_bit_and_palette(tmp_path: Path) -> None:
    bits = Image.fromarray(RAMP).convert("1")
    assert np.array_equal(pixels(saved(tmp_path, "b.tif", bits, compression="group4"))[..., 0], np.asarray(bits) * 255)
    palette = Image.fromarray(COLOUR).quantize(200)
    assert np.array_equal(pixels(saved(tmp_path, "p.png", palette)), np.asarray(palette.convert("RGB")))


@pytest.mark.parametrize("name", ["c.tif", "c.jpg"])
@pytest.mark.parametrize("profile", [False, True])
def test_cmyk_looks_as_printed(tmp_path: Path, name: str, profile: bool) -> None:
    ink = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    ink.paste((0, 255, 255, 0), (0, 0, 8, 16))
    options: dict[str, Any] = {"quality": 100} if name == "c.jpg" else {}
    if profile:
        # A profile of the wrong kind must not break the page: the plain formula takes over.
        options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = pixels(saved(tmp_path, name, ink, **options))
    assert np.abs(found[8, 2].astype(int) - [255, 0, 0]).max() < 12
    assert found[8, 13].min() > 243


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (4, 1), (10, 20, 30, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))
    image.putpixel((2, 0), (0, 0, 0, 128))
    found = pixels(saved(tmp_path, "t.png", image))[0]
    assert found[0].tolist() == [255, 255, 255]
    assert found[1].tolist() == [10, 20, 30]
    assert abs(int(found[2][0]) - 127) <= 1
    keyed = Image.fromarray(COLOUR)
    assert pixels(saved(tmp_path, "k.png", keyed, transparency=(0, 255, 40)))[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["e.jpg", "e.png", "e.tif", "e.webp"])
def test_exif_orientation_is_applied(tmp_path: Path, name: str, orientation: int) -> None:
    """The red corner of the picture as shown stands upper left whatever the camera's position."""
    shown = Image.new("RGB", (48, 32), "white")
    shown.paste("red", (0, 0, 16, 16))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = shown.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else shown
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, name, stored, exif=exif)
    document = open_document(str(path))
    page = document.info.pages[0]
    assert (page.native, page.width, page.height) == (Size(48, 32), 48, 32)
    document.close()
    found = pixels(path)
    assert found[4, 4, 0] > 200 > 100 > found[4, 4, 1]
    assert found[28, 44].min() > 200


def test_frames_are_pages_with_their_own_size(tmp_path: Path) -> None:
    frames = [Image.new("L", (30, 20), 10), Image.new("RGB", (10, 40), (1, 2, 3)), Image.new("1", (8, 8), 1)]
    path = saved(tmp_path, "m.tif", frames[0], save_all=True, append_images=frames[1:])
    document = open_document(str(path))
    assert document.info.kind is DocumentKind.IMAGE
    assert [page.native for page in document.info.pages] == [Size(30, 20), Size(10, 40), Size(8, 8)]
    assert [page.label for page in document.info.pages] == ["1", "2", "3"]
    document.close()
    assert [pixels(path, page)[0, 0].tolist() for page in (2, 1, 0)] == [[255] * 3, [1, 2, 3], [10] * 3]


def test_gif_frames_are_whole_pictures(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "lime", "blue")]
    frames[1].paste("red", (0, 0, 20, 10))
    path = saved(tmp_path, "g.gif", frames[0], save_all=True, append_images=frames[1:])
    assert pixels(path, 1)[5, 5].tolist() == [255, 0, 0]
    assert pixels(path, 1)[15, 5].tolist() == [0, 255, 0]
    assert pixels(path, 0)[15, 5].tolist() == [255, 0, 0]


def test_the_previews_in_a_photo_are_not_pages(tmp_path: Path) -> None:
    first, second = Image.fromarray(COLOUR), Image.new("RGB", (64, 10), "red")
    path = saved(tmp_path, "m.jpg", first, format="MPO", save_all=True, append_images=[second])
    document = open_document(str(path))
    assert [page.native for page in document.info.pages] == [Size(256, 20)]
    assert "2 pictures" in document.info.notices[0]
    document.close()


def test_an_image_has_no_words_and_is_all_image(tmp_path: Path) -> None:
    document = open_document(str(saved(tmp_path, "a.png", Image.new("L", (30, 20)))))
    text = document.text(document.info.pages[0].turned(90))
    assert (text.words, text.image_share, text.image_boxes[0].as_list()) == ((), 1.0, [0, 0, 20, 30])
    document.close()


def test_seen_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", Image.fromarray(COLOUR))
    document = open_document(str(path))
    page = document.info.pages[0].turned(270)
    out = memoryview(bytearray(20 * 100 * 4))
    document.render(page, TileView(1.0, 0, 0, 50, 20, 100), out)
    seen = np.frombuffer(out, np.uint8).reshape(100, 20, 4)
    assert np.array_equal(seen[..., 2::-1], pixels(path, orientation=270)[50:150])
    document.close()


def test_a_large_scan_opens_where_pillow_alone_would_refuse(tmp_path: Path) -> None:
    side = 14_000
    path = saved(tmp_path, "large.png", Image.new("1", (side, side), 1))
    document = open_document(str(path))
    page = document.info.pages[0]
    out = memoryview(bytearray(64 * 64 * 4))
    document.render(page, TileView(64 / side, 0, 0, 0, 64, 64), out)
    assert set(bytes(out)) == {255}
    assert "viewed but not read" in document.info.notices[0]
    with pytest.raises(PageTooLargeError):
        document.page_pixels(page)
    document.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_image_says_so(tmp_path: Path, kind: str, share: float) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(buffer.getvalue()[: int(len(buffer.getvalue()) * share)])
    with pytest.raises(FileDamagedError, match=r"cut\.\w+ is damaged"):
        open_document(str(path))


def test_a_variant_nobody_decodes_is_called_unsupported(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "BMP")
    data = bytearray(buffer.getvalue())
    data[28:30] = (2).to_bytes(2, "little")
    path = tmp_path / "two_bits.bmp"
    path.write_bytes(data)
    with pytest.raises(UnsupportedFileError, match="variant"):
        open_document(str(path))


def test_only_the_frames_in_use_stay_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.documents.images.KEPT_RASTER_BYTES", 1000)
    frames = [Image.new("L", (30, 20), value) for value in range(5)]
    path = saved(tmp_path, "m.tif", frames[0], save_all=True, append_images=frames[1:])
    document = open_document(str(path))
    assert isinstance(document, ImageDocument)
    values = [document.page_pixels(page)[1][0] for page in (*document.info.pages, *document.info.pages)]
    assert values == [0, 1, 2, 3, 4] * 2
    assert len(document._rasters) == 1
    document.close()


def _raw_tiff(data: bytes, size: tuple[int, int], bits: tuple[int, ...], photometric: int) -> bytes:
    """An uncompressed big-endian TIFF, for depths Pillow cannot write."""
    entries = [
        (256, 4, size[0]),
        (257, 4, size[1]),
        (259, 3, 1),
        (262, 3, photometric),
        (277, 3, len(bits)),
        (278, 4, size[1]),
        (279, 4, len(data)),
    ]
    start = 8 + 2 + 12 * (len(entries) + 2) + 4
    extra = struct.pack(f">{len(bits)}H", *bits)
    bits_value = struct.pack(">HH", bits[0], 0) if len(bits) == 1 else struct.pack(">I", start)
    rows = [(tag, struct.pack(">HHI", tag, kind, 1) + _tiff_value(kind, value)) for tag, kind, value in entries]
    rows.append((258, struct.pack(">HHI", 258, 3, len(bits)) + bits_value))
    rows.append((273, struct.pack(">HHII", 273, 4, 1, start + len(extra))))
    table = struct.pack(">H", len(rows)) + b"".join(row for _, row in sorted(rows)) + bytes(4)
    return b"MM\x00*" + struct.pack(">I", 8) + table + extra + data


def _tiff_value(kind: int, value: int) -> bytes:
    return struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
