"""The guarded import of MuPDF, and its exceptions as ours."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.documents.mupdf import HIDDEN_MODULES, mupdf, pymupdf, translated
from engine.errors import FileDamagedError, MemoryLimitError, PageTooLargeError, PasswordNeededError, TesseraError

REPORT = """
import sys
import engine.documents.mupdf as door
print(",".join(sorted(sys.modules)))
print(door.pymupdf.open().new_page().rect.width)
"""


def test_importing_mupdf_brings_neither_layout_analysis_nor_onnx() -> None:
    """Fails when a new wheel imports its heavy parts in another way: then engine/documents/mupdf.py must change."""
    out = subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, check=True).stdout.split("\n")
    loaded = set(out[0].split(","))
    assert "pymupdf" in loaded
    assert not {*HIDDEN_MODULES, "onnxruntime", "networkx", "tabulate"} & loaded
    assert out[1] == "595.0"


def test_the_hidden_modules_are_still_what_the_wheel_imports() -> None:
    """Fails when the wheel stops importing them: then the guard is dead code and must go."""
    script = f"import pymupdf, sys; print(all(name in sys.modules for name in {HIDDEN_MODULES!r}))"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "True"


def test_a_wheel_that_needs_the_hidden_parts_is_imported_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.documents import mupdf as door

    tries: list[bool] = []

    def import_module(name: str) -> object:
        tries.append(sys.modules.get("pymupdf.layout", door) is None)
        if tries[-1]:
            raise ImportError(name)
        return pymupdf

    for name in HIDDEN_MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(door.importlib, "import_module", import_module)
    assert door._import_light() is pymupdf
    assert tries == [True, False]
    assert not set(HIDDEN_MODULES) & set(sys.modules)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (pymupdf.FileDataError("Failed to open file"), FileDamagedError),
        (pymupdf.EmptyFileError("Cannot open empty file"), FileDamagedError),
        (mupdf.FzErrorFormat("cannot recognize version marker"), FileDamagedError),
        (RuntimeError("code=2: syntax error"), FileDamagedError),
        (mupdf.FzErrorSystem("code=2: malloc (1000000000 bytes) failed"), MemoryLimitError),
        (mupdf.FzErrorLimit("Overly large image"), PageTooLargeError),
        (MemoryError(), MemoryLimitError),
        (PasswordNeededError("locked"), PasswordNeededError),
    ],
)
def test_each_bare_exception_becomes_ours(raised: BaseException, expected: type[TesseraError]) -> None:
    with pytest.raises(expected) as caught, translated("opening a.pdf"):
        raise raised
    assert "code=" not in caught.value.message
    assert caught.value.hint


def test_a_bug_of_ours_is_not_called_a_damaged_file() -> None:
    with pytest.raises(ValueError, match="ours"), translated("opening a.pdf"):
        raise ValueError("ours")
