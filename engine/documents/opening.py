"""Opening a file by what it contains, whatever it is called, and knowing it again: its sha256 and its state on disk."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from engine.documents.document import Document
from engine.documents.types import DocumentId
from engine.errors import (
    FileDamagedError,
    FileEmptyError,
    FileMissingError,
    InputError,
    NoPagesError,
    PasswordNeededError,
    PasswordWrongError,
    UnsupportedFileError,
)

# The readers of PDF accept a header anywhere in the first kilobyte.
_HEAD_BYTES = 1024
_HASH_CHUNK_BYTES = 1 << 20
_MISNAMED_HINT = "Check what the file really is; a web page saved under this name is the usual cause."

_PDF_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b")

_SUFFIXES = {
    "PDF": (".pdf",),
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "TIFF": (".tif", ".tiff"),
    "WebP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "GIF": (".gif",),
}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What tells a file that was changed from one that was not, without reading it."""

    size_bytes: int
    modified_ns: int
    inode: int

    @staticmethod
    def of(path: str) -> FileStamp:
        """Raises FileMissingError, or InputError when the file cannot be looked at."""
        status = _status(path)
        return FileStamp(status.st_size, status.st_mtime_ns, status.st_ino)


def open_document(path: str, password: str | None = None, vector_dpi: float = 150.0) -> Document:
    """Open `path`, choosing by its content; `vector_dpi` is the native resolution of vector pages.

    Raises FileMissingError, FileEmptyError, UnsupportedFileError, FileDamagedError, PasswordNeededError,
    PasswordWrongError, NoPagesError, PageTooLargeError, MemoryLimitError, or InputError when it may not be read.
    """
    absolute = str(Path(path).absolute())
    name = Path(absolute).name
    status = _status(absolute)
    if stat.S_ISDIR(status.st_mode):
        raise UnsupportedFileError(f"{name} is a folder.", "Name a file, or use batch for a folder.")
    if not stat.S_ISREG(status.st_mode):
        raise UnsupportedFileError(f"{name} is not a regular file.")
    if status.st_size == 0:
        raise FileEmptyError(f"{name} is empty.")
    head, digest = _read(absolute)
    identity = DocumentId(absolute, digest)
    found = content_kind(head)
    suffix = Path(absolute).suffix.lower()
    if found is None and suffix == ".pdf" and _PDF_OBJECT.search(head):
        # A PDF that lost its header can be repaired like one that lost its table.
        found = "PDF"
    if found is None:
        raise _not_supported(name, suffix)
    notices: tuple[str, ...] = ()
    if suffix not in _SUFFIXES[found]:
        notices = (f"{name} is a {found} file whatever its name says; it was opened as one.",)
    # Each kind loads its library only when a file needs it.
    if found == "PDF":
        return _open_pdf(identity, name, password, vector_dpi, notices)
    from engine.documents.images import ImageDocument

    return ImageDocument(absolute, identity, notices)


def content_kind(head: bytes) -> str | None:
    """The kind of a file by its first kilobyte: PDF, PNG, JPEG, TIFF, WebP, BMP, GIF, or None."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    return "PDF" if b"%PDF-" in head[:_HEAD_BYTES] else None


def _open_pdf(
    identity: DocumentId, name: str, password: str | None, vector_dpi: float, notices: tuple[str, ...]
) -> Document:
    from engine.documents.mupdf import pymupdf, translated
    from engine.documents.pdf import PdfDocument

    with translated(f"opening {name}"):
        handle = pymupdf.open(identity.path, filetype="pdf")
        try:
            protected = bool(handle.needs_pass)
            if protected:
                _unlock(handle, name, password)
            if handle.page_count == 0:
                _refuse_no_pages(handle.is_repaired, name)
            document = PdfDocument(handle, identity, vector_dpi)
            document.announce(protected, notices)
            return document
        except BaseException:
            handle.close()
            raise


def _unlock(handle: object, name: str, password: str | None) -> None:
    if not password:
        raise PasswordNeededError(f"{name} is protected by a password.")
    if not handle.authenticate(password):  # type: ignore[attr-defined]  # pymupdf has no types
        raise PasswordWrongError(f"The password does not open {name}.")


def _refuse_no_pages(repaired: bool, name: str) -> None:
    if repaired:
        raise FileDamagedError(f"{name} is damaged: no page of it can be found.")
    raise NoPagesError(f"{name} has no pages.")


def _status(path: str) -> os.stat_result:
    try:
        return os.stat(path)  # noqa: PTH116 - asked before every tile, and pathlib takes three times as long
    except FileNotFoundError as error:
        raise FileMissingError(f"There is no file {path}.") from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be opened: {_reason(error)}.", "Check the path and your rights to it."
        ) from error


def _read(path: str) -> tuple[bytes, str]:
    """The head of the file and the sha256 of all of it, read once and a megabyte at a time."""
    digest = hashlib.sha256()
    head = b""
    try:
        with Path(path).open("rb") as file:
            while chunk := file.read(_HASH_CHUNK_BYTES):
                head = head or chunk[:_HEAD_BYTES]
                digest.update(chunk)
    except FileNotFoundError as error:
        raise FileMissingError(f"There is no file {path}.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {_reason(error)}.", "Check your rights to the file.") from error
    return head, digest.hexdigest()


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _not_supported(name: str, suffix: str) -> InputError:
    for kind, suffixes in _SUFFIXES.items():
        if suffix in suffixes:
            return UnsupportedFileError(f"{name} is called a {kind} file but is none.", _MISNAMED_HINT)
    return UnsupportedFileError(f"{name} is of no kind that can be opened.")
