"""From a row of a run to its evidence on the page, also for rows that an earlier start of the run made."""

from __future__ import annotations

import re

from PySide6.QtCore import QObject

from app.asking import AskController
from app.batch.runner import RowMade
from app.documents import DocumentStore
from app.service import Service
from app.task import Task
from engine.batch.table import Row
from engine.documents.types import DocumentInfo, Word, WordSource
from engine.errors import ErrorInfo, TesseraError
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect
from engine.readers.types import EMBEDDED, Answer, PageRead
from engine.slicing import policies
from engine.slicing.plan import SlicePlan

_MODEL = re.compile(r"(.+?)(?:@([^@ ]+))?(?: \((\w+)\))?")
"""How a row names a model: `model@revision (precision)`, without what is not known."""


class EvidenceOpener(QObject):
    """Opens the row's document if it must, then shows the evidence. The newest wish wins."""

    def __init__(self, store: DocumentStore, service: Service, asking: AskController, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._service = service
        self._asking = asking
        self._wanted: RowMade | None = None
        self._reading: Task | None = None
        store.opened.connect(self._on_document_opened)
        store.refused.connect(self._on_document_refused)

    def show_row(self, made: RowMade) -> None:
        """Show where a row's answer stands."""
        self._wanted = made
        if self._reading is not None:
            self._reading.cancel()
        if self._store.document(made.row.document) is None:
            self._store.open(made.row.document)
        else:
            self._go_on()

    def _on_document_opened(self, path: str) -> None:
        if self._wanted is not None and self._wanted.row.document == path:
            self._go_on()

    def _on_document_refused(self, path: str, error: ErrorInfo) -> None:
        del error  # the window says why
        if self._wanted is not None and self._wanted.row.document == path:
            self._wanted = None

    def _go_on(self) -> None:
        made = self._wanted
        info = self._store.document(made.row.document) if made is not None else None
        if made is None or info is None:
            return
        row = made.row
        known = row.page is None or made.answer is not None or self._store.index(row.document, row.page) is not None
        if known or info.id.sha256 != row.sha256:
            self._show(made, info)
            return
        # Only reading tells whether the page is righted, and the row's boxes are those of the righted page.
        page = info.pages[row.page or 0]
        task = Task(self, lambda listener: self._service.read(page, listener=listener), ends_with=PageRead)
        self._reading = task.on_result(self._on_page_read).start()

    def _on_page_read(self, event: object) -> None:
        if isinstance(event, PageRead):
            self._store.take_words(event.words)
        made = self._wanted
        info = self._store.document(made.row.document) if made is not None else None
        if made is not None and info is not None:
            self._show(made, info)

    def _show(self, made: RowMade, info: DocumentInfo) -> None:
        self._wanted = None
        answer = made.answer if made.answer is not None else answer_of_row(made.row, info)
        self._asking.show_loose(answer, info, made.row.sha256)


def answer_of_row(row: Row, info: DocumentInfo) -> Answer:
    """The answer that a row was made of, as far as the row tells."""
    page = info.pages[row.page] if row.page is not None and row.page < len(info.pages) else None
    evidence: Evidence | None = None
    plans: tuple[tuple[int, SlicePlan], ...] = ()
    if page is not None:
        words = tuple(Word(each.text, each.box, WordSource(each.source)) for each in row.words)
        slices = tuple(
            Contribution(each.page, each.row, each.col, each.box, each.contribution, each.contribution)
            for each in row.slices
        )
        own = sum(_lies_in(word.box, row.evidence_box) for word in words)
        evidence = Evidence(page, row.evidence_box, words, own, slices, 0.0, EvidenceMethod.HIDDEN_WORDS)
        try:
            plans = ((page.index, policies.plan(row.policy, page.native)),)
        except TesseraError:
            plans = ()
    asked = (page.index,) if page is not None else ()
    named = _MODEL.fullmatch(row.model)
    model, revision, precision = named.groups("") if named is not None else (row.model, "", "")
    return Answer(
        text=row.answer,
        status=row.status,
        confidence=row.confidence or 0.0,
        calibrated=row.reader == EMBEDDED.name,
        evidence=evidence,
        alternatives=(),
        plans=plans,
        pages_read=asked,
        pages_asked=asked,
        reader=row.reader,
        model=model,
        revision=revision,
        precision=precision,
        device=row.device,
        pixels=row.pixels,
        seconds=row.seconds or 0.0,
    )


def _lies_in(box: PageRect, around: PageRect | None) -> bool:
    return around is not None and around.contains(box.center)
