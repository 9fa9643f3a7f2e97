"""Reading a whole page image: outlines of its lines, which way they stand, and their words with boxes.

Owns the order of the steps and the points at which a reading can be cancelled. Recognition always cuts its lines out
of the page at native resolution; only the recogniser's own input height (48 px a line) limits what it sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.geometry import PixelRect
from engine.ocr.crops import cut, is_tall, read_at, sides, to_page
from engine.ocr.models import Image, LineReading, OcrModels, Quad
from engine.ocr.splitting import split_line
from engine.ocr.windows import find_outlines
from engine.readers.protocol import PageImage

MIN_CONFIDENCE = 0.5
"""Lines the recogniser is less sure of are texture, not text (rapidocr's own limit)."""

BATCH_LINES = 24
"""Lines recognised between two looks at the cancel flag; a multiple of the recogniser's batch of 6."""


@dataclass(frozen=True, slots=True)
class ReadWord:
    """A word in page pixels, with the confidence (0–1) of its own characters."""

    text: str
    box: PixelRect
    confidence: float


def never_cancelled() -> None:
    """The check of a reading that nobody can cancel."""


def as_array(image: PageImage) -> Image:
    """The pixels of `image` as the networks want them: H x W x 3, BGR, contiguous."""
    rgb = np.frombuffer(image.data, dtype=np.uint8).reshape(image.size.height, image.size.width, 3)
    return np.ascontiguousarray(rgb[:, :, ::-1])


class Recognizer:
    """Reads page images with the bundled models; loads them on first use and keeps them."""

    def __init__(self, models: OcrModels | None = None) -> None:
        self._models = models or OcrModels()

    @property
    def models(self) -> OcrModels:
        return self._models

    def outlines(self, image: Image, check: Callable[[], None] = never_cancelled) -> list[Quad]:
        """Outlines of the text lines of `image` in its pixels. `check` may raise CancelledError."""
        return find_outlines(self._models, image, check)

    def read(
        self, image: Image, outlines: Sequence[Quad], check: Callable[[], None] = never_cancelled
    ) -> list[ReadWord]:
        """The words inside `outlines`, in no particular order. `check` may raise CancelledError."""
        quads = sorted(outlines, key=lambda quad: sides(quad)[0] / max(sides(quad)[1], 1.0))
        words: list[ReadWord] = []
        for start in range(0, len(quads), BATCH_LINES):
            check()
            words += self._read_batch(image, quads[start : start + BATCH_LINES])
        return words

    def _read_batch(self, image: Image, quads: list[Quad]) -> list[ReadWord]:
        words: list[ReadWord] = []
        tall = [quad for quad in quads if is_tall(quad)]
        standing = [quad for quad in quads if not is_tall(quad)]
        crops = [cut(image, quad) for quad in standing]
        for quad, crop, reading in zip(standing, crops, self._models.recognise(crops), strict=True):
            words += _words(quad, crop, reading)
        for quad in tall:
            words += self._read_tall(image, quad)
        return words

    def _read_tall(self, image: Image, quad: Quad) -> list[ReadWord]:
        """A line that runs up or down an upright page: read both ways, the surer one kept."""
        quads = [quad, read_at(quad, 90), read_at(quad, 270)]
        width, height = sides(quad)
        # A short one may also be a single upright character, such as a digit.
        tries = quads if height < 3 * width else quads[1:]
        crops = [cut(image, turned) for turned in tries]
        readings = self._models.recognise(crops)
        best = max(range(len(tries)), key=lambda i: readings[i].confidence)
        return _words(tries[best], crops[best], readings[best])


def _words(quad: Quad, crop: Image, reading: LineReading) -> list[ReadWord]:
    if reading.confidence < MIN_CONFIDENCE:
        return []
    return [
        ReadWord(piece.text, to_page(quad, piece.left, piece.top, piece.right, piece.bottom), piece.confidence)
        for piece in split_line(crop, reading)
    ]
