"""Brings the reading worker what it needs from the render worker: text layers and page images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.documents.types import PageRef
from engine.readers.types import Failed
from engine.service.messages import (
    Command,
    ImageDelivered,
    NeedFailed,
    NeedImage,
    NeedText,
    PageImageReady,
    TextDelivered,
    TextReady,
    WorkerKind,
)
from engine.service.pending import Listener, Pending


class PageService(Protocol):
    """What the broker asks for pages: the supervisor itself."""

    def text(self, page: PageRef, *, listener: Listener | None = None) -> Pending: ...

    def page_image(self, page: PageRef, *, listener: Listener | None = None) -> Pending: ...


def serve_need(need: NeedText | NeedImage, pages: PageService, send: Callable[[WorkerKind, Command], None]) -> None:
    """Ask the render worker for what `need` wants, and pass it on to the reading worker when it comes."""

    def pass_on(event: object) -> None:
        match event:
            case TextReady(text=text):
                send(WorkerKind.READING, TextDelivered(need.need, text))
            case PageImageReady(path=path, size=size):
                send(WorkerKind.READING, ImageDelivered(need.need, path, size))
            case Failed() as failed:
                send(WorkerKind.READING, NeedFailed(need.need, failed))
            case _:
                pass

    if isinstance(need, NeedText):
        pages.text(need.page, listener=pass_on)
    else:
        pages.page_image(need.page, listener=pass_on)
