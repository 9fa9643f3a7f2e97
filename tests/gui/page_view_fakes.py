"""Pages without a file, and a tile service that delivers from a thread of its own, for the tests of the page view."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable

import numpy as np
from PySide6.QtGui import QColor, QImage

from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, Word, WordSource
from engine.errors import CancelledError, ErrorInfo, PageTimeoutError
from engine.evidence.types import Contribution, Evidence, EvidenceMethod
from engine.geometry import PageRect, Size, bounding_rect
from engine.readers.types import Answer, AnswerStatus, Failed
from engine.service.requests import TilePixels, TileSpec
from engine.slicing import policies

Listener = Callable[[object], None]
Paint = Callable[[TileSpec], bytes]


def make_document(
    count: int = 3, width: float = 595.0, height: float = 842.0, dpi: float | None = 150.0
) -> DocumentInfo:
    """A document of equal pages; images where `dpi` is None."""
    document = DocumentId(f"/documents/{count}-{width:g}x{height:g}.pdf", f"{count}{width:g}{height:g}")
    per_unit = 1.0 if dpi is None else dpi / 72
    native = Size(round(width * per_unit), round(height * per_unit))
    pages = tuple(PageRef(document, index, str(index + 1), width, height, native, dpi) for index in range(count))
    kind = DocumentKind.IMAGE if dpi is None else DocumentKind.PDF
    return DocumentInfo(document, "document.pdf", kind, pages)


def place_pixels(spec: TileSpec) -> bytes:
    """Pixels that tell their own place on the page: blue is x, green is y (both mod 256), red the page's number."""
    pixels = np.full((spec.height, spec.width, 4), 255, np.uint8)
    pixels[:, :, 0] = (np.arange(spec.x, spec.x + spec.width) % 256)[None, :]
    pixels[:, :, 1] = (np.arange(spec.y, spec.y + spec.height) % 256)[:, None]
    pixels[:, :, 2] = spec.page.index
    return pixels.tobytes()


def plain_pixels(red: int, green: int, blue: int) -> Paint:
    return lambda spec: bytes([blue, green, red, 255]) * (spec.width * spec.height)


class FakePending:
    def __init__(self, service: FakeTileService, request: int) -> None:
        self._service = service
        self.request = request

    def cancel(self) -> None:
        self._service.cancel(self.request)


class FakeTileService:
    """Answers tile requests from a thread, at once or, while `held`, when `release` is called."""

    def __init__(self, paint: Paint = place_pixels) -> None:
        self.paint = paint
        self.held = False
        self.failing: dict[int, ErrorInfo] = {}
        self.asked: list[TileSpec] = []
        self.cancelled: list[TileSpec] = []
        self.waiting: dict[int, tuple[TileSpec, Listener]] = {}
        self._requests = itertools.count(1)
        self._deliveries: queue.SimpleQueue[tuple[Listener, object] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="fake-tiles")
        self._thread.start()

    def tile(self, spec: TileSpec, *, listener: Listener) -> FakePending:
        request = next(self._requests)
        self.asked.append(spec)
        self.waiting[request] = (spec, listener)
        if not self.held:
            self.release(request)
        return FakePending(self, request)

    def release(self, request: int | None = None) -> None:
        """Answer one waiting request, or all of them."""
        for each in [request] if request is not None else list(self.waiting):
            spec, listener = self.waiting.pop(each)
            self._deliveries.put((listener, self._event(each, spec)))

    def deliver_late(self, spec: TileSpec, listener: Listener) -> None:
        """Answer a request that was cancelled all the same, as a worker does that was already at it."""
        self._deliveries.put((listener, self._event(0, spec)))

    def cancel(self, request: int) -> None:
        waiting = self.waiting.pop(request, None)
        if waiting is not None:
            self.cancelled.append(waiting[0])
            waiting[1](Failed(request, CancelledError("Cancelled.").info))

    def fail(self, page: int) -> None:
        self.failing[page] = PageTimeoutError(f"Page {page + 1} took longer than 30 s to render.").info

    def close(self) -> None:
        self._deliveries.put(None)
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _event(self, request: int, spec: TileSpec) -> object:
        error = self.failing.get(spec.page.index)
        if error is not None:
            return Failed(request, error)
        return TilePixels(request, Size(spec.width, spec.height), self.paint(spec))

    def _deliver(self) -> None:
        while (delivery := self._deliveries.get()) is not None:
            listener, event = delivery
            listener(event)


def make_answer(document: DocumentInfo, box: PageRect, shares: dict[tuple[int | None, int | None], float]) -> Answer:
    """An answer of one word at `box` of the first page, with a label left of it and contributions by (row, col)."""
    page = document.pages[0]
    plan = policies.plan(policies.DEFAULT_POLICY, page.native)
    word = Word("1,204.50", box, WordSource.TEXT, line=3)
    label_box = PageRect(box.x0 - 80, box.y0, box.x0 - 30, box.y1)
    label = Word("Total", label_box, WordSource.TEXT, line=3, block=1)
    contributions = tuple(
        Contribution(0, view.row, view.col, page.to_units(view.rect), share / 2, share)
        for view in plan.views
        if (share := shares.get((view.row, view.col))) is not None
    )
    evidence = Evidence(page, bounding_rect([box]), (word, label), 1, contributions, 3.0, EvidenceMethod.HIDDEN_WORDS)
    return Answer(
        text="1,204.50",
        status=AnswerStatus.ANSWERED,
        confidence=0.97,
        calibrated=True,
        evidence=evidence,
        alternatives=(),
        plans=((0, plan),),
        pages_read=(0,),
        pages_asked=(0,),
        reader="embedded",
        model="",
        revision="",
        precision="",
        device="CPU",
        pixels=page.native,
        seconds=0.1,
    )


def colors_of(image: QImage) -> np.ndarray:
    """(height, width, 3) of R, G, B."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine() // 4, 4)
    return raw[:, : plain.width(), 2::-1].astype(int)


def rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
