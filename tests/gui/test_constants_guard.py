"""PySide6 6.12 gives away references to None on Python 3.11; the guard keeps the interpreter from aborting."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = 200_000
MANY_VOID_CALLS = f"""
from PySide6.QtCore import QRect
rect = QRect(0, 0, 3, 3)
for _ in range({CALLS}):
    rect.moveTo(1, 2)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_importing_the_window_outlives_many_void_calls() -> None:
    done = run("import app" + MANY_VOID_CALLS)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the constants are immortal")
@pytest.mark.parametrize("constant", ["None", "True", "False", "NotImplemented"])
def test_every_constant_has_references_to_spare(constant: str) -> None:
    done = run(f"import app, sys; assert sys.getrefcount({constant}) > 10**15")
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the constants are immortal")
def test_guard_is_still_needed() -> None:
    done = run(MANY_VOID_CALLS)
    assert "deallocating None" in done.stderr, "PySide6 no longer loses references: remove app/constants_guard.py"
