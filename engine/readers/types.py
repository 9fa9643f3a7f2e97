"""What every reader takes and gives: requests, events and answers, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.documents.types import PageRef, PageWords
from engine.errors import ErrorInfo
from engine.evidence.types import Contribution, Evidence
from engine.geometry import PageRect, Size
from engine.slicing.plan import SlicePlan

QUESTIONS_AT_ONCE = 8
"""Questions about the same pages that a model writes as one batch."""
MODEL_PAGES = 3
"""Pages that a model is asked about: of more, the question chooses these, so that questions share none."""


class AnswerStatus(StrEnum):
    """`ANSWERED` is calibrated to be right at least 95 times in 100; `UNSURE` is a guess and shown as one."""

    ANSWERED = "answered"
    UNSURE = "unsure"
    NOT_FOUND = "not_found"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Alternative:
    """A runner-up: its text, confidence 0–1, 0-based page and place."""

    text: str
    confidence: float
    page: int
    box: PageRect | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one question. `confidence` is 0–1 and a probability of being right only if `calibrated`.

    `plans` holds one slice plan per page that was answered from, as (0-based page, plan). `pages_read` of
    `pages_asked` are 0-based. `pixels` is the size in px of what the reader received of the answer's page.
    """

    text: str
    status: AnswerStatus
    confidence: float
    calibrated: bool
    evidence: Evidence | None
    alternatives: tuple[Alternative, ...]
    plans: tuple[tuple[int, SlicePlan], ...]
    pages_read: tuple[int, ...]
    pages_asked: tuple[int, ...]
    reader: str
    model: str
    revision: str
    precision: str
    device: str
    pixels: Size | None
    seconds: float
    error: ErrorInfo | None = None
    notices: tuple[str, ...] = ()


class KeepBy(StrEnum):
    """Which visual tokens of a slice stay where some are left out: see `engine.readers.sliced.token_choice`."""

    QUESTION = "question"
    NORM = "norm"
    UNIFORM = "uniform"


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """Which reader answers, and how a model is run.

    `name` is `embedded`, `cascade`, or a model by hub id or folder. For models: `precision` (`auto` is the one
    recommended for this machine), `max_tokens` of the answer, `contributions` whether slices are hidden in turn to
    measure them (else the answer has the attention preview alone), and `max_slices` as the cascade's budget.

    Experimental, of models whose slices stand by themselves: of a page the `best_slices` by the question alone are
    read beside the overview (None for all), of each slice's visual tokens the share `keep_tokens`, chosen by
    `keep_by`, and of all slices' tokens those that the question makes probable to the share `top_p` (SliME's γ; None
    is the model's own).
    """

    name: str = "embedded"
    precision: str = "auto"
    max_tokens: int = 48
    contributions: bool = True
    max_slices: int | None = None
    best_slices: int | None = None
    keep_tokens: float = 1.0
    keep_by: KeepBy = KeepBy.QUESTION
    top_p: float | None = None

    @property
    def shortens(self) -> bool:
        """Whether something of a page is to be left out."""
        return self.best_slices is not None or self.keep_tokens < 1.0 or self.top_p is not None


EMBEDDED = ReaderChoice()


@dataclass(frozen=True, slots=True)
class Request:
    """A question about pages of one document, all of it data. `policy` is a policy id such as `minicpm-v-16x:36`.

    `id` names the request in every event. With `budget_s` a reader may answer from the pages read so far and must
    say so; None reads them all. `keep_on_disk` is false for protected documents: no cache may be written.
    """

    id: int
    question: str
    pages: tuple[PageRef, ...]
    policy: str = "minicpm-v-16x"
    reader: ReaderChoice = EMBEDDED
    budget_s: float | None = None
    keep_on_disk: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """Work done so far: `done` of `total` steps (pages, slices), and one phrase that says what is going on."""

    request: int
    done: float
    total: float
    text: str


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page's words are known. `words.page` carries the orientation that was found."""

    request: int
    words: PageWords


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer that a model is writing."""

    request: int
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A provisional answer: given before all pages are read or all contributions measured."""

    request: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class ContributionFound:
    request: int
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class AnswerReady:
    """The last event of a request that succeeded."""

    request: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a request that did not."""

    request: int
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """Of several questions asked together, the answer to the one of this `number`, or why it has none."""

    request: int
    number: int
    answer: Answer | None
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class AllAnswered:
    """The last event of several questions asked together."""

    request: int


Event = (
    Progress | PageRead | Token | Preview | ContributionFound | AnswerReady | QuestionAnswered | AllAnswered | Failed
)
