"""Keeps `None`, `True`, `False` and `NotImplemented` alive on Python 3.11, where PySide6 6.12 gives them away.

Its wheels return them without taking a reference, which is right only for Pythons in which they cannot die (3.12 and
later). On an older one the counts run down with every call of a void method, and after some seconds of painting the
interpreter aborts with "deallocating None". `tests/gui/test_constants_guard.py` fails once a new wheel makes this
module needless.
"""

from __future__ import annotations

import ctypes
import logging
import sys

logger = logging.getLogger(__name__)

CONSTANTS = (None, True, False, NotImplemented)
SPARE_REFERENCES = 1 << 60
"""More than any session can give away."""
READING_NOISE = 64
"""The two readings of a count below are not taken at the same instant."""


def keep_constants_alive() -> None:
    """Raise the reference counts of the constants out of reach. Does nothing where they are immortal anyway."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for constant in CONSTANTS:
        count = ctypes.c_ssize_t.from_address(id(constant))
        if abs(count.value - sys.getrefcount(constant)) > READING_NOISE:
            logger.warning("this Python keeps reference counts elsewhere; use Python 3.12 or later with PySide6 6.12")
            return
        if count.value < SPARE_REFERENCES:
            count.value += SPARE_REFERENCES
