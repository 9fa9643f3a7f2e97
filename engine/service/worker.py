"""The entry of every worker process: `python -m engine.service.worker KIND HANDLE RING MEMORY_LIMIT`."""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

from engine.runtime.probe import probe_cpu
from engine.service.brokered_pages import BrokeredPages
from engine.service.codec import to_json
from engine.service.inbox import Inbox
from engine.service.messages import Ask, Command, Hello, Reply, WorkerKind
from engine.service.reading_worker import ReadingWorker
from engine.service.tiles import TileRingView

# The window comes first on a machine whose processors are all busy.
NICENESS = {WorkerKind.RENDER: 5, WorkerKind.READING: 10, WorkerKind.DOWNLOAD: 10}


class Handler(Protocol):
    def handle(self, command: Command) -> None: ...


def main(arguments: list[str]) -> None:
    """Run one worker until its pipe closes."""
    kind, handle, ring_name, memory_limit = WorkerKind(arguments[0]), int(arguments[1]), arguments[2], arguments[3]
    faulthandler.enable()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(NICENESS[kind])
    connection = Connection(handle)
    send = _sender(connection)
    pages = BrokeredPages(send, lambda request: inbox.is_cancelled(request))
    inbox = Inbox(connection, pages.deliver)
    send(Hello(kind, os.getpid()))
    if kind is WorkerKind.RENDER:
        handler = _render_handler(TileRingView(ring_name), send, inbox, int(memory_limit))
    elif kind is WorkerKind.DOWNLOAD:
        handler = _download_handler(send, inbox)
    else:
        os.environ.setdefault("OMP_NUM_THREADS", _reading_threads())
        # Before any import: what is not on this machine is not fetched behind the user's back.
        os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
        handler = ReadingWorker(pages, send, inbox.is_cancelled)
    while True:
        command = inbox.next_command()
        handler.handle(command)
        inbox.done(command.ask.id if isinstance(command, Ask) else command_request(command))


def _reading_threads() -> str:
    """One for each core: two on one core wait for the same multipliers."""
    cpu = probe_cpu()
    return str(cpu.physical_cores or max(cpu.logical_cores // 2, 1))


def command_request(command: Command) -> int:
    """The request a command belongs to; 0 for a delivery, which answers a need instead."""
    return int(getattr(command, "request", 0))


def _sender(connection: Connection) -> Callable[[Reply], None]:
    lock = threading.Lock()

    def send(reply: Reply) -> None:
        data = to_json(reply).encode()
        with lock:
            try:
                connection.send_bytes(data)
            except OSError:
                os._exit(0)

    return send


def _render_handler(
    ring: TileRingView, send: Callable[[Reply], None], inbox: Inbox, memory_limit_bytes: int
) -> Handler:
    # Only this kind of worker imports MuPDF.
    from engine.service.render_worker import RenderWorker, limit_memory

    if memory_limit_bytes > 0:
        limit_memory(memory_limit_bytes)
    return RenderWorker(ring, send, inbox.is_cancelled)


def _download_handler(send: Callable[[Reply], None], inbox: Inbox) -> Handler:
    # Only this kind of worker imports what opens sockets.
    from engine.service.download_worker import DownloadWorker

    return DownloadWorker(send, inbox.is_cancelled)


if __name__ == "__main__":
    main(sys.argv[1:])
