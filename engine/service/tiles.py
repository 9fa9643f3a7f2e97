"""The tile ring: shared memory through which the render worker hands RGB32 tiles to the window.

The parent alone creates, sizes and unlinks it; a worker attaches and never registers it with a resource tracker,
which would unlink it when the worker dies.
"""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing import resource_tracker, shared_memory

SLOT_BYTES = 1 << 20
SLOT_COUNT = 64
TILE_SIDE_PX = 512
BYTES_PER_PIXEL = 4


class TileRing:
    """The parent's end: owns the memory and the free list of slots."""

    def __init__(self, slots: int = SLOT_COUNT) -> None:
        self._memory = shared_memory.SharedMemory(create=True, size=slots * SLOT_BYTES)
        self._bytes = _bytes_of(self._memory)
        self._free = list(range(slots))
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._memory.name

    def take(self) -> int | None:
        """A free slot, or None when all are in flight."""
        with self._lock:
            return self._free.pop() if self._free else None

    def give_back(self, slot: int) -> None:
        with self._lock:
            self._free.append(slot)

    def copy_out(self, slot: int, size_bytes: int) -> bytes:
        """The first `size_bytes` of `slot`, copied at once so that the slot can be used again."""
        start = slot * SLOT_BYTES
        return bytes(self._bytes[start : start + size_bytes])

    def close(self) -> None:
        """Release and unlink the memory; the ring cannot be used afterwards."""
        self._bytes.release()
        self._memory.close()
        self._memory.unlink()


class TileRingView:
    """A worker's end: attached by name, never owned."""

    def __init__(self, name: str) -> None:
        self._memory = _attach(name)
        self._bytes = _bytes_of(self._memory)

    def slot(self, index: int) -> memoryview:
        """The bytes of one slot, writable."""
        start = index * SLOT_BYTES
        return self._bytes[start : start + SLOT_BYTES]

    def close(self) -> None:
        self._bytes.release()
        self._memory.close()


def _bytes_of(memory: shared_memory.SharedMemory) -> memoryview:
    if memory.buf is None:
        raise ValueError("the tile ring is closed")
    return memory.buf


def _attach(name: str) -> shared_memory.SharedMemory:
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name=name, track=False)
    memory = shared_memory.SharedMemory(name=name)
    if os.name == "posix":
        # Attaching registers the block as if it were ours (CPython issue 82300); the parent is its only owner.
        resource_tracker.unregister(f"/{memory.name.lstrip('/')}", "shared_memory")
    return memory
