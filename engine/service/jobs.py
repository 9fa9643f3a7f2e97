"""The supervisor's book of what each worker has been asked to do. No process and no thread lives here."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.errors import ErrorInfo, PageTimeoutError
from engine.readers.types import (
    AllAnswered,
    AnswerReady,
    Failed,
    PageRead,
)
from engine.service.messages import (
    Ask,
    AskMany,
    Command,
    DescribeModel,
    DocumentOpened,
    MachineMeasured,
    ModelAdvised,
    ModelDescribed,
    ModelPulled,
    OpenDocument,
    PageImageReady,
    ReadPage,
    ReadText,
    RenderPage,
    RenderTile,
    Reply,
    TextReady,
    TileReady,
    WorkerKind,
)
from engine.service.pending import Pending

MAX_ATTEMPTS = 2
FINAL = (
    *(AnswerReady, AllAnswered, Failed, DocumentOpened, TileReady, PageImageReady, TextReady),
    *(ModelAdvised, ModelPulled, MachineMeasured),
)


@dataclass(slots=True)
class Job:
    """One command in a worker's hands. `told` is true once its caller has had the final event: a cancelled job
    stays in the book until the worker lets go of it. `begun_s` is when it became the worker's oldest."""

    pending: Pending
    command: Command
    kind: WorkerKind
    deadline_s: float | None = None
    slot: int | None = None
    attempts: int = 1
    told: bool = False
    begun_s: float | None = None
    cancelled_s: float | None = None

    @property
    def page_number(self) -> int | None:
        """1-based number of the page it is about, if it is about one."""
        match self.command:
            case RenderTile(page=page) | RenderPage(page=page) | ReadText(page=page) | ReadPage(page=page):
                return page.index + 1
            case _:
                return None

    def is_final(self, reply: Reply) -> bool:
        """Whether `reply` is the last the worker says about this job."""
        match reply:
            case PageRead():
                return not isinstance(self.command, Ask | AskMany)
            case ModelDescribed():
                return isinstance(self.command, DescribeModel)
            case _:
                return isinstance(reply, FINAL)

    def overdue(self, now_s: float, grace_s: float) -> bool:
        if self.cancelled_s is not None and self.deadline_s is None:
            return now_s - self.cancelled_s > grace_s
        return self.deadline_s is not None and self.begun_s is not None and now_s - self.begun_s > self.deadline_s

    def timeout_error(self) -> ErrorInfo:
        where = f"Page {self.page_number}" if self.page_number is not None else "The document"
        verb = "open" if isinstance(self.command, OpenDocument) else "render"
        return PageTimeoutError(f"{where} took longer than {self.deadline_s:g} s to {verb} and was given up.").info


@dataclass(slots=True)
class JobBook:
    """Jobs by request id, oldest first."""

    jobs: dict[int, Job] = field(default_factory=dict)

    def add(self, job: Job) -> None:
        self.jobs[job.pending.request] = job

    def get(self, request: int) -> Job | None:
        return self.jobs.get(request)

    def remove(self, request: int) -> Job | None:
        return self.jobs.pop(request, None)

    def of(self, kind: WorkerKind) -> list[Job]:
        return [job for job in self.jobs.values() if job.kind is kind]

    def oldest(self, kind: WorkerKind) -> Job | None:
        return next((job for job in self.jobs.values() if job.kind is kind), None)
