"""The typed messages between the supervisor and its workers. Plain data; the codec turns each into one line of JSON.

Every command carries the id of the request it belongs to, and every reply repeats it, so that a late reply of a
superseded request can be dropped. Pixels never travel in messages: tiles go through the shared-memory ring, whole
page images through memory-mapped files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.documents.types import DocumentInfo, PageRef, PageText
from engine.geometry import Size
from engine.models.types import HubListing
from engine.readers.types import (
    AllAnswered,
    AnswerReady,
    ContributionFound,
    Failed,
    PageRead,
    Preview,
    Progress,
    QuestionAnswered,
    Request,
    Token,
)
from engine.runtime.precision import Advice
from engine.runtime.speeds import Measured


class WorkerKind(StrEnum):
    RENDER = "render"
    READING = "reading"
    DOWNLOAD = "download"


# Parent -> render worker.


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """Open `path` and measure its pages. `vector_dpi` is the native resolution of vector pages."""

    request: int
    path: str
    password: str | None
    vector_dpi: float


@dataclass(frozen=True, slots=True)
class CloseDocument:
    """Forget a document; no reply."""

    request: int
    path: str


@dataclass(frozen=True, slots=True)
class RenderTile:
    """Render the pixels [x, x+width) × [y, y+height) of `page` at `scale` px per page unit into ring slot `slot`.

    `page.orientation` is applied by the worker. `rotation` (0, 90, 180, 270) is the user's own turn of the view, on
    top of it. Width × height × 4 bytes must fit the slot.
    """

    request: int
    page: PageRef
    scale: float
    rotation: int
    x: int
    y: int
    width: int
    height: int
    slot: int


@dataclass(frozen=True, slots=True)
class RenderPage:
    """Write the whole page at native resolution as raw RGB rows (no padding) to the new file `path` (mode 0600)."""

    request: int
    page: PageRef
    path: str


@dataclass(frozen=True, slots=True)
class ReadText:
    """Extract the text layer of `page`."""

    request: int
    page: PageRef


# Render worker -> parent.


@dataclass(frozen=True, slots=True)
class DocumentOpened:
    request: int
    document: DocumentInfo


@dataclass(frozen=True, slots=True)
class TileReady:
    """The slot holds `size.height` rows of `size.width` RGB32 pixels (bytes B, G, R, 255), no row padding."""

    request: int
    slot: int
    size: Size


@dataclass(frozen=True, slots=True)
class PageImageReady:
    """The file `path` holds size.width × size.height × 3 bytes; `checksum` is their sha256 in hex."""

    request: int
    path: str
    size: Size
    checksum: str


@dataclass(frozen=True, slots=True)
class TextReady:
    request: int
    text: PageText


# Parent -> reading worker.


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer a question; replies are the reader's events."""

    ask: Request


@dataclass(frozen=True, slots=True)
class AskMany:
    """Answer several questions about the pages of `ask`, whose own question is not asked. The replies are Progress,
    PageRead, a QuestionAnswered each, then AllAnswered or Failed."""

    request: int
    ask: Request
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """Read the words of one page, in the background: any `Ask` goes first. The reply is `PageRead` or `Failed`."""

    request: int
    page: PageRef
    keep_on_disk: bool


@dataclass(frozen=True, slots=True)
class TextDelivered:
    """Reply to `NeedText`."""

    need: int
    text: PageText


@dataclass(frozen=True, slots=True)
class ImageDelivered:
    """Reply to `NeedImage`. The reading worker deletes the file once it is mapped."""

    need: int
    path: str
    size: Size


@dataclass(frozen=True, slots=True)
class NeedFailed:
    """Reply to a need that cannot be met."""

    need: int
    error: Failed


# Reading worker -> parent, besides the reader's events.


@dataclass(frozen=True, slots=True)
class NeedText:
    """The reading worker wants the text layer of `page` for `request`; `need` names the reply."""

    request: int
    need: int
    page: PageRef


@dataclass(frozen=True, slots=True)
class NeedImage:
    """The reading worker wants the page image of `page` for `request`; `need` names the reply."""

    request: int
    need: int
    page: PageRef


# Parent -> download worker.


@dataclass(frozen=True, slots=True)
class AdviseModel:
    """Ask what this machine can run the installed `model` in. The reply is `ModelAdvised` or `Failed`."""

    request: int
    model: str


@dataclass(frozen=True, slots=True)
class ModelAdvised:
    """The precisions of `model` here, with the memory that each needs, and which is recommended and why."""

    request: int
    model: str
    advice: Advice


@dataclass(frozen=True, slots=True)
class MeasureMachine:
    """Run the self-test of speed and keep what it finds. The replies are `Progress`, then `MachineMeasured` or
    `Failed`."""

    request: int


@dataclass(frozen=True, slots=True)
class MachineMeasured:
    """How fast each engine of this machine is."""

    request: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class DescribeModel:
    """Ask the hub what a pull of `model` would fetch. The reply is `ModelDescribed` or `Failed`."""

    request: int
    model: str


@dataclass(frozen=True, slots=True)
class PullModel:
    """Fetch and install `model` at the commit `revision`, None for the newest. The replies are `ModelDescribed`,
    `Progress` in bytes with the file's name as its text, and `ModelPulled` or `Failed`."""

    request: int
    model: str
    revision: str | None


# Download worker -> parent.


@dataclass(frozen=True, slots=True)
class ModelDescribed:
    request: int
    listing: HubListing


@dataclass(frozen=True, slots=True)
class ModelPulled:
    """The model is installed in the folder `path`, whole and verified."""

    request: int
    model: str
    revision: str
    path: str


# All workers.


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop working on `request`; its last reply is `Failed` with code `cancelled`, or the reply under way."""

    request: int


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker's first message: it is up."""

    kind: WorkerKind
    pid: int


Command = (
    OpenDocument
    | CloseDocument
    | RenderTile
    | RenderPage
    | ReadText
    | Ask
    | AskMany
    | ReadPage
    | TextDelivered
    | ImageDelivered
    | NeedFailed
    | AdviseModel
    | MeasureMachine
    | DescribeModel
    | PullModel
    | Cancel
)

Reply = (
    Hello
    | DocumentOpened
    | TileReady
    | PageImageReady
    | TextReady
    | NeedText
    | NeedImage
    | ModelAdvised
    | MachineMeasured
    | ModelDescribed
    | ModelPulled
    | Progress
    | PageRead
    | Token
    | Preview
    | ContributionFound
    | AnswerReady
    | QuestionAnswered
    | AllAnswered
    | Failed
)
