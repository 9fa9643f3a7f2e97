"""No test, and no process a test starts, may open an internet socket. Python imports this at start-up wherever the
tests' PYTHONPATH reaches; pipes between processes (AF_UNIX) stay allowed."""

from __future__ import annotations

import socket
import sys

INTERNET = (socket.AF_INET, socket.AF_INET6)


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.__new__" and args[1] in INTERNET:
        raise RuntimeError("tests must not open internet sockets")


sys.addaudithook(_refuse)
