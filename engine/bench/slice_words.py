"""Slice-wise reading: the words that OCR finds when it reads a page whole, slice by slice, or joined across seams.

A model reads slices; the embedded reader reads whole pages. Here it reads as a model does, each slice of a plan by
itself, so that the seams cut its words, or with the lines joined that a seam cuts. Either at native resolution or at
the scale of the plan's views, where small print is lost. Boxes stay in page pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np

from engine.bench.pages import BenchPage, PageShelf
from engine.documents.types import PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size
from engine.ocr.cache import CacheKey, WordCache
from engine.ocr.lines import in_reading_order
from engine.ocr.models import Image, model_version
from engine.ocr.recognizer import ReadWord, Recognizer, never_cancelled
from engine.ocr.windows import OVERLAP_PX, Window, find_in_windows
from engine.slicing.plan import SlicePlan
from engine.slicing.quality import detail_views


class Mode(StrEnum):
    """`WHOLE`: the page image in one piece. `SLICED`: each slice by itself. `MERGED`: lines are looked for slice by
    slice, a little beyond the seams, joined where a seam cuts them, and read from the whole page."""

    WHOLE = "whole"
    SLICED = "sliced"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Cut:
    """What is read of a page: `slices` in px of the page scaled by `scale` (across, down), or all of it at once."""

    mode: Mode
    scale: tuple[float, float]
    slices: tuple[Window, ...]

    @property
    def key(self) -> str:
        """Equal for readings that are equal, whatever policy they are of."""
        parts = "+".join(f"{w.x0},{w.y0},{w.x1},{w.y1}" for w in self.slices)
        return f"{self.mode}/{self.scale[0]:.5f}x{self.scale[1]:.5f}/{parts}"


WHOLE_PAGE = Cut(Mode.WHOLE, (1.0, 1.0), ())


def cut_of(plan: SlicePlan, mode: Mode, *, resized: bool = False) -> Cut:
    """What `mode` reads of a page under `plan`. With `resized` slices are read at the scale of the plan's first view.

    A page that is not cut, at its own resolution, is read whole.
    """
    if mode is Mode.WHOLE:
        return WHOLE_PAGE
    views = detail_views(plan)
    across, down = views[0].scale if resized else (1.0, 1.0)
    size = _scaled(plan.page, (across, down))
    slices = tuple(
        Window(
            max(round(view.rect.x * across), 0),
            max(round(view.rect.y * down), 0),
            min(round(view.rect.right * across), size.width),
            min(round(view.rect.bottom * down), size.height),
        )
        for view in views
        if view.rect.area > 0
    )
    if slices == (Window(0, 0, size.width, size.height),):
        return Cut(Mode.WHOLE, (across, down), ())
    return Cut(mode, (across, down), slices)


class SliceReading:
    """Reads pages in any mode; what was read before comes from the cache, whichever policy asked for it."""

    def __init__(
        self,
        recognizer: Recognizer | None = None,
        cache: WordCache | None = None,
        on_read: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._recognizer = recognizer or Recognizer()
        self._cache = cache or WordCache()
        self._on_read = on_read

    def words(self, page: BenchPage, cut: Cut) -> PageWords:
        """The words of `page` in reading order, boxes in page px. `on_read` learns how many seconds a page took."""
        key = CacheKey.of(page.ref, f"{model_version()}/bench/{cut.key}")
        known = self._cache.get(key, page.ref, on_disk=page.keep)
        if known is not None:
            return known
        started = time.monotonic()
        image = np.ascontiguousarray(np.asarray(page.pixels().convert("RGB"))[:, :, ::-1])
        words = [_word(word, cut.scale) for word in self._read(_resized(image, cut.scale), cut)]
        seconds = time.monotonic() - started
        result = PageWords(page.ref, in_reading_order(words), page.ref.native, seconds)
        self._cache.put(key, result, on_disk=page.keep)
        self._on_read(seconds)
        return result

    def _read(self, image: Image, cut: Cut) -> list[ReadWord]:
        match cut.mode:
            case Mode.WHOLE:
                return self._recognizer.read(image, self._recognizer.outlines(image))
            case Mode.SLICED:
                return [word for window in cut.slices for word in self._read_slice(image, window)]
            case Mode.MERGED:
                windows = [_grown(window, image) for window in cut.slices]
                outlines = find_in_windows(self._recognizer.models, image, windows, never_cancelled)
                return self._recognizer.read(image, outlines)

    def _read_slice(self, image: Image, window: Window) -> list[ReadWord]:
        part = np.ascontiguousarray(image[window.y0 : window.y1, window.x0 : window.x1])
        read = self._recognizer.read(part, self._recognizer.outlines(part))
        return [
            replace(word, box=replace(word.box, x=word.box.x + window.x0, y=word.box.y + window.y0)) for word in read
        ]


class SliceWords:
    """Implements `WordSourceProtocol` for the embedded reader: the words that one cut reads of pages."""

    def __init__(self, shelf: PageShelf, reading: SliceReading, cut: Cut) -> None:
        self._shelf = shelf
        self._reading = reading
        self._cut = cut

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:  # noqa: ARG002 - the page says it
        return self._reading.words(self._shelf.page(page), self._cut)

    def known(self, page: PageRef) -> PageWords | None:  # noqa: ARG002 - the protocol's signature
        """Nothing is known without asking: a bench reads one page for a question."""
        return None


def _scaled(page: Size, scale: tuple[float, float]) -> Size:
    return Size(max(round(page.width * scale[0]), 1), max(round(page.height * scale[1]), 1))


def _resized(image: Image, scale: tuple[float, float]) -> Image:
    if scale == (1.0, 1.0):
        return image
    size = _scaled(Size(image.shape[1], image.shape[0]), scale)
    way = cv2.INTER_AREA if min(scale) < 1.0 else cv2.INTER_CUBIC
    resized: Image = cv2.resize(image, (size.width, size.height), interpolation=way)
    return resized


def _grown(window: Window, image: Image) -> Window:
    """`window` with half the overlap that windows of large pages have on each side."""
    reach = OVERLAP_PX // 2
    return Window(
        max(window.x0 - reach, 0),
        max(window.y0 - reach, 0),
        min(window.x1 + reach, image.shape[1]),
        min(window.y1 + reach, image.shape[0]),
    )


def _word(word: ReadWord, scale: tuple[float, float]) -> Word:
    across, down = scale
    box = PageRect(word.box.x / across, word.box.y / down, word.box.right / across, word.box.bottom / down)
    return Word(word.text, box, WordSource.OCR, round(word.confidence, 4))
