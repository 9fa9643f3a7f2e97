"""The readers of one reading worker, made when they are first asked: the embedded one, and one model at a time."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

from engine.errors import TesseraError, UsageError
from engine.readers.cascade import CascadeReader
from engine.readers.names import EMBEDDED_NAME, is_cascade, model_behind
from engine.readers.protocol import ManyReader, PageSource, Reader, WordSourceProtocol
from engine.readers.revisions import model_revision
from engine.readers.types import Event, Failed, Progress, ReaderChoice, Request

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The model that is loaded: which one, in which revision and precision as asked for."""

    name: str
    revision: str
    precision: str
    reader: ManyReader


class Readers:
    """A `Reader` that asks the reader which a request names. `words` is made on its first use.

    A model stays loaded until another one, or another precision, is asked for; it leaves memory before the next comes
    in, because two may not fit.
    """

    def __init__(self, words: Callable[[], WordSourceProtocol], pages: PageSource) -> None:
        self._make_words = words
        self._pages = pages
        self._embedded: Reader | None = None
        self._loaded: _Loaded | None = None

    def ask(self, request: Request) -> Iterator[Event]:
        """The events of the reader that `request` names; Failed where there is no such reader or it cannot load."""
        try:
            name = request.reader.name
            if name == EMBEDDED_NAME:
                _check_embedded(request.reader)
                yield from self._embedded_reader().ask(request)
            elif is_cascade(name):
                # The model is looked for first: a cascade that has none must not look like one that was sure.
                model_behind(name)
                yield from CascadeReader(self._embedded_reader(), _LateModel(self)).ask(request)
            else:
                yield from self.ask_model(request)
        except TesseraError as error:
            yield Failed(request.id, error.info)

    def ask_many(self, request: Request, questions: Sequence[str]) -> Iterator[Event]:
        """The events of several questions to the model that `request` names, about the same pages: see
        `SlicedReader.ask_many`. Failed where another reader is named, or it cannot load."""
        try:
            if request.reader.name == EMBEDDED_NAME or is_cascade(request.reader.name):
                raise UsageError(f"Only a model is asked several questions at once, not {request.reader.name}.")
            reader = yield from self._model_reader(request)
            yield from reader.ask_many(request, questions)
        except TesseraError as error:
            yield Failed(request.id, error.info)

    def ask_model(self, request: Request) -> Iterator[Event]:
        """The events of the model that `request` names, which is loaded first where it is not yet."""
        reader = yield from self._model_reader(request)
        yield from reader.ask(request)

    def _embedded_reader(self) -> Reader:
        if self._embedded is None:
            from engine.readers.embedded.reader import EmbeddedReader

            self._embedded = EmbeddedReader(self._make_words(), self._pages.cancelled)
        return self._embedded

    def _model_reader(self, request: Request) -> Generator[Event, None, ManyReader]:
        folder = model_behind(request.reader.name)
        assert folder is not None
        revision, precision = model_revision(folder), request.reader.precision
        held = self._loaded
        if held is not None and (held.name, held.revision, held.precision) == (folder.name, revision, precision):
            return held.reader
        self._loaded = held = None
        # A model refers to itself in circles; it has to be gone before the next one looks for room.
        gc.collect()
        yield Progress(request.id, 0, 0, f"Loading {folder.name}")
        # torch comes in here, and only here.
        from engine.readers.sliced.opening import open_reader

        reader = yield from open_reader(folder, revision, request, self._make_words(), self._pages)
        self._loaded = _Loaded(folder.name, revision, precision, reader)
        return reader


def _check_embedded(choice: ReaderChoice) -> None:
    if choice.shortens:
        raise UsageError(
            "The embedded reader reads words, not slices: there is nothing of a page that it could be spared.",
            "Ask a model, or leave out --best-slices, --keep-tokens and --top-p.",
        )


class _LateModel:
    """The model behind a cascade, as a reader: loaded when it is first asked."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def ask(self, request: Request) -> Iterator[Event]:
        return self._readers.ask_model(request)
