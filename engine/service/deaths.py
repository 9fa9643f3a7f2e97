"""When starting a worker again is no use any more. No process lives here."""

from __future__ import annotations

import time
from collections import deque

from engine.service.messages import WorkerKind

MAX_DEATHS = 6
DEATH_WINDOW_S = 60.0


class Deaths:
    """The last deaths of each kind of worker."""

    def __init__(self) -> None:
        self._times_s: dict[WorkerKind, deque[float]] = {kind: deque(maxlen=MAX_DEATHS) for kind in WorkerKind}

    def add(self, kind: WorkerKind) -> bool:
        """Note a death now; whether there were so many of late that the next start would end like them."""
        times_s = self._times_s[kind]
        times_s.append(time.monotonic())
        return len(times_s) == MAX_DEATHS and times_s[-1] - times_s[0] < DEATH_WINDOW_S
