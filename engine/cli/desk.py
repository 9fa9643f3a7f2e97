"""One document on the command line: opened, asked and rendered through the same supervisor the window uses."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from PIL import Image

from engine.batch.scope import scope_pages
from engine.cli.console import print_notice, progress_bar
from engine.documents.types import DocumentInfo, PageRef, PageWords
from engine.errors import OutputError, PasswordNeededError, TesseraError
from engine.readers.types import Answer, AnswerReady, PageRead, Progress, ReaderChoice
from engine.service.messages import DocumentOpened, PageImageReady
from engine.service.pending import Pending
from engine.service.requests import Notice, ServiceOptions
from engine.service.supervisor import Supervisor

POLL_S = 0.2


class Desk:
    """A supervisor with one document on it. Use `with open_desk(...) as desk`."""

    def __init__(self, supervisor: Supervisor, document: DocumentInfo) -> None:
        self._supervisor = supervisor
        self.document = document

    def pages(self, scope: str) -> tuple[PageRef, ...]:
        """The pages that `scope` (such as `1-3`, counted from 1) names. Raises UsageError."""
        return tuple(self.document.pages[index] for index in scope_pages(scope, len(self.document.pages)))

    def ask(self, question: str, pages: tuple[PageRef, ...], policy: str, reader: ReaderChoice) -> Answer:
        """Ask and wait, with a progress bar. Raises TesseraError."""
        ready = wait(self._supervisor.ask(question, pages, policy=policy, reader=reader))
        if not isinstance(ready, AnswerReady):
            raise TypeError(f"asking ended with {type(ready).__name__}")
        return ready.answer

    def words(self, page: PageRef) -> PageWords:
        """The words of a page, from its text layer or by OCR, with a progress bar. Raises TesseraError."""
        ready = wait(self._supervisor.read(page))
        if not isinstance(ready, PageRead):
            raise TypeError(f"reading ended with {type(ready).__name__}")
        return ready.words

    def image(self, page: PageRef) -> Image.Image:
        """The page image at native resolution: the very pixels a reader gets."""
        ready = wait(self._supervisor.page_image(page))
        if not isinstance(ready, PageImageReady):
            raise TypeError(f"rendering ended with {type(ready).__name__}")
        path = Path(ready.path)
        try:
            return Image.frombytes("RGB", (ready.size.width, ready.size.height), path.read_bytes())
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def open_desk(path: str, password: str | None, options: ServiceOptions | None = None) -> Iterator[Desk]:
    """Open `path`; asks for a password where one is needed and somebody is there to type it."""
    with running_supervisor(options) as supervisor:
        document = open_document(supervisor, path, password)
        for notice in document.notices:
            print_notice(notice)
        yield Desk(supervisor, document)


@contextmanager
def running_supervisor(options: ServiceOptions | None = None) -> Iterator[Supervisor]:
    """A supervisor that is closed whatever happens; SIGTERM ends like Ctrl+C."""
    supervisor = Supervisor(_print_notice, options)
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield supervisor
    finally:
        signal.signal(signal.SIGTERM, previous)
        supervisor.close()


def wait(pending: Pending) -> object:
    """The final event of `pending`, with a progress bar. Ctrl+C cancels it. Raises TesseraError."""
    with progress_bar() as bar:
        task = bar.add_task("", total=None, visible=False)

        def on_event(event: object) -> None:
            if isinstance(event, Progress):
                bar.update(task, description=event.text, completed=event.done, total=event.total, visible=True)

        try:
            while not pending.wait(POLL_S, on_event):
                pass
        except KeyboardInterrupt:
            pending.cancel()
            raise
    return pending.result()


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a PNG (or what the suffix says). Raises OutputError."""
    try:
        image.save(path)
    except ValueError as error:
        raise OutputError(f"{path.name} has no picture format Tessera can write.", "Name it .png.") from error
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error


def check_picture_path(path: Path) -> None:
    """Raises OutputError before any work is done when a picture could not be written to `path`."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff"):
        raise OutputError(f"{path.name} has no picture format Tessera can write.", "Name it .png.")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"There is no folder {path.absolute().parent}.", "Make it, or choose another.")


def open_document(supervisor: Supervisor, path: str, password: str | None) -> DocumentInfo:
    """Open `path`; asks for a password where one is needed and somebody is there to type it. Raises TesseraError."""
    absolute = str(Path(path).expanduser().absolute())
    try:
        opened = wait(supervisor.open(absolute, password))
    except TesseraError as error:
        if error.info.code != PasswordNeededError.code or password is not None or not sys.stdin.isatty():
            raise
        typed = click.prompt(f"Password of {Path(path).name}", hide_input=True, err=True)
        opened = wait(supervisor.open(absolute, typed))
    if not isinstance(opened, DocumentOpened):
        raise TypeError(f"opening ended with {type(opened).__name__}")
    return opened.document


def _print_notice(notice: Notice) -> None:
    print_notice(notice.text)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
    raise KeyboardInterrupt
