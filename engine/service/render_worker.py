"""The render worker: opens documents, draws tiles into shared memory, writes page images, extracts text layers.

It runs alone in its process: MuPDF holds the GIL while it draws and cannot stop half-way, so deadlines and kills are
the parent's. Every expected error becomes a `Failed`; anything else is a bug, is logged and becomes one too.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.documents.document import Document, TileView
from engine.documents.opening import FileStamp, open_document
from engine.documents.types import DocumentId, PageRef
from engine.errors import (
    CancelledError,
    InputError,
    MemoryLimitError,
    OutputError,
    TesseraError,
    UsageError,
    internal_error,
)
from engine.geometry import Size
from engine.readers.types import Failed
from engine.service.messages import (
    CloseDocument,
    Command,
    DocumentOpened,
    OpenDocument,
    PageImageReady,
    ReadText,
    RenderPage,
    RenderTile,
    Reply,
    TextReady,
    TileReady,
)
from engine.service.tiles import TileRingView

# Left free on the disk after a page image is written.
DISK_MARGIN_BYTES = 64 << 20
RGB_BYTES = 3

log = logging.getLogger(__name__)


class RenderWorker:
    """Handles one command at a time. `send` posts a reply; `cancelled` says whether a request is still wanted."""

    def __init__(self, ring: TileRingView, send: Callable[[Reply], None], cancelled: Callable[[int], bool]) -> None:
        self._ring = ring
        self._send = send
        self._cancelled = cancelled
        self._documents: dict[DocumentId, tuple[Document, FileStamp]] = {}

    def handle(self, command: Command) -> None:
        """Carry out `command`; exactly one reply, except to `CloseDocument`, which has none."""
        request = int(getattr(command, "request", 0))
        try:
            if self._cancelled(request) and not isinstance(command, CloseDocument):
                raise CancelledError("No longer wanted.")
            self._carry_out(command)
        except TesseraError as error:
            self._send(Failed(request, error.info))
        except MemoryError:
            self._send(Failed(request, MemoryLimitError("Memory ran out while drawing.").info))
        except Exception as error:
            # The process border: one bad page must not end the worker.
            log.exception("a bug while handling %s", type(command).__name__)
            self._send(Failed(request, internal_error(error)))

    def _carry_out(self, command: Command) -> None:
        match command:
            case RenderTile():
                self._render_tile(command)
            case RenderPage():
                self._render_page(command)
            case ReadText():
                text = self._document(command.page).text(command.page)
                self._send(TextReady(command.request, text))
            case OpenDocument():
                self._open(command)
            case CloseDocument():
                self._close(command.path)
            case _:
                raise UsageError(f"The render worker does not know what to do with {type(command).__name__}.")

    def _open(self, command: OpenDocument) -> None:
        path = str(Path(command.path).absolute())
        # The stamp is taken before reading: a change during it is then noticed at the first use.
        stamp = FileStamp.of(path)
        document = open_document(path, command.password, command.vector_dpi)
        # An older state of the file goes only once the new one is open: a wrong password must not lose it.
        self._close(path)
        self._documents[document.info.id] = (document, stamp)
        self._send(DocumentOpened(command.request, document.info))

    def _close(self, path: str) -> None:
        absolute = str(Path(path).absolute())
        for identity in [each for each in self._documents if each.path == absolute]:
            self._documents.pop(identity)[0].close()

    def _document(self, page: PageRef) -> Document:
        """The open document of `page`. Raises InputError when it is not open or has changed on disk."""
        held = self._documents.get(page.document)
        if held is None:
            raise InputError(f"{Path(page.document.path).name} is not open.", "Open it again.")
        document, stamp = held
        if FileStamp.of(page.document.path) != stamp:
            raise InputError(
                f"{document.info.name} has changed on disk since it was opened.", "Open it again to see what it is now."
            )
        return document

    def _render_tile(self, command: RenderTile) -> None:
        if command.width <= 0 or command.height <= 0 or command.scale <= 0:
            raise UsageError(f"A tile of {command.width} x {command.height} px at scale {command.scale} is nothing.")
        view = TileView(command.scale, command.rotation, command.x, command.y, command.width, command.height)
        slot = self._ring.slot(command.slot)
        if view.size_bytes > len(slot):
            raise UsageError(f"A tile of {command.width} x {command.height} px does not fit its slot.")
        self._document(command.page).render(command.page, view, slot)
        self._send(TileReady(command.request, command.slot, Size(command.width, command.height)))

    def _render_page(self, command: RenderPage) -> None:
        document = self._document(command.page)
        document.check_readable(document.base(command.page))
        size = document.base(command.page).turned(command.page.orientation).native
        path = Path(command.path)
        _check_free(path, size.area * RGB_BYTES)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise _not_written(error) from error
        try:
            checksum = self._write(document, command, handle)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _not_written(error) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._send(PageImageReady(command.request, command.path, size, checksum))

    def _write(self, document: Document, command: RenderPage, handle: int) -> str:
        """Write the page image to the new file `handle` and close it; returns the sha256 of what was written."""
        digest = hashlib.sha256()
        with os.fdopen(handle, "wb") as file:
            for band in document.bands(command.page):
                if self._cancelled(command.request):
                    raise CancelledError("No longer wanted.")
                digest.update(band)
                file.write(band)
        return digest.hexdigest()


def limit_memory(size_bytes: int) -> None:
    """Cap the process's address space, so that a bomb gets a refused allocation instead of the machine's memory.

    Only Linux enforces RLIMIT_AS in a usable way; elsewhere the parent watches the process's size.
    """
    if sys.platform != "linux":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = size_bytes if hard == resource.RLIM_INFINITY else min(size_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _check_free(path: Path, needed_bytes: int) -> None:
    """Raises OutputError when the disk of `path` has no room for it."""
    with suppress(FileNotFoundError):
        free = shutil.disk_usage(path.parent).free
        if free < needed_bytes + DISK_MARGIN_BYTES:
            raise OutputError(
                f"The page image needs {needed_bytes >> 20} MB in {path.parent}; {free >> 20} MB are free."
            )


def _not_written(error: OSError) -> OutputError:
    return OutputError(f"The page image cannot be written: {(error.strerror or str(error)).lower()}.")
