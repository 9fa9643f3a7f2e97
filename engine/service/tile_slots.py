"""Tiles that wait for a slot of the ring, and the slots that tiles under way hold. The supervisor's lock guards it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from engine.service.jobs import Job
from engine.service.messages import RenderTile, TileReady
from engine.service.tiles import BYTES_PER_PIXEL, TileRing


class TileSlots:
    """Makes the ring when it is first needed."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._ring: TileRing | None = None

    @property
    def ring(self) -> TileRing:
        self._ring = self._ring or TileRing()
        return self._ring

    def add(self, job: Job) -> None:
        self._waiting.append(job)

    def ready(self) -> Iterator[Job]:
        """The tiles that there are slots for, oldest first, each with its slot."""
        while self._waiting:
            slot = self.ring.take()
            if slot is None:
                return
            job = self._waiting.popleft()
            job.slot = slot
            if isinstance(job.command, RenderTile):
                job.command = replace(job.command, slot=slot)
            yield job

    def withdraw(self, request: int) -> Job | None:
        """Take a tile out that still waits; None where none of that request does."""
        job = next((each for each in self._waiting if each.pending.request == request), None)
        if job is not None:
            self._waiting.remove(job)
        return job

    def pixels(self, job: Job, reply: TileReady) -> bytes:
        """The tile that a worker put into the slot of `job`; nothing where its caller was told already."""
        if job.told or job.slot is None:
            return b""
        return self.ring.copy_out(job.slot, reply.size.area * BYTES_PER_PIXEL)

    def free(self, job: Job) -> bool:
        """Give back the slot of `job`; whether it had one."""
        if job.slot is None:
            return False
        self.ring.give_back(job.slot)
        job.slot = None
        return True

    def empty(self) -> list[Job]:
        """Take all waiting tiles out."""
        jobs = list(self._waiting)
        self._waiting.clear()
        return jobs

    def close(self) -> None:
        if self._ring is not None:
            self._ring.close()
