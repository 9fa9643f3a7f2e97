"""Closes the window in order when the process is asked to end. Made after the first paint, which can do without."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals(QObject):
    """Calls `stop` in the event loop when the process is asked to end; Qt's loop alone never lets Python see it."""

    def __init__(self, stop: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._stop = stop
        self.came = False
        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        for each in (self._ours, theirs):
            each.setblocking(False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal_come)
        self._fd_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, lambda *_: None) for number in STOP_SIGNALS}

    def close(self) -> None:
        """Leave the signals as they were found."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._notifier.setEnabled(False)
        self._ours.close()
        self._theirs.close()

    def _on_signal_come(self) -> None:
        numbers = self._ours.recv(64)
        if any(number in STOP_SIGNALS for number in numbers):
            self.came = True
            self._stop()
