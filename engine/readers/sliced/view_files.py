"""Where kept visual tokens lie on disk. Imports nothing heavy, so that clearing them loads no model."""

from __future__ import annotations

from engine.kept_files import KeptFiles
from engine.paths import cache_dir

VIEWS_FOLDER, SUFFIX = "views", ".view"
MAX_DISK_BYTES = 4_000_000_000


def view_files() -> KeptFiles:
    """The views kept on disk, whatever model they are of."""
    return KeptFiles(cache_dir() / VIEWS_FOLDER, SUFFIX, MAX_DISK_BYTES)
