"""No test, and no process a test starts, may open an internet socket. Python imports this at start-up wherever the
tests' PYTHONPATH reaches; pipes between processes (AF_UNIX) stay allowed.

A test of the download worker needs a hub: with `TESSERA_TEST_LOOPBACK=1` (the fixture `loopback` sets it) IPv4 sockets
may be opened, and connected or bound to 127.0.0.1 alone, without asking for any name.
"""

from __future__ import annotations

import os
import socket
import sys

INTERNET = (socket.AF_INET, socket.AF_INET6)
LOOPBACK = "127.0.0.1"
LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo")
TRAFFIC = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg")


def _host(event: str, args: tuple[object, ...]) -> object:
    """The host that a socket event is about; None for pipes."""
    if event in LOOKUPS:
        first = args[0]
        return first[0] if isinstance(first, tuple) else first
    used, address = args[0], args[1]
    internet = isinstance(used, socket.socket) and used.family in INTERNET
    return address[0] if internet and isinstance(address, tuple) else None


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    loopback = os.environ.get("TESSERA_TEST_LOOPBACK") == "1"
    if event == "socket.__new__" and args[1] in INTERNET and not (loopback and args[1] == socket.AF_INET):
        raise RuntimeError("tests must not open internet sockets")
    if loopback and event in LOOKUPS + TRAFFIC and _host(event, args) not in (LOOPBACK, None):
        raise RuntimeError("tests must not open internet sockets beyond 127.0.0.1")


sys.addaudithook(_refuse)
