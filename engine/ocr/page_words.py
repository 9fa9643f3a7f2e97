"""The words of a page for every reader: text layer where it is sane, OCR elsewhere, both on pages with large images.

Owns that decision, the righting of pages that lie on their side, and the sentences that tell the user about both.
Boxes are in page units of the page as righted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.documents.types import PageRef, PageText, PageWords, Word, WordSource
from engine.errors import CancelledError
from engine.geometry import PageRect, PixelRect, Size
from engine.ocr.cache import CacheKey, WordCache
from engine.ocr.lines import in_reading_order
from engine.ocr.merging import agreement, inside, uncovered
from engine.ocr.models import Image, Quad, model_version
from engine.ocr.orientation import find_tilt
from engine.ocr.recognizer import ReadWord, Recognizer, as_array
from engine.ocr.splitting import split_label
from engine.ocr.text_layer import judge, usable_words
from engine.ocr.unread import unread_areas
from engine.readers.protocol import PageSource

logger = logging.getLogger(__name__)

MIN_TILTED_WORDS = 8
"""A text layer with fewer words than this does not turn a page."""
SPARSE_WORDS, MIN_IMAGE_SHARE = 120, 0.003
"""A page with fewer text-layer words, or with more of its area in images, is looked at for print left out."""
MIN_AGREEMENT = 0.8
"""Below this share of matching words the text layer does not say what is printed, and OCR is believed instead."""
IMAGE_MARGIN_SHARE = 0.01
"""Image boxes are widened by this share of the page before outlines are kept or dropped."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What OCR made of a page image: words in page units of `page`, which may be turned."""

    page: PageRef
    words: tuple[Word, ...]
    pixels: Size


class PageWordReader:
    """Implements `WordSourceProtocol`; one page at a time, in the thread that asks."""

    def __init__(
        self, source: PageSource, cache: WordCache | None = None, recognizer: Recognizer | None = None
    ) -> None:
        self._source = source
        self._cache = cache or WordCache()
        self._recognizer = recognizer or Recognizer()

    def words(self, page: PageRef, *, keep_on_disk: bool = True) -> PageWords:
        """The words of `page`, read now unless they are known.

        The result's page may be turned against `page`. Raises CancelledError, OcrModelMissingError and whatever the
        page source raises. With `keep_on_disk` false the disk cache is neither read nor written.
        """
        key = self._key(page)
        known = self._cache.get(key, page, on_disk=keep_on_disk)
        if known is not None:
            return known
        started = time.monotonic()
        read = self._read(page)
        result = replace(read, seconds=time.monotonic() - started)
        self._cache.put(key, result, on_disk=keep_on_disk)
        if result.page.orientation != page.orientation:
            self._cache.put(self._key(result.page), result, on_disk=keep_on_disk)
        return result

    def known(self, page: PageRef) -> PageWords | None:
        """The words of `page` if memory or disk holds them, else None."""
        return self._cache.get(self._key(page), page, on_disk=True)

    def _key(self, page: PageRef) -> CacheKey:
        return CacheKey.of(page, model_version())

    def _check(self) -> None:
        if self._source.cancelled():
            raise CancelledError("Reading was cancelled.")

    def _read(self, page: PageRef) -> PageWords:
        self._check()
        text = self._source.text(page)
        verdict = judge(text)
        if not verdict.sane:
            return self._read_by_ocr(page, _why(text, verdict.reason))
        notices: list[str] = []
        if text.tilt and len(text.words) >= MIN_TILTED_WORDS:
            notices.append(_righted(text.tilt))
            page = page.turned(text.tilt)
            text = self._source.text(page)
        layer = [part for word in usable_words(text) for part in _unglued(word)]
        boxes = self._print_outside(page, text, layer)
        if not boxes:
            return PageWords(page, in_reading_order(layer), notices=tuple(notices))
        return self._read_both(page, boxes, layer, notices)

    def _print_outside(self, page: PageRef, text: PageText, layer: list[Word]) -> tuple[PageRect, ...]:
        """Where there may be print that the text layer does not have: large images, and other ink like writing.

        Dense pages without images are trusted unseen.
        """
        if len(layer) >= SPARSE_WORDS and text.image_share < MIN_IMAGE_SHARE:
            return text.image_boxes
        self._check()
        pixels = self._source.image(page)
        areas = unread_areas(as_array(pixels), [_to_pixels(word.box, page, pixels.size) for word in layer])
        unread = [_to_units(area, page, pixels.size) for area in areas]
        outside = [area for area in unread if all(area.overlap_share(box) < 0.5 for box in text.image_boxes)]
        return (*text.image_boxes, *outside)

    def _read_by_ocr(self, page: PageRef, why: str) -> PageWords:
        seen = self._see(page, None)
        notices = []
        if seen.page.orientation != page.orientation:
            notices.append(_righted(seen.page.orientation - page.orientation))
        read = f"ead by OCR at {seen.pixels.width} x {seen.pixels.height} px."
        notices.append(f"{why}; r{read}" if why else f"R{read}")
        return PageWords(seen.page, in_reading_order(seen.words), seen.pixels, notices=tuple(notices))

    def _read_both(
        self, page: PageRef, boxes: tuple[PageRect, ...], layer: list[Word], notices: list[str]
    ) -> PageWords:
        seen = self._see(page, boxes)
        share = agreement(seen.words, inside(layer, boxes))
        if share is not None and share < MIN_AGREEMENT:
            logger.info("text layer agrees with print at %.2f only", share)
            again = self._read_by_ocr(page, "The text layer does not say what is printed")
            return replace(again, notices=(*notices, *again.notices))
        extra = uncovered(seen.words, layer)
        if extra:
            count = "1 word" if len(extra) == 1 else f"{len(extra)} words"
            size = f"{seen.pixels.width} x {seen.pixels.height} px"
            notices.append(f"{count} not in the text layer read by OCR at {size}.")
        return PageWords(page, in_reading_order([*layer, *extra]), seen.pixels, notices=tuple(notices))

    def _see(self, page: PageRef, boxes: Sequence[PageRect] | None) -> _Seen:
        """OCR of the whole page, righted if it lies on its side, or, with `boxes`, of these parts as they lie."""
        self._check()
        pixels = self._source.image(page)
        image = as_array(pixels)
        outlines = self._outlines(image, page, boxes)
        if boxes is None:
            self._check()
            tilt = find_tilt(self._recognizer.models, image, outlines)
            if tilt:
                page = page.turned(tilt)
                self._check()
                pixels = self._source.image(page)
                image = as_array(pixels)
                outlines = self._outlines(image, page, None)
        read = self._recognizer.read(image, outlines, self._check)
        return _Seen(page, tuple(_word(word, page, pixels.size) for word in read), pixels.size)

    def _outlines(self, image: Image, page: PageRef, boxes: Sequence[PageRect] | None) -> list[Quad]:
        if boxes is None:
            return self._recognizer.outlines(image, self._check)
        outlines: list[Quad] = []
        for x0, y0, x1, y1 in _areas(image, page, boxes):
            part = image[y0:y1, x0:x1]
            corner = np.array([x0, y0], dtype=np.float32)
            outlines += [quad + corner for quad in self._recognizer.outlines(part, self._check)]
        return outlines


