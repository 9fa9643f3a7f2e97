"""The documents of a run: files, folders and patterns expanded into an ordered list."""

from __future__ import annotations

import glob
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ErrorInfo, FileMissingError, InputError

SUPPORTED_SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})

_HINT = "Name a PDF or an image, or a folder that holds some."


@dataclass(frozen=True, slots=True)
class Source:
    """One document of a run by its absolute path. With `error` it stands for something that could not be found,
    and its rows say so."""

    path: str
    error: ErrorInfo | None = None


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts `page 2` before `page 10`, whatever the case."""
    parts = re.findall(r"[0-9]+|[^0-9]+", unicodedata.normalize("NFC", text).casefold())
    return tuple((0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts)


def find_documents(names: Iterable[str | Path]) -> tuple[Source, ...]:
    """The documents that `names` mean, in the order given; naming a file twice keeps it twice.

    A folder gives its supported files, subfolders included, hidden ones left out, in natural order; a pattern
    (`*`, `?`, `[`, `**`) its matches. A file named outright is taken whatever its suffix: opening it decides. A
    name that leads nowhere becomes a Source with an error. Raises InputError when folders and patterns give nothing.
    """
    given = [str(name) for name in names]
    sources = [source for name in given for source in _expand(name)]
    if not sources or all(source.error is not None and source.error.code == InputError.code for source in sources):
        what = ", ".join(given) if given else "Nothing"
        raise InputError(f"No document found: {what} holds no PDF or image.", _HINT)
    return tuple(sources)


def _expand(name: str) -> Iterator[Source]:
    path = Path(os.path.abspath(Path(name).expanduser()))  # noqa: PTH100 - resolve() would follow symbolic links
    if path.is_dir():
        yield from _of_folder(path)
    elif glob.has_magic(name) and not path.exists():
        yield from _of_pattern(str(path))
    elif path.exists():
        yield Source(str(path))
    else:
        yield Source(str(path), FileMissingError(f"There is no file {path}.").info)


def _of_folder(folder: Path) -> Iterator[Source]:
    found: list[Path] = []
    failed: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=failed.append):
        folders[:] = [each for each in folders if not each.startswith(".")]
        found.extend(Path(place, each) for each in files if _is_supported(each))
    for path in sorted(found, key=lambda each: [natural_key(part) for part in each.relative_to(folder).parts]):
        yield Source(str(path))
    for error in failed:
        message = f"The folder {error.filename} cannot be read: {error.strerror}."
        yield Source(str(error.filename), InputError(message, "Check its rights.").info)
    if not found and not failed:
        yield Source(str(folder), InputError(f"The folder {folder} holds no PDF or image.", _HINT).info)


def _of_pattern(pattern: str) -> Iterator[Source]:
    matches = [Path(match) for match in glob.iglob(pattern, recursive=True)]  # noqa: PTH207 - absolute patterns
    files = [path for path in matches if path.is_file() and _is_supported(path.name)]
    for path in sorted(files, key=lambda each: natural_key(str(each))):
        yield Source(str(path))
    if not files:
        yield Source(pattern, InputError(f"No PDF or image matches {pattern}.", _HINT).info)


def _is_supported(name: str) -> bool:
    return not name.startswith((".", "~$")) and Path(name).suffix.lower() in SUPPORTED_SUFFIXES
