"""One pull or removal of a model at a time, whoever asks; a killed one lets go by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from engine.errors import OutputError, RunBusyError
from engine.paths import make_private


@contextmanager
def model_lock(model_id: str, folder: Path) -> Iterator[None]:
    """Hold the lock of a model, which is a file in `folder`. Raises RunBusyError at once when another holds it."""
    try:
        lock = FileLock(make_private(folder) / f"{model_id.replace('/', '--')}.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunBusyError(
            f"{model_id} is being fetched or removed by another Tessera.", "Wait for it to finish, or stop it first."
        ) from error
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from error
    try:
        yield
    finally:
        lock.release()