def _areas(image: Image, page: PageRef, boxes: Sequence[PageRect]) -> list[tuple[int, int, int, int]]:
    """`boxes` in whole pixels, a little widened; boxes that overlap become one."""
    height, width = image.shape[:2]
    sx, sy = width / page.width, height / page.height
    margin = IMAGE_MARGIN_SHARE * max(page.width, page.height)
    merged: list[PageRect] = []
    for box in boxes:
        grown = PageRect(box.x0 - margin, box.y0 - margin, box.x1 + margin, box.y1 + margin)
        touching = [other for other in merged if other.intersection(grown)]
        while touching:
            merged = [other for other in merged if other not in touching]
            for other in touching:
                grown = grown.union(other)
            touching = [other for other in merged if other.intersection(grown)]
        merged.append(grown)
    areas = []
    for box in merged:
        x0, y0 = max(int(box.x0 * sx), 0), max(int(box.y0 * sy), 0)
        x1, y1 = min(int(box.x1 * sx) + 1, width), min(int(box.y1 * sy) + 1, height)
        if x1 - x0 > 8 and y1 - y0 > 8:
            areas.append((x0, y0, x1, y1))
    return areas


def _word(word: ReadWord, page: PageRef, size: Size) -> Word:
    return Word(word.text, _to_units(word.box, page, size), WordSource.OCR, round(word.confidence, 4))


def _to_units(box: PixelRect, page: PageRef, size: Size) -> PageRect:
    """Pixels of an image of `size` → page units."""
    sx, sy = page.width / size.width, page.height / size.height
    return PageRect(box.x * sx, box.y * sy, box.right * sx, box.bottom * sy)


def _to_pixels(box: PageRect, page: PageRef, size: Size) -> PixelRect:
    """Page units → pixels of an image of `size`."""
    sx, sy = size.width / page.width, size.height / page.height
    return PixelRect(box.x0 * sx, box.y0 * sy, box.width * sx, box.height * sy)


def _unglued(word: Word) -> list[Word]:
    """A text-layer word cut after a glued label, its box shared out by length."""
    parts = split_label(word.text)
    if len(parts) == 1:
        return [word]
    unit = word.box.width / len(word.text)
    result, x = [], word.box.x0
    for part in parts:
        right = x + unit * len(part)
        result.append(replace(word, text=part, box=replace(word.box, x0=x, x1=right)))
        x = right
    return result


def _why(text: PageText, reason: str) -> str:
    """Why a page was read by OCR, as the start of a sentence; empty where nothing else is to be expected."""
    if text.words:
        return f"The text layer was not used ({reason})"
    return "" if text.page.native_dpi is None else "No usable text layer"


def _righted(degrees: int) -> str:
    turn = degrees % 360
    return "Page stood upside down; righted by 180°." if turn == 180 else f"Page lay on its side; righted by {turn}°."
