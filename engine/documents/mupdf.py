"""The only door to MuPDF: the light import of pymupdf, its messages, its memory and its exceptions.

`import pymupdf` 2.0 also imports `pymupdf.layout` (an ONNX runtime) and `pymupdf4llm`: 1.2 s, 137 MB and five threads
for nothing we use. Both imports are optional in pymupdf's own code, so they are hidden while it loads. That leans on
how the wheel is written; tests/unit/test_documents_mupdf.py fails when a new wheel makes the guard useless, and the
plain import is the fallback when a new wheel needs what is hidden.
"""

from __future__ import annotations

import importlib
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from engine.errors import FileDamagedError, InputError, MemoryLimitError, PageTooLargeError

log = logging.getLogger(__name__)

HIDDEN_MODULES = ("pymupdf.layout", "pymupdf4llm")

_OUT_OF_MEMORY = re.compile(r"\b(m|c|re)alloc\b|out of memory|bad_alloc", re.IGNORECASE)
_TOO_LARGE = re.compile(r"overly (large|wide|tall)|too (large|big)|exceeds", re.IGNORECASE)


def _import_light() -> Any:
    """The pymupdf module, without its optional heavy parts unless something else imported them already."""
    modules = cast("dict[str, object]", sys.modules)
    hidden = [name for name in HIDDEN_MODULES if name not in modules]
    for name in hidden:
        modules[name] = None
    try:
        return importlib.import_module("pymupdf")
    except ImportError:
        pass
    finally:
        for name in hidden:
            if modules.get(name, "") is None:
                del modules[name]
    return importlib.import_module("pymupdf")


def _quiet(module: Any) -> None:
    """MuPDF writes warnings about every odd file to stderr and pymupdf to stdout; both belong in the log."""
    module.TOOLS.mupdf_display_errors(False)
    module.TOOLS.mupdf_display_warnings(False)
    module.set_messages(pylogging=True, pylogging_name=__name__)


pymupdf: Any = _import_light()
mupdf: Any = pymupdf.mupdf
_quiet(pymupdf)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turns MuPDF's bare exceptions into ours; `doing` completes the sentences "... failed" and "while ...".

    Raises MemoryLimitError, PageTooLargeError or FileDamagedError; a TesseraError passes unchanged.
    """
    try:
        yield
    except (pymupdf.EmptyFileError, pymupdf.FileDataError) as error:
        # Its text is only the path; what MuPDF found wrong is in the traceback.
        log.warning("MuPDF failed while %s", doing, exc_info=error)
        raise FileDamagedError(f"The file is damaged: {doing} failed.") from error
    except (mupdf.FzErrorBase, RuntimeError) as error:
        log.warning("MuPDF failed while %s", doing, exc_info=error)
        raise _as_ours(error, doing) from error
    except MemoryError as error:
        raise MemoryLimitError(f"Memory ran out while {doing}.") from error


def _as_ours(error: Exception, doing: str) -> InputError | MemoryLimitError:
    reason = _reason(error)
    if _OUT_OF_MEMORY.search(reason):
        return MemoryLimitError(f"Memory ran out while {doing}.")
    if isinstance(error, mupdf.FzErrorLimit) or _TOO_LARGE.search(reason):
        return PageTooLargeError(f"MuPDF's limits were reached while {doing} ({reason}).")
    return FileDamagedError(f"The file is damaged: {doing} failed ({reason}).")


def _reason(error: Exception) -> str:
    """One line of what MuPDF says, without its error number."""
    text = " ".join(str(error).split())
    return re.sub(r"^(code=\d+:\s*)+", "", text)[:200] or type(error).__name__


def text_page(source: Any, flags: int) -> Any:
    """pymupdf's TextPage of a page or a display list, in the frame of the page as displayed.

    pymupdf's own `Page.get_textpage` undoes the page's /Rotate first.
    """
    options = mupdf.FzStextOptions()
    options.flags = flags
    return pymupdf.TextPage(mupdf.FzStextPage(source.this, options))


def forget_cached() -> None:
    """Empty MuPDF's store (256 MB at most, shared by all documents): decoded images, fonts, glyphs.

    The wheel offers no way to change the store's limit, so it is emptied when a document closes.
    """
    mupdf.fz_empty_store()
