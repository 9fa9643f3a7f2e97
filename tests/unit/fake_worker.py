"""A worker that does what the names of its documents and the words of its questions say. Run as a process."""

from __future__ import annotations

import os
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from engine.documents.types import DocumentId, DocumentInfo, DocumentKind, PageRef, PageText
from engine.errors import FileDamagedError
from engine.geometry import Size
from engine.readers.types import Answer, AnswerReady, AnswerStatus, Failed, Progress, Request
from engine.service.codec import from_json, to_json
from engine.service.messages import (
    Ask,
    Cancel,
    Command,
    DocumentOpened,
    Hello,
    NeedText,
    OpenDocument,
    ReadText,
    RenderPage,
    RenderTile,
    Reply,
    TextDelivered,
    TextReady,
    TileReady,
    WorkerKind,
)
from engine.service.tiles import TileRingView


def answer(text: str) -> Answer:
    return Answer(
        text, AnswerStatus.ANSWERED, 1.0, True, None, (), (), (), (), "fake", "", "", "", "cpu", None, 0.0
    )  # fmt: skip


def page(path: str) -> PageRef:
    return PageRef(DocumentId(path, "ff"), 0, "1", 10.0, 10.0, Size(10, 10))


class FakeWorker:
    def __init__(self, kind: WorkerKind, connection: Connection, ring: TileRingView) -> None:
        self.connection = connection
        self.ring = ring
        self.opened: list[str] = []
        self.send(Hello(kind, os.getpid()))

    def send(self, reply: Reply) -> None:
        self.connection.send_bytes(to_json(reply).encode())

    def run(self) -> None:
        while True:
            self.handle(from_json(Command, self.connection.recv_bytes()))

    def handle(self, command: Command) -> None:
        match command:
            case OpenDocument(request=request, path=path):
                obey(path)
                self.opened.append(path)
                info = DocumentInfo(page(path).document, path, DocumentKind.PDF, (page(path),), "protected" in path)
                self.send(DocumentOpened(request, info))
            case RenderTile():
                size = Size(command.width, command.height)
                self.ring.slot(command.slot)[: size.area * 4] = bytes([command.x % 256]) * (size.area * 4)
                self.send(TileReady(command.request, command.slot, size))
            case ReadText(request=request, page=asked):
                obey(asked.label)
                names = tuple(self.opened)
                self.send(TextReady(request, PageText(asked, (), len(names) / 10)))
            case RenderPage(path=path):
                obey(command.page.label)
                Path(path).write_bytes(b"")
            case Ask(ask=request):
                self.answer(request)
            case TextDelivered(text=text):
                self.send(AnswerReady(text.page.index, answer(f"share {text.image_share}")))
            case Cancel():
                pass

    def answer(self, request: Request) -> None:
        obey(request.question)
        self.send(Progress(request.id, 0, 1, "thinking"))
        if request.question == "need text":
            # The fake keeps the request's id in the page index, to answer when the text comes.
            asked = PageRef(request.pages[0].document, request.id, "1", 1.0, 1.0, Size(1, 1))
            self.send(NeedText(request.id, 77, asked))
        elif request.question == "fail":
            self.send(Failed(request.id, FileDamagedError("It is damaged.").info))
        else:
            self.send(AnswerReady(request.id, answer(request.question)))


def obey(word: str) -> None:
    """`die` dies; `die once FILE` dies unless FILE exists; `hang` never comes back."""
    if word.startswith("die once "):
        flag = Path(word.removeprefix("die once "))
        if not flag.exists():
            flag.touch()
            os._exit(9)
    elif word.startswith("die"):
        os._exit(9)
    elif word.startswith("hang"):
        threading.Event().wait()


if __name__ == "__main__":
    try:
        FakeWorker(WorkerKind(sys.argv[1]), Connection(int(sys.argv[2])), TileRingView(sys.argv[3])).run()
    except (EOFError, OSError):
        os._exit(0)
