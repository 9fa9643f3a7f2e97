"""The private folder through which whole page images travel from the render worker to the reading worker.

It is readable by this user alone and removed with the supervisor. Images of protected documents go to memory-backed
storage where the system has it, so that nothing of them reaches the disk.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path

from engine.errors import MemoryLimitError

MEMORY_ROOT = Path("/dev/shm")


class RunFolder:
    """Hands out fresh file names; makes its folders (mode 0700) when the first is asked for."""

    def __init__(self) -> None:
        self._disk: Path | None = None
        self._memory: Path | None = None
        self._numbers = itertools.count()

    def new_file(self, size_bytes: int, *, protected: bool) -> Path:
        """A name for a file of `size_bytes` that does not exist yet.

        Raises MemoryLimitError when a protected page does not fit in memory-backed storage.
        """
        return self._folder(size_bytes, protected=protected) / f"page-{next(self._numbers)}.rgb"

    def _folder(self, size_bytes: int, *, protected: bool) -> Path:
        if protected and MEMORY_ROOT.is_dir():
            if shutil.disk_usage(MEMORY_ROOT).free < size_bytes:
                raise MemoryLimitError(
                    "A page of a protected document does not fit in shared memory, and is not written to disk."
                )
            self._memory = self._memory or Path(tempfile.mkdtemp(prefix="tessera-", dir=MEMORY_ROOT))
            return self._memory
        self._disk = self._disk or Path(tempfile.mkdtemp(prefix="tessera-"))
        return self._disk

    def remove(self) -> None:
        for folder in (self._disk, self._memory):
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
        self._disk = self._memory = None
