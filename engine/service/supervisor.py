"""The supervisor: starts the workers, watches them, kills and restarts them, and brokers pages between them.

Qt-free and thread-safe; window and command line use the same one. Listeners are called on its threads, never with a
lock held. A worker that dies is started again, its documents are reopened and its requests sent once more; a request
that was under way at a second death fails, so that one bad page cannot keep a worker from the others.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from engine.documents.types import PageRef
from engine.errors import CancelledError, ErrorInfo, TesseraError, WorkerDiedError
from engine.readers.types import Failed
from engine.service.broker import serve_need
from engine.service.deaths import Deaths
from engine.service.jobs import MAX_ATTEMPTS, Job, JobBook
from engine.service.messages import (
    Cancel,
    CloseDocument,
    Command,
    DocumentOpened,
    Hello,
    NeedImage,
    NeedText,
    OpenDocument,
    PageImageReady,
    ReadText,
    RenderPage,
    RenderTile,
    Reply,
    TileReady,
    WorkerKind,
)
from engine.service.notices import death_notice, log_notice
from engine.service.pending import Listener, Pending
from engine.service.process import WorkerProcess
from engine.service.requests import Notice, ServiceOptions, TilePixels, TileSpec
from engine.service.run_folder import RunFolder
from engine.service.tile_slots import TileSlots
from engine.service.work_requests import WorkRequests

logger = logging.getLogger(__name__)

WATCH_INTERVAL_S = 0.1
CLOSE_GRACE_S = 2.0
RGB_BYTES = 3


class Supervisor(WorkRequests):
    """Owns the workers, the tile ring and the run folder from the first request until `close`."""

    def __init__(self, notify: Callable[[Notice], None] | None = None, options: ServiceOptions | None = None) -> None:
        self.options = options or ServiceOptions()
        self._notify = notify or log_notice
        self._lock = threading.RLock()
        self._work_came = threading.Condition(self._lock)
        self._requests = itertools.count(1)
        self._book = JobBook()
        self._workers: dict[WorkerKind, WorkerProcess] = {}
        self._ready: set[WorkerKind] = set()
        self._deaths = Deaths()
        self._threads: list[threading.Thread] = []
        self._opened: dict[str, OpenDocument] = {}
        self._protected: set[str] = set()
        self._tiles = TileSlots()
        self._run_folder = RunFolder()
        self._closed = False

    # What callers ask for.

    def warm_up(self, *kinds: WorkerKind) -> None:
        """Start workers before they are needed: these, else all but the downloader."""
        with self._lock:
            for kind in kinds or (WorkerKind.RENDER, WorkerKind.READING):
                self._worker(kind)

    def open(self, path: str, password: str | None = None, *, listener: Listener | None = None) -> Pending:
        """Open a document. Events: Progress, then DocumentOpened or Failed."""
        request = next(self._requests)
        command = OpenDocument(request, path, password, self.options.vector_dpi)
        return self._start(WorkerKind.RENDER, command, request, listener, self.options.open_deadline_s)

    def forget(self, path: str) -> None:
        """Close a document; its memory is released."""
        with self._lock:
            if self._opened.pop(path, None) is not None and WorkerKind.RENDER in self._workers:
                self._send(WorkerKind.RENDER, CloseDocument(0, path))
            self._protected.discard(path)

    def tile(self, spec: TileSpec, *, listener: Listener | None = None) -> Pending:
        """Render one tile. Events: TilePixels or Failed. The caller bounds how many it has under way."""
        request = next(self._requests)
        pending = Pending(request, self.cancel, listener)
        command = RenderTile(
            request, spec.page, spec.scale, spec.rotation, spec.x, spec.y, spec.width, spec.height, slot=-1
        )
        job = Job(pending, command, WorkerKind.RENDER, self.options.tile_deadline_s)
        with self._lock:
            self._tiles.add(job)
            self._send_waiting_tiles()
        return pending

    def text(self, page: PageRef, *, listener: Listener | None = None) -> Pending:
        """The text layer of a page. Events: TextReady or Failed."""
        request = next(self._requests)
        return self._start(WorkerKind.RENDER, ReadText(request, page), request, listener, self.options.page_deadline_s)

    def page_image(self, page: PageRef, *, listener: Listener | None = None) -> Pending:
        """The page at native resolution, as a file of raw RGB that the caller deletes. Events: PageImageReady or
        Failed."""
        request = next(self._requests)
        protected = page.document.path in self._protected
        try:
            path = self._run_folder.new_file(page.native.area * RGB_BYTES, protected=protected)
        except TesseraError as error:
            return self._refuse(request, error.info, listener)
        command = RenderPage(request, page, str(path))
        return self._start(WorkerKind.RENDER, command, request, listener, self.options.page_deadline_s)

    def cancel(self, request: int) -> None:
        """Give the caller its final event now and tell the worker to stop."""
        with self._lock:
            waiting = self._tiles.withdraw(request)
            job = waiting or self._book.get(request)
            if job is None or job.told:
                return
            job.told = True
            job.cancelled_s = time.monotonic()
            if waiting is None:
                self._send(job.kind, Cancel(request))
                self._work_came.notify_all()
        job.pending.deliver(Failed(request, CancelledError("Cancelled.").info), final=True)

    def close(self) -> None:
        """Stop the workers and remove everything temporary. Requests under way end as cancelled."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            workers = list(self._workers.values())
            self._workers.clear()
            jobs = [*self._book.jobs.values(), *self._tiles.empty()]
            self._book.jobs.clear()
            self._work_came.notify_all()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.reap(CLOSE_GRACE_S)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        for job in jobs:
            self._tell(job, Failed(job.pending.request, CancelledError("Tessera is closing.").info), final=True)
        self._tiles.close()
        self._run_folder.remove()

    def worker_pid(self, kind: WorkerKind) -> int | None:
        """The process id of a running worker; what doctor and the tests look at."""
        with self._lock:
            worker = self._workers.get(kind)
            return worker.pid if worker is not None else None

    # Sending.

    def _request(self, kind: WorkerKind, make: Callable[[int], Command], listener: Listener | None) -> Pending:
        request = next(self._requests)
        return self._start(kind, make(request), request, listener, None)

    def _start(
        self, kind: WorkerKind, command: Command, request: int, listener: Listener | None, deadline_s: float | None
    ) -> Pending:
        pending = Pending(request, self.cancel, listener)
        with self._lock:
            self._begin(Job(pending, command, kind, deadline_s))
        return pending

    def _begin(self, job: Job) -> None:
        """Put `job` in the book and send it. The lock is held."""
        if self._closed:
            error = CancelledError("Tessera is closing.").info
            job.pending.deliver(Failed(job.pending.request, error), final=True)
            return
        self._worker(job.kind)
        self._book.add(job)
        self._mark_oldest(job.kind)
        self._send(job.kind, job.command)
        self._work_came.notify_all()

    def _refuse(self, request: int, error: ErrorInfo, listener: Listener | None) -> Pending:
        pending = Pending(request, self.cancel, listener)
        pending.deliver(Failed(request, error), final=True)
        return pending

    def _send_waiting_tiles(self) -> None:
        """Give ring slots to waiting tiles, oldest first. The lock is held."""
        for job in self._tiles.ready():
            self._begin(job)

    def _send(self, kind: WorkerKind, command: Command) -> None:
        """Send to a running worker. A broken pipe is left to the receiving thread, which sees the death too."""
        worker = self._workers.get(kind)
        if worker is not None:
            with suppress(OSError):
                worker.send(command)

    def _worker(self, kind: WorkerKind) -> None:
        """Make sure a worker of `kind` runs. The lock is held."""
        if kind in self._workers or self._closed:
            return
        limit = self.options.render_memory_bytes if kind is WorkerKind.RENDER else 0
        worker = WorkerProcess(kind, self._tiles.ring.name, limit, self.options.log_folder)
        self._workers[kind] = worker
        self._run_thread(self._receive_loop, worker, name=f"tessera-{kind.value}")
        if not any(thread.name == "tessera-watch" for thread in self._threads):
            self._run_thread(self._watch_loop, name="tessera-watch")
        if kind is WorkerKind.RENDER:
            for command in self._opened.values():
                self._send(kind, command)

    def _run_thread(self, target: Callable[..., None], *args: object, name: str) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    # Receiving.

    def _receive_loop(self, worker: WorkerProcess) -> None:
        try:
            while True:
                self._on_reply(worker.receive())
        except (EOFError, OSError):
            self._on_death(worker)

    def _on_reply(self, reply: Reply) -> None:
        match reply:
            case Hello(kind=kind):
                with self._lock:
                    self._ready.add(kind)
                    self._mark_oldest(kind)
                return
            case NeedText() | NeedImage():
                serve_need(reply, self, self._send)
                return
            case _:
                pass
        with self._lock:
            job = self._book.get(reply.request)
            if job is None:
                return
            final = job.is_final(reply)
            event = self._event_of(job, reply)
            if final:
                self._finish(job)
        self._tell(job, event, final=final)

    def _event_of(self, job: Job, reply: Reply) -> object:
        """What the caller gets for `reply`; keeps the book of opened documents. The lock is held."""
        if isinstance(reply, TileReady):
            return TilePixels(reply.request, reply.size, self._tiles.pixels(job, reply))
        if isinstance(reply, DocumentOpened) and isinstance(job.command, OpenDocument) and not job.told:
            self._opened[reply.document.id.path] = job.command
            if reply.document.protected:
                self._protected.add(reply.document.id.path)
        if isinstance(reply, PageImageReady) and job.told:
            Path(reply.path).unlink(missing_ok=True)
        return reply

    def _finish(self, job: Job) -> None:
        """Take `job` out of the book and free its slot. The lock is held."""
        self._book.remove(job.pending.request)
        if self._tiles.free(job):
            self._send_waiting_tiles()
        self._mark_oldest(job.kind)

    def _tell(self, job: Job, event: object, *, final: bool) -> None:
        with self._lock:
            if job.told:
                return
            job.told = final
        job.pending.deliver(event, final=final)

    # Watching.

    def _watch_loop(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                now = time.monotonic()
                overdue = [job for job in self._book.jobs.values() if job.overdue(now, self.options.cancel_grace_s)]
                for job in overdue:
                    self._give_up(job)
            for job in overdue:
                if not job.told:
                    self._tell(job, Failed(job.pending.request, job.timeout_error()), final=True)
            with self._work_came:
                if not self._closed:
                    self._work_came.wait(WATCH_INTERVAL_S if self._book.jobs else None)

    def _give_up(self, job: Job) -> None:
        """Kill the worker that is stuck on `job`; its death brings the others back. The lock is held."""
        self._book.remove(job.pending.request)
        self._tiles.free(job)
        worker = self._workers.get(job.kind)
        if worker is not None:
            worker.kill()

    def _mark_oldest(self, kind: WorkerKind) -> None:
        """A worker does one thing at a time: the clock of a job starts when it is the oldest of a worker that is up.
        The lock is held."""
        oldest = self._book.oldest(kind)
        if oldest is not None and oldest.begun_s is None and kind in self._ready:
            oldest.begun_s = time.monotonic()

    def _on_death(self, worker: WorkerProcess) -> None:
        code = worker.reap(CLOSE_GRACE_S)
        with self._lock:
            if self._closed or self._workers.get(worker.kind) is not worker:
                return
            del self._workers[worker.kind]
            self._ready.discard(worker.kind)
            hopeless = self._deaths.add(worker.kind)
            jobs = self._book.of(worker.kind)
            failed = self._revive(worker.kind, jobs, hopeless=hopeless)
        logger.warning("worker %s ended with code %s", worker.kind.value, code)
        self._notify(death_notice(worker.kind, restarted=not hopeless))
        error = WorkerDiedError(f"The {worker.kind.value} process stopped while it worked on this.").info
        for job in failed:
            self._tell(job, Failed(job.pending.request, error), final=True)

    def _revive(self, kind: WorkerKind, jobs: list[Job], *, hopeless: bool) -> list[Job]:
        """Start the worker again and resend what it had; returns the jobs that are given up. The lock is held.

        Only the oldest job can have killed it, so only that one loses an attempt.
        """
        failed = [job for job in jobs if job.told or hopeless or (job is jobs[0] and job.attempts >= MAX_ATTEMPTS)]
        for job in failed:
            self._finish(job)
        if hopeless:
            return failed
        self._worker(kind)
        for job in jobs:
            if job not in failed:
                job.attempts += job is jobs[0]
                job.begun_s = None
                self._mark_oldest(kind)
                self._send(kind, job.command)
        return failed

    def _keep_on_disk(self, page: PageRef) -> bool:
        return self.options.keep_protected or page.document.path not in self._protected
