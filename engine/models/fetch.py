"""One file of a model, fetched into `NAME.part`, continued where it stopped, verified, and only then given its name.

A pull that is cancelled, cut or killed leaves the `.part`; bytes that turn out wrong are deleted at once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx2
from huggingface_hub.utils import get_session

from engine.errors import CancelledError, DownloadError, OutputError
from engine.models.hub import STALL_S, file_url, hub_errors, refusal, request_headers, unreachable
from engine.models.types import HubFile

logger = logging.getLogger(__name__)

PART_SUFFIX = ".part"
CHUNK_BYTES = 1 << 20
POLL_S = 0.05
OK, PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 200, 206, 416
PASSING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a connection that brings nothing is tried again, and the pauses between, which double."""

    tries: int = 6
    first_pause_s: float = 0.5
    longest_pause_s: float = 8.0

    def pause_s(self, failures: int) -> float:
        return min(self.first_pause_s * 2.0 ** (failures - 1), self.longest_pause_s)


@dataclass(frozen=True, slots=True)
class Hooks:
    """How a download speaks to whoever asked for it: bytes of this file that are there, and whether to stop."""

    on_bytes: Callable[[int], None]
    cancelled: Callable[[], bool]

    def check(self) -> None:
        """Raises CancelledError."""
        if self.cancelled():
            raise CancelledError("Cancelled.", "What was fetched so far is kept; pull again to go on.")

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than until it is cancelled."""
        self.check()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(POLL_S, left))


class _CutError(Exception):
    """The connection ended before the file did."""


class PartFile:
    """The `.part` of one file: how many bytes are there, and their running checksums. A context manager."""

    def __init__(self, folder: Path, file: HubFile) -> None:
        self._file = file
        self._target = folder / file.name
        self.path = folder / (file.name + PART_SUFFIX)
        self._open()

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def complete(self) -> bool:
        return self.done == self._file.size_bytes

    def broken_off(self, best: int, reason: BaseException | None) -> DownloadError:
        """What to say when the file never got further than `best` bytes."""
        if best == 0:
            return unreachable(reason)
        return DownloadError(
            f"The connection keeps breaking off at {best:,} of {self._file.size_bytes:,} bytes of {self._file.name}.",
            "Pull again later; what was fetched so far is kept.",
        )

    def write(self, chunk: bytes) -> None:
        """Append. Raises DownloadError when the file becomes longer than promised, OutputError when it cannot be
        written."""
        if self.done + len(chunk) > self._file.size_bytes:
            self._give_up("is longer than the hub said")
        self._stream.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        """Forget what is there. In a new file: the old one may be a link to an installed model's, which is in use."""
        self._stream.close()
        self.path.unlink()
        self._open()

    def finish(self) -> str:
        """Verify and rename; the sha256 in hex. Raises DownloadError, after deleting the part, for wrong content."""
        if not self._right():
            self._give_up("does not have the checksum that the hub promised")
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self.path.replace(self._target)
        return self._sha256.hexdigest()

    def read_back(self, hooks: Hooks) -> None:
        """Take up what an earlier pull left, unless it cannot be right."""
        if self.path.stat().st_size > self._file.size_bytes:
            self.restart()
        self._stream.seek(0)
        while chunk := self._stream.read(CHUNK_BYTES):
            hooks.check()
            self._count(chunk)
            hooks.on_bytes(self.done)
        if self.complete and not self._right():
            logger.warning("%s was damaged on the disk and is fetched again", self.path)
            self.restart()

    def _right(self) -> bool:
        if self._file.sha256:
            return self._sha256.hexdigest() == self._file.sha256
        return self._git_sha1.hexdigest() == self._file.git_sha1

    def _open(self) -> None:
        self._stream = self.path.open("ab+")
        self.done = 0
        self._sha256 = hashlib.sha256()
        self._git_sha1 = hashlib.sha1(b"blob %d\0" % self._file.size_bytes, usedforsecurity=False)

    def _count(self, chunk: bytes) -> None:
        self.done += len(chunk)
        self._sha256.update(chunk)
        if not self._file.sha256:
            self._git_sha1.update(chunk)

    def _give_up(self, what: str) -> None:
        self._stream.close()
        self.path.unlink(missing_ok=True)
        raise DownloadError(
            f"{self._file.name} {what}; what was fetched of it was deleted.",
            "Pull again; if it happens again, the hub or something on the way to it is not to be trusted.",
        )


def fetch(
    model_id: str, revision: str, file: HubFile, folder: Path, hooks: Hooks, patience: Patience | None = None
) -> str:
    """Bring `file` into `folder`; its sha256 in hex. A file that is there already is verified again, not fetched.

    Raises DownloadError, OutputError, CancelledError.
    """
    target = folder / file.name
    try:
        if target.exists():
            target.replace(folder / (file.name + PART_SUFFIX))
        with PartFile(folder, file) as part:
            part.read_back(hooks)
            if not part.complete:
                _fill(part, file_url(model_id, revision, file.name), model_id, hooks, patience or Patience())
            return part.finish()
    except OSError as error:
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}.",
            "Free some space or make the folder writable, then pull again; what was fetched so far is kept.",
        ) from error


def _fill(part: PartFile, url: str, model_id: str, hooks: Hooks, patience: Patience) -> None:
    """Request what is missing until it is all there, trying again after cuts. Only bytes that never came before count
    as progress: a hub whose file is too short would be asked for ever."""
    failures, best = 0, part.done
    while not part.complete:
        try:
            with hub_errors(model_id):
                _request(part, url, model_id, hooks)
        except _CutError as error:
            failures = 1 if part.done > best else failures + 1
            best = max(best, part.done)
            if failures >= patience.tries:
                raise part.broken_off(best, error.__cause__) from error
            hooks.pause(patience.pause_s(failures))


def _request(part: PartFile, url: str, model_id: str, hooks: Hooks) -> None:
    """One request for the rest of the file. Raises _CutError when it ends early."""
    # Compressed content would make the bytes on the wire other bytes than those the checksum is of.
    headers = {**request_headers(), "Accept-Encoding": "identity"}
    if part.done:
        headers["Range"] = f"bytes={part.done}-"
    try:
        with get_session().stream("GET", url, headers=headers, timeout=STALL_S) as response:
            if not _continues(response, part, model_id):
                part.restart()
            for chunk in response.iter_raw():
                hooks.check()
                part.write(chunk)
                hooks.on_bytes(part.done)
    except httpx2.TransportError as error:
        raise _CutError from error
    if not part.complete:
        raise _CutError


def _continues(response: httpx2.Response, part: PartFile, model_id: str) -> bool:
    """Whether the answer's bytes follow those that are there; False when they are the file from its start."""
    status = response.status_code
    if status in PASSING:
        raise _CutError
    if status == RANGE_NOT_SATISFIABLE:
        part.restart()
        raise _CutError
    if status == PARTIAL_CONTENT:
        if response.headers.get("Content-Range", "").startswith(f"bytes {part.done}-"):
            return True
        part.restart()
        raise _CutError
    if status != OK:
        raise refusal(model_id, status, response.headers.get("X-Error-Code", ""))
    return part.done == 0
