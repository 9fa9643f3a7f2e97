"""Files written complete or not at all, readable by this user alone. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from engine.paths import make_private

PRIVATE_MODE = 0o600


def write_atomically(path: Path, text: str, *, backup: bool = False) -> None:
    """Replace `path` by a complete new file, readable by this user alone. Raises OSError.

    With `backup` the file that was there stays as `<name>.bak`.
    """
    make_private(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if backup and path.exists():
            path.replace(path.with_name(f"{path.name}.bak"))
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
