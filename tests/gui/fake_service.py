"""A supervisor without processes: documents and answers as the test says, tiles white, nothing asynchronous."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, PageWords, Word, WordSource
from engine.errors import CancelledError, ErrorInfo, FileMissingError, PasswordNeededError, PasswordWrongError
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect, Size
from engine.readers.types import Alternative, Answer, AnswerReady, AnswerStatus, Failed, PageRead, ReaderChoice
from engine.service.messages import DocumentOpened
from engine.service.requests import TilePixels, TileSpec
from engine.slicing import policies

Listener = Callable[[object], None]


def make_document(path: str, pages: int = 1, *, protected: bool = False, notices: tuple[str, ...] = ()) -> DocumentInfo:
    """A PDF of A4 pages."""
    document = DocumentId(path, hashlib.sha256(path.encode()).hexdigest())
    refs = tuple(
        PageRef(document, index, str(index + 1), 595.0, 842.0, Size(1240, 1754), 150.0) for index in range(pages)
    )
    return DocumentInfo(document, Path(path).name, DocumentKind.PDF, refs, protected, notices)


def make_words(page: PageRef, text: str) -> PageWords:
    """One line of words."""
    words = tuple(
        Word(each, PageRect(50.0 + 60 * number, 100.0, 100.0 + 60 * number, 112.0), WordSource.TEXT)
        for number, each in enumerate(text.split())
    )
    return PageWords(page, words)


def make_answer(
    page: PageRef,
    text: str = "1,204.50 EUR",
    status: AnswerStatus = AnswerStatus.ANSWERED,
    confidence: float = 0.97,
    pages_read: tuple[int, ...] | None = None,
    pages_asked: tuple[int, ...] | None = None,
) -> Answer:
    """An answer whose words lie in the slice of row 3, column 1."""
    plan = policies.plan(policies.DEFAULT_POLICY, page.native)
    box = PageRect(400.0, 700.0, 470.0, 712.0)
    word = Word(text.split()[0] if text else "", box, WordSource.TEXT)
    contributions = (
        Contribution(page.index, 3, 1, page.to_units(plan.slices[7].rect), 0.8, 0.81),
        Contribution(page.index, 2, 1, page.to_units(plan.slices[5].rect), 0.1, 0.09),
        Contribution(page.index, 0, 0, page.to_units(plan.slices[0].rect), 0.0, 0.0),
    )
    found = status is not AnswerStatus.NOT_FOUND
    evidence = Evidence(page, box, (word,), 1, contributions, 2.0, EvidenceMethod.HIDDEN_WORDS) if found else None
    asked = pages_asked if pages_asked is not None else (page.index,)
    return Answer(
        text=text if found else "",
        status=status,
        confidence=confidence,
        calibrated=True,
        evidence=evidence,
        alternatives=(Alternative("903.20", 0.2, page.index, None), Alternative("12 March", 0.11, page.index, None)),
        plans=((page.index, plan),),
        pages_read=pages_read if pages_read is not None else asked,
        pages_asked=asked,
        reader="embedded",
        model="rules",
        revision="1",
        precision="",
        device="cpu",
        pixels=page.native,
        seconds=0.42,
    )


@dataclass
class FakePending:
    """A request; `send` is what the supervisor would do."""

    request: int
    kind: str
    listener: Listener
    pages: tuple[PageRef, ...] = ()
    text: str = ""
    cancelled: bool = False
    reader: ReaderChoice | None = None

    def send(self, event: object) -> None:
        self.listener(event)

    def fail(self, error: ErrorInfo) -> None:
        self.listener(Failed(self.request, error))

    def cancel(self) -> None:
        self.cancelled = True
        self.listener(Failed(self.request, CancelledError("Cancelled.").info))


@dataclass
class FakeService:
    """`documents` by path can be opened; `passwords` are needed for some. `reads` and `asks` wait to be answered
    unless `auto_read` or `answer` is set."""

    documents: dict[str, DocumentInfo] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    words: dict[tuple[str, int], PageWords] = field(default_factory=dict)
    answer: Callable[[str, tuple[PageRef, ...]], Answer] | None = None
    auto_read: bool = True
    hold_opening: bool = False
    requests: list[FakePending] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False

    def add(self, info: DocumentInfo, password: str | None = None) -> DocumentInfo:
        self.documents[info.id.path] = info
        if password is not None:
            self.passwords[info.id.path] = password
        return info

    def of_kind(self, kind: str) -> list[FakePending]:
        return [each for each in self.requests if each.kind == kind]

    def warm_up(self) -> None:
        pass

    def open(self, path: str, password: str | None = None, *, listener: Listener | None = None) -> FakePending:
        pending = self._pending("open", listener, text=path)
        if self.hold_opening:
            return pending
        if path not in self.documents:
            pending.fail(FileMissingError(f"There is no file {path}.").info)
        elif path in self.passwords and password is None:
            pending.fail(PasswordNeededError("A password is needed.").info)
        elif path in self.passwords and password != self.passwords[path]:
            pending.fail(PasswordWrongError("The password is wrong.").info)
        else:
            pending.send(DocumentOpened(pending.request, self.documents[path]))
        return pending

    def forget(self, path: str) -> None:
        self.forgotten.append(path)

    def tile(self, spec: TileSpec, *, listener: Listener | None = None) -> FakePending:
        pending = self._pending("tile", listener)
        pending.send(
            TilePixels(pending.request, Size(spec.width, spec.height), b"\xff" * (spec.width * spec.height * 4))
        )
        return pending

    def read(self, page: PageRef, *, listener: Listener | None = None) -> FakePending:
        pending = self._pending("read", listener, (page,))
        if self.auto_read:
            known = self.words.get((page.document.path, page.index))
            pending.send(PageRead(pending.request, known if known is not None else PageWords(page, ())))
        return pending

    def ask(
        self,
        question: str,
        pages: tuple[PageRef, ...],
        *,
        policy: str = policies.DEFAULT_POLICY,
        reader: ReaderChoice | None = None,
        budget_s: float | None = None,
        listener: Listener | None = None,
    ) -> FakePending:
        pending = self._pending("ask", listener, pages, question)
        pending.reader = reader
        if self.answer is not None:
            pending.send(AnswerReady(pending.request, self.answer(question, pages)))
        return pending

    def advise(self, model: str, *, listener: Listener | None = None) -> FakePending:
        return self._pending("advise", listener, text=model)

    def measure(self, *, listener: Listener | None = None) -> FakePending:
        return self._pending("measure", listener)

    def describe_model(self, model: str, *, listener: Listener | None = None) -> FakePending:
        return self._pending("describe", listener, text=model)

    def pull_model(self, model: str, revision: str | None = None, *, listener: Listener | None = None) -> FakePending:
        return self._pending("pull", listener, text=f"{model}@{revision}")

    def close(self) -> None:
        self.closed = True

    def _pending(
        self, kind: str, listener: Listener | None, pages: tuple[PageRef, ...] = (), text: str = ""
    ) -> FakePending:
        pending = FakePending(len(self.requests) + 1, kind, listener or (lambda event: None), pages, text)
        self.requests.append(pending)
        return pending


def turned_words(words: PageWords, degrees: int) -> PageWords:
    """The same words on a page that was found on its side."""
    return replace(words, page=words.page.turned(degrees))
