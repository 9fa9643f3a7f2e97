"""The render worker: commands in, replies out, errors as plain data, no page image left behind."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from engine.documents.types import DocumentInfo, PageRef
from engine.geometry import Size
from engine.readers.types import Failed
from engine.service import render_worker
from engine.service.messages import (
    CloseDocument,
    Command,
    DocumentOpened,
    OpenDocument,
    PageImageReady,
    ReadPage,
    ReadText,
    RenderPage,
    RenderTile,
    Reply,
    TextReady,
    TileReady,
)
from engine.service.render_worker import RenderWorker
from engine.service.tiles import SLOT_BYTES, TileRing, TileRingView
from tests.odd_files import PASSWORD, page_picture, png_claiming, raw_pdf

SIZE = Size(300, 200)


class Desk:
    """A worker with its ring, the replies it sent and the requests nobody wants any more."""

    def __init__(self) -> None:
        self.ring = TileRing(2)
        self._view = TileRingView(self.ring.name)
        self.replies: list[Reply] = []
        self.cancelled: set[int] = set()
        self.worker = RenderWorker(self._view, self.replies.append, self.cancelled.__contains__)

    def ask(self, command: Command) -> Reply:
        before = len(self.replies)
        self.worker.handle(command)
        assert len(self.replies) == before + 1
        return self.replies[-1]

    def open(self, path: Path, password: str | None = None, request: int = 1) -> DocumentInfo:
        reply = self.ask(OpenDocument(request, str(path), password, 150.0))
        assert isinstance(reply, DocumentOpened)
        assert reply.request == request
        return reply.document

    def refused(self, command: Command) -> str:
        reply = self.ask(command)
        assert isinstance(reply, Failed)
        assert reply.request == getattr(command, "request", 0)
        assert reply.error.hint or reply.error.code in ("cancelled", "usage")
        return reply.error.code

    def close(self) -> None:
        for reply in self.replies:
            if isinstance(reply, DocumentOpened):
                self.worker.handle(CloseDocument(0, reply.document.id.path))
        self._view.close()
        self.ring.close()


class Opened(NamedTuple):
    desk: Desk
    path: Path
    page: PageRef


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.close()


@pytest.fixture
def opened(desk: Desk, tmp_path: Path) -> Opened:
    path = tmp_path / "page.png"
    page_picture(SIZE).save(path)
    return Opened(desk, path, desk.open(path).pages[0])


def tile_of(page: PageRef, slot: int = 0, size: Size = SIZE, scale: float = 1.0, request: int = 7) -> RenderTile:
    return RenderTile(request, page, scale, 0, 0, 0, size.width, size.height, slot)


def test_a_tile_lands_in_its_slot(opened: Opened) -> None:
    assert opened.desk.ask(tile_of(opened.page, slot=1)) == TileReady(7, 1, SIZE)
    data = opened.desk.ring.copy_out(1, SIZE.area * 4)
    seen = np.frombuffer(data, np.uint8).reshape(SIZE.height, SIZE.width, 4)
    expected = np.asarray(Image.open(opened.path).convert("RGB"))
    assert np.array_equal(seen[..., 2::-1], expected)
    assert (seen[..., 3] == 255).all()


def test_a_page_image_is_private_whole_and_checked(opened: Opened, tmp_path: Path) -> None:
    target = tmp_path / "page.rgb"
    reply = opened.desk.ask(RenderPage(3, opened.page.turned(90), str(target)))
    data = target.read_bytes()
    assert reply == PageImageReady(3, str(target), SIZE.swapped(), hashlib.sha256(data).hexdigest())
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    expected = np.rot90(np.asarray(Image.open(opened.path).convert("RGB")), -1)
    assert data == expected.tobytes()


def test_the_text_layer_is_sent(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    resources = "<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    path.write_bytes(raw_pdf(b"BT /F 20 Tf 72 700 Td (Total 12.50) Tj ET", resources=resources))
    page = desk.open(path).pages[0]
    reply = desk.ask(ReadText(4, page))
    assert isinstance(reply, TextReady)
    assert [word.text for word in reply.text.words] == ["Total", "12.50"]


def test_an_existing_file_is_never_written_over(opened: Opened, tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    assert opened.desk.refused(RenderPage(3, opened.page, str(target))) == "output"
    assert target.read_text() == "mine"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(opened: Opened, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    assert opened.desk.refused(RenderPage(3, opened.page, str(folder / "a.rgb"))) == "output"


def test_a_missing_folder_is_named(opened: Opened, tmp_path: Path) -> None:
    assert opened.desk.refused(RenderPage(3, opened.page, str(tmp_path / "gone" / "a.rgb"))) == "output"


def test_a_full_disk_is_seen_before_writing(opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1 << 20)
    monkeypatch.setattr(render_worker.shutil, "disk_usage", lambda _: usage)
    assert opened.desk.refused(RenderPage(3, opened.page, str(tmp_path / "a.rgb"))) == "output"
    assert not (tmp_path / "a.rgb").exists()


def test_a_disk_that_fills_while_writing_leaves_nothing(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_worker: object, _document: object, _command: object, handle: int) -> str:
        os.write(handle, b"half")
        os.close(handle)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RenderWorker, "_write", fail)
    assert opened.desk.refused(RenderPage(3, opened.page, str(tmp_path / "a.rgb"))) == "output"
    assert not (tmp_path / "a.rgb").exists()


def test_a_cancelled_request_is_not_begun(opened: Opened, tmp_path: Path) -> None:
    opened.desk.cancelled.update({3, 7})
    assert opened.desk.refused(RenderPage(3, opened.page, str(tmp_path / "a.rgb"))) == "cancelled"
    assert opened.desk.refused(tile_of(opened.page)) == "cancelled"
    assert not (tmp_path / "a.rgb").exists()


def test_a_page_image_stops_half_way_when_cancelled(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.documents.raster.BAND_BYTES", 4000)
    path = tmp_path / "page.png"
    page_picture(SIZE).save(path)
    page = desk.open(path).pages[0]
    asked: list[int] = []

    def cancelled(request: int) -> bool:
        asked.append(request)
        return len(asked) > 5

    monkeypatch.setattr(desk.worker, "_cancelled", cancelled)
    desk.worker.handle(RenderPage(2, page, str(tmp_path / "a.rgb")))
    reply = desk.replies[-1]
    assert isinstance(reply, Failed)
    assert reply.error.code == "cancelled"
    assert not (tmp_path / "a.rgb").exists()


def test_pages_of_documents_that_are_not_open_are_refused(opened: Opened) -> None:
    opened.desk.worker.handle(CloseDocument(8, str(opened.path)))
    assert len(opened.desk.replies) == 1
    assert opened.desk.refused(tile_of(opened.page)) == "input"


def test_a_file_changed_on_disk_is_not_mixed_with_the_old(opened: Opened) -> None:
    page_picture(Size(310, 200)).save(opened.path)
    assert opened.desk.refused(tile_of(opened.page)) == "input"
    fresh = opened.desk.open(opened.path)
    assert fresh.id != opened.page.document
    assert isinstance(opened.desk.ask(tile_of(fresh.pages[0])), TileReady)
    assert opened.desk.refused(tile_of(opened.page)) == "input"


def test_a_file_that_vanished_is_said_to_be_missing(opened: Opened) -> None:
    opened.path.unlink()
    assert opened.desk.refused(tile_of(opened.page)) == "file-missing"


def test_a_wrong_password_keeps_what_was_open(desk: Desk, tmp_path: Path) -> None:
    from engine.documents.mupdf import pymupdf

    path = tmp_path / "locked.pdf"
    source = pymupdf.open()
    source.new_page()
    path.write_bytes(source.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw=PASSWORD, owner_pw="o"))
    info = desk.open(path, PASSWORD)
    assert info.protected
    assert desk.refused(OpenDocument(2, str(path), "no", 150.0)) == "password-wrong"
    assert desk.refused(OpenDocument(3, str(path), None, 150.0)) == "password-needed"
    assert isinstance(desk.ask(tile_of(info.pages[0], size=Size(10, 10))), TileReady)


@pytest.mark.parametrize("size", [Size(0, 10), Size(10, -1), Size(1024, SLOT_BYTES // 4096 + 1)])
def test_a_tile_that_cannot_be_is_refused(opened: Opened, size: Size) -> None:
    assert opened.desk.refused(tile_of(opened.page, size=size)) == "usage"


def test_a_bug_is_logged_and_told_without_its_traceback(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("engine.documents.images.ImageDocument.render", broken)
    assert opened.desk.refused(tile_of(opened.page)) == "internal"
    assert "boom" in caplog.text
    reply = opened.desk.replies[-1]
    assert isinstance(reply, Failed)
    assert "Traceback" not in str(reply.error)
    # The record's traceback holds the slot.
    caplog.clear()


def test_running_out_of_memory_is_told(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("engine.documents.images.ImageDocument.render", exhausted)
    assert opened.desk.refused(tile_of(opened.page)) == "memory"


def test_a_command_of_another_worker_is_refused(opened: Opened) -> None:
    assert opened.desk.refused(ReadPage(5, opened.page, False)) == "usage"


LIMITED = """
import sys
from engine.errors import TesseraError
from engine.service.render_worker import limit_memory
from engine.documents.opening import open_document
limit_memory(900 << 20)
try:
    open_document(sys.argv[1])
except TesseraError as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_AS")
def test_a_file_beyond_the_memory_limit_gets_an_error_not_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(png_claiming(20_000, 20_000))
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "memory", done.stderr
