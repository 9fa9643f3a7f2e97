"""The guard that keeps tests offline works here and in every child process."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_an_internet_socket_is_refused_here(family: socket.AddressFamily) -> None:
    with pytest.raises(RuntimeError, match="internet sockets"):
        socket.socket(family)


def test_an_internet_socket_is_refused_in_a_child_process() -> None:
    code = "import socket; socket.socket(socket.AF_INET)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode != 0
    assert "internet sockets" in child.stderr


def test_local_pipes_stay_allowed() -> None:
    left, right = socket.socketpair()
    left.close()
    right.close()


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0", "localhost", "8.8.8.8"])
def test_loopback_means_one_address(loopback: None, address: str) -> None:
    with socket.socket(socket.AF_INET) as opened:
        for use in (opened.connect, opened.bind):
            with pytest.raises(RuntimeError, match=r"beyond 127\.0\.0\.1"):
                use((address, 1))
    with pytest.raises(RuntimeError, match=r"beyond 127\.0\.0\.1"):
        socket.getaddrinfo(address, 80)


def test_loopback_excludes_ipv6(loopback: None) -> None:
    with pytest.raises(RuntimeError, match="internet sockets"):
        socket.socket(socket.AF_INET6)


def test_loopback_itself_can_be_used(loopback: None) -> None:
    with socket.socket(socket.AF_INET) as server, socket.socket(socket.AF_INET) as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
