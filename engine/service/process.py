"""One worker process and the parent's end of its pipe.

Workers are started as `python -m engine.service.worker KIND` (a bundle starts itself with `--worker KIND`), never by
multiprocessing's spawn, which would import the main module again. Messages go over a pipe of their own, never stdout.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import BinaryIO

from engine.paths import make_private
from engine.service.codec import from_json, to_json
from engine.service.messages import Command, Reply, WorkerKind

LOG_LIMIT_BYTES = 1 << 20
SOURCE_ROOT = Path(__file__).resolve().parents[2]


def worker_command(kind: WorkerKind) -> list[str]:
    """The command line that starts a worker, without its pipe handle."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--worker", kind.value]
    return [sys.executable, "-m", "engine.service.worker", kind.value]


class WorkerProcess:
    """A started worker. `receive` blocks and belongs to one thread; `send` may be called from any."""

    def __init__(self, kind: WorkerKind, ring_name: str, memory_limit_bytes: int, log_folder: Path) -> None:
        self.kind = kind
        self._connection, child = Pipe(duplex=True)
        self._send_lock = threading.Lock()
        arguments = [str(_handle(child)), ring_name, str(memory_limit_bytes)]
        with _open_log(log_folder / f"worker-{kind.value}.log") as log:
            self._process = _spawn(
                [*worker_command(kind), *arguments], _handle(child), log, offline=kind is not WorkerKind.DOWNLOAD
            )
        child.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, command: Command) -> None:
        """Raises OSError when the worker is gone."""
        data = to_json(command).encode()
        with self._send_lock:
            self._connection.send_bytes(data)

    def receive(self) -> Reply:
        """The next reply. Raises EOFError or OSError when the worker is gone."""
        reply: Reply = from_json(Reply, self._connection.recv_bytes())
        return reply

    def kill(self) -> None:
        """Stop it at once; `receive` then raises."""
        self._process.kill()

    def finish(self, grace_s: float) -> None:
        """Close the pipe, which ends the worker, and reap it; kill it when it does not leave within `grace_s`."""
        self._connection.close()
        self.reap(grace_s)

    def reap(self, grace_s: float) -> int:
        """Wait for the process to end; returns its exit code (negative: the signal that killed it)."""
        try:
            return self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _handle(connection: Connection) -> int:
    return connection.fileno()


def _spawn(command: list[str], handle: int, log: BinaryIO, *, offline: bool) -> subprocess.Popen[bytes]:
    environment = dict(os.environ)
    # The worker must import the very packages the parent runs, wherever it was started from.
    inherited = environment.get("PYTHONPATH")
    environment["PYTHONPATH"] = os.pathsep.join([str(SOURCE_ROOT), *([inherited] if inherited else [])])
    environment["HF_HUB_DISABLE_TELEMETRY"] = "1"
    if offline:
        environment["HF_HUB_OFFLINE"] = "1"
    environment["PYTHONUNBUFFERED"] = "1"
    if sys.platform == "win32":
        os.set_handle_inheritable(handle, True)
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [handle]})
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=environment,
            startupinfo=startup,
            creationflags=subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS,
        )
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=environment, pass_fds=[handle]
    )


def _open_log(path: Path) -> BinaryIO:
    make_private(path.parent)
    if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
        path.unlink()
    return path.open("ab")
