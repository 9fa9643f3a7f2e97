"""Opening by content: every odd file gives its documented outcome, and files are known again."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from engine.documents.document import TileView
from engine.documents.opening import FileStamp, content_kind, open_document
from engine.errors import FileMissingError, InputError, PasswordWrongError, TesseraError, UnsupportedFileError
from tests.odd_files import PASSWORD, OddFile, make_odd_files

# Kept in step with tests/odd_files.py by test_every_odd_file_is_listed.
NAMES = [
    "missing.pdf",
    "empty.pdf",
    "truncated.pdf",
    "repaired.pdf",
    "headless.pdf",
    "truncated.png",
    "truncated.jpg",
    "header_only.png",
    "zero_pages.pdf",
    "png_called_pdf.pdf",
    "pdf_without_suffix",
    "text_called_png.png",
    "web_page_called_pdf.pdf",
    "notes.txt",
    "encrypted.pdf",
    "owner_restricted.pdf",
    "huge_scan.png",
    "bomb.png",
    "image_bomb.pdf",
    "huge_page.pdf",
    "grey16.tif",
    "grey16.png",
    "cmyk.jpg",
    "cmyk.tif",
    "fax.tif",
    "palette.png",
    "transparent.png",
    "page.webp",
    "page.bmp",
    "profile.jpg",
    "exif_rotated.jpg",
    "pages.tif",
    "animated.gif",
    "rotated.pdf",
    "cropped.pdf",
    "mixed.pdf",
    "scanned.pdf",
    "sideways.pdf",
    "stripes.pdf",
    "slow.pdf",
]


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OddFile]:
    return make_odd_files(tmp_path_factory.mktemp("odd"))


def test_every_odd_file_is_listed(odd_files: dict[str, OddFile]) -> None:
    assert sorted(odd_files) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_odd_files_give_their_documented_outcome(odd_files: dict[str, OddFile], name: str) -> None:
    odd = odd_files[name]
    if odd.code is not None:
        with pytest.raises(TesseraError) as caught:
            open_document(str(odd.path))
        assert (caught.value.code, bool(caught.value.hint)) == (odd.code, True)
        assert "\n" not in caught.value.message
        assert "Traceback" not in caught.value.message
        return
    document = open_document(str(odd.path))
    info = document.info
    assert len(info.pages) == odd.pages
    assert odd.native in (None, info.pages[0].native)
    assert [notice for notice in info.notices if odd.notice in notice] == list(info.notices)
    assert bool(odd.notice) == bool(info.notices)
    if name != "slow.pdf":
        document.render(info.pages[0], TileView(0.05, 0, 0, 0, 64, 64), memoryview(bytearray(64 * 64 * 4)))
    if odd.read_code is not None:
        with pytest.raises(TesseraError) as caught:
            document.page_pixels(info.pages[0])
        assert caught.value.code == odd.read_code
    document.close()


def test_a_password_opens_and_marks_the_document(odd_files: dict[str, OddFile]) -> None:
    path = str(odd_files["encrypted.pdf"].path)
    with pytest.raises(PasswordWrongError):
        open_document(path, PASSWORD.lower())
    document = open_document(path, PASSWORD)
    assert document.info.protected
    assert "invoice" in [word.text for word in document.text(document.info.pages[0]).words]
    document.close()


def test_owner_restrictions_need_no_password(odd_files: dict[str, OddFile]) -> None:
    document = open_document(str(odd_files["owner_restricted.pdf"].path))
    assert not document.info.protected
    assert document.text(document.info.pages[0]).words
    document.close()


def test_a_document_knows_its_file(odd_files: dict[str, OddFile]) -> None:
    path = odd_files["scanned.pdf"].path
    document = open_document(str(path))
    assert document.info.name == "scanned.pdf"
    assert document.info.id.path == str(path)
    assert document.info.id.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    document.close()


def test_folders_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFileError, match="is a folder"):
        open_document(str(tmp_path))
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.pdf")
        with pytest.raises(UnsupportedFileError, match="not a regular file"):
            open_document(str(tmp_path / "pipe.pdf"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.pdf"
    path.write_bytes(b"%PDF-1.7")
    path.chmod(0)
    with pytest.raises(InputError, match="permission denied"):
        open_document(str(path))


def test_a_name_no_disk_takes_says_so() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        open_document("/" + "x" * 5000 + ".pdf")


def test_names_in_other_scripts_open(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "счёт № 5 – 請求書.png"
    Image.new("L", (4, 4)).save(path)
    document = open_document(str(path))
    assert document.info.name == path.name
    document.close()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.4", "PDF"),
        (b"\r\n junk before %PDF-1.4", "PDF"),
        (b"x" * 2000 + b"%PDF-1.4", None),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WebP"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"II+\0\x08\0\0\0", "TIFF"),
        (b"", None),
    ],
)
def test_the_kind_is_told_by_the_first_bytes(head: bytes, kind: str | None) -> None:
    assert content_kind(head) == kind


def test_a_stamp_tells_a_changed_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"1")
    before = FileStamp.of(str(path))
    assert FileStamp.of(str(path)) == before
    path.write_bytes(b"12")
    assert FileStamp.of(str(path)) != before
    path.unlink()
    with pytest.raises(FileMissingError):
        FileStamp.of(str(path))
