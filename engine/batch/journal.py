"""The journal of a run: every answer on disk as soon as it is made, written by one process only.

One SQLite file and one lock file per run, in the user's state folder, readable by the user alone. Write-ahead log
with synchronous FULL: an answer that `record` returned from survives a power cut. The lock is the operating system's,
so that it falls with its owner, however that one dies.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.batch.table import Row, from_cells, to_cells
from engine.errors import OutputError, RunBusyError
from engine.paths import make_private, state_dir

SCHEMA_VERSION = 1

_SCHEMA = "CREATE TABLE rows (key TEXT PRIMARY KEY, cells TEXT NOT NULL, protected INTEGER NOT NULL) WITHOUT ROWID"
_UNUSABLE_HINT = "Move it away to begin the run anew."

logger = logging.getLogger(__name__)


def runs_folder() -> Path:
    """Where journals live; made, for the user alone, where it is missing. Raises OutputError."""
    folder = state_dir() / "runs"
    try:
        return make_private(folder)
    except OSError as error:
        raise OutputError(f"The state folder {folder} cannot be made: {error.strerror}.") from error


class Journal:
    """The rows of one run by key (`Task.key`). One thread uses it at a time.

    Raises RunBusyError when another process, or another Journal of this one, owns the run, and OutputError when the
    journal cannot be written or read; what it holds stays in it.
    """

    def __init__(self, run: str, folder: Path | None = None) -> None:
        place = runs_folder() if folder is None else folder
        self.path = place / f"{run}.sqlite"
        self._lock = _Lock(place / f"{run}.lock")
        try:
            self._db = self._open()
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def record(self, key: str, row: Row, *, protected: bool = False) -> None:
        """Stores `row` durably in a transaction of its own; an earlier one of the same key is replaced.

        `protected` marks rows of documents that needed a password, for `forget_protected`.
        """
        # ASCII JSON: a file name that is not valid Unicode has no UTF-8 for SQLite to store.
        cells = json.dumps(to_cells(row))
        with self._errors():
            self._db.execute("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", (key, cells, protected))

    def is_empty(self) -> bool:
        """True when no row was recorded yet."""
        with self._errors():
            return self._db.execute("SELECT 1 FROM rows LIMIT 1").fetchone() is None

    def find(self, key: str) -> Row | None:
        """The row of `key`, None when it is not done."""
        with self._errors():
            found = self._db.execute("SELECT cells FROM rows WHERE key = ?", (key,)).fetchone()
        try:
            return None if found is None else from_cells(json.loads(found[0]))
        except (ValueError, LookupError, TypeError) as error:
            raise OutputError(f"The journal {self.path} is damaged: {error}.", _UNUSABLE_HINT) from error

    def forget_protected(self) -> None:
        """Removes the rows of protected documents, and their text from the file."""
        self._forget("DELETE FROM rows WHERE protected")

    def forget_all(self) -> None:
        """Begins the run anew."""
        self._forget("DELETE FROM rows")

    def _forget(self, statement: str) -> None:
        with self._errors():
            self._db.execute(statement)
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the file and lets go of the run; may be called twice."""
        self._db.close()
        self._lock.release()

    def _open(self) -> sqlite3.Connection:
        with self._errors():
            # Made here first, for the user alone; SQLite gives its log the rights of the file.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            with self._errors():
                self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            logger.info("no write-ahead log in %s, journal mode is %s", self.path.parent, mode)
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.execute("BEGIN IMMEDIATE")
            db.execute(_SCHEMA)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            db.execute("COMMIT")
        elif version != SCHEMA_VERSION:
            raise OutputError(f"The journal {self.path} was made by another version of Tessera.", _UNUSABLE_HINT)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            damaged = getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT")
            hint = _UNUSABLE_HINT if damaged else None
            raise OutputError(f"The journal {self.path} cannot be written: {error}.", hint) from error
        except OSError as error:
            raise OutputError(f"The journal {self.path} cannot be written: {error.strerror}.") from error


class _Lock:
    """An exclusive lock of the operating system on a file; whoever holds the file open holds it."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise OutputError(f"The journal's lock {path} cannot be written: {error.strerror}.") from error
        try:
            _lock(self._descriptor)
        except (BlockingIOError, PermissionError) as error:
            self.release()
            raise RunBusyError("This run is being worked on by another Tessera.") from error
        except OSError as error:
            self.release()
            raise OutputError(f"{path.parent} cannot lock files: {error.strerror}.") from error

    def release(self) -> None:
        # Closing lets go of the lock. The file stays: were it removed, two owners could lock two files of one name.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
