"""Keeps `None` alive on Python 3.11, where PySide6 6.12 gives away a reference to it with every call of a void method.

Its wheels are built for Pythons in which `None` cannot die (3.12 and later); on an older one the count runs down, and
after some seconds of painting the interpreter aborts with "deallocating None". `tests/gui/test_none_guard.py` fails
once a new wheel makes this module needless.
"""

from __future__ import annotations

import ctypes
import logging
import sys

logger = logging.getLogger(__name__)

SPARE_REFERENCES = 1 << 60
"""More than any session can give away; adding it twice still fits the 64-bit count."""
READING_NOISE = 64
"""The two readings of the count below are not taken at the same instant."""


def keep_none_alive() -> None:
    """Raise the reference count of `None` out of reach. Does nothing where `None` is immortal anyway."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    count = ctypes.c_ssize_t.from_address(id(None))
    if abs(count.value - sys.getrefcount(None)) > READING_NOISE:
        logger.warning("this Python keeps reference counts elsewhere; use Python 3.12 or later with PySide6 6.12")
        return
    if count.value < SPARE_REFERENCES:
        count.value += SPARE_REFERENCES
