"""Print that a text layer leaves out: letters drawn as shapes or in small images. A cheap look at the ink."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.geometry import PixelRect
from engine.ocr.models import Image

CONTRAST = 60
"""Grey levels (of 255) between ink and the page's commonest shade."""
LETTER_HEIGHTS = (0.2, 2.5)
"""Height of a letter-like mark, as a share of the usual word height (boxes of text layers are 1.4 em high)."""
MAX_ASPECT = 4.0
SOLID_SHARE = 0.9
"""Marks that fill this share of their box are bullets, swatches and rules."""
USUAL_HEIGHT_PX = 20.0
"""Word height assumed on a page without words: 10-point type at 150 dpi."""
REACH_HEIGHTS = 1.5
"""Marks closer than this many word heights belong to one area."""
MIN_MARKS = 12


def unread_areas(image: Image, words: Sequence[PixelRect]) -> list[PixelRect]:
    """Rectangles of `image` that hold at least `MIN_MARKS` letter-like marks outside all `words` (in its pixels)."""
    usual = float(np.median([word.height for word in words])) if words else USUAL_HEIGHT_PX
    _, labels, stats, _ = cv2.connectedComponentsWithStats(_unread_ink(image, words))
    letters = _letter_like(stats, usual)
    if letters.sum() < MIN_MARKS:
        return []
    marks = letters[labels].astype(np.uint8)
    reach = max(int(REACH_HEIGHTS * usual), 1)
    joined = cv2.dilate(marks, np.ones((reach, 2 * reach), dtype=np.uint8))
    _, areas, boxes, _ = cv2.connectedComponentsWithStats(joined)
    numbers = np.flatnonzero(letters)
    lefts, tops = stats[numbers, cv2.CC_STAT_LEFT], stats[numbers, cv2.CC_STAT_TOP]
    middles = (tops + stats[numbers, cv2.CC_STAT_HEIGHT] // 2, lefts + stats[numbers, cv2.CC_STAT_WIDTH] // 2)
    counts = np.bincount(areas[middles], minlength=len(boxes))
    return [
        PixelRect(float(x), float(y), float(width), float(height))
        for (x, y, width, height, _), count in zip(boxes[1:], counts[1:], strict=True)
        if count >= MIN_MARKS
    ]


def _unread_ink(image: Image, words: Sequence[PixelRect]) -> NDArray[np.uint8]:
    """1 where the page is inked and no word lies, else 0."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    commonest = int(np.bincount(grey.ravel(), minlength=256).argmax())
    ink: NDArray[np.uint8] = (np.abs(grey.astype(np.int16) - commonest) > CONTRAST).astype(np.uint8)
    for word in words:
        margin = 0.3 * word.height
        x0, y0 = max(int(word.x - margin), 0), max(int(word.y - margin), 0)
        ink[y0 : int(word.bottom + margin) + 1, x0 : int(word.right + margin) + 1] = 0
    return ink


def _letter_like(stats: NDArray[np.int32], usual: float) -> NDArray[np.bool_]:
    """For each connected mark whether a letter might look like it; the background (number 0) does not."""
    widths, heights = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    low, high = LETTER_HEIGHTS
    letters = (heights >= low * usual) & (heights <= high * usual) & (widths <= MAX_ASPECT * heights)
    letters &= stats[:, cv2.CC_STAT_AREA] < SOLID_SHARE * widths * heights
    letters[0] = False
    return np.asarray(letters, dtype=np.bool_)
