"""Print that a text layer leaves out: letters drawn as shapes. A cheap look at the ink, before any network."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.geometry import PixelRect
from engine.ocr.models import Image

CONTRAST = 60
"""Grey levels (of 255) between ink and the page's commonest shade."""
LETTER_HEIGHTS = (0.4, 2.5)
"""Height of a letter-like mark, as a share of the usual word height."""
MAX_ASPECT = 4.0
USUAL_HEIGHT_PX = 20.0
"""Word height assumed on a page without words: 10-point type at 150 dpi."""


def unread_marks(image: Image, words: Sequence[PixelRect]) -> int:
    """How many letter-like marks of `image` lie outside all `words` (boxes in its pixels)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    commonest = int(np.bincount(grey.ravel(), minlength=256).argmax())
    ink = (np.abs(grey.astype(np.int16) - commonest) > CONTRAST).astype(np.uint8)
    for word in words:
        margin = 0.3 * word.height
        x0, y0 = max(int(word.x - margin), 0), max(int(word.y - margin), 0)
        ink[y0 : int(word.bottom + margin) + 1, x0 : int(word.right + margin) + 1] = 0
    usual = float(np.median([word.height for word in words])) if words else USUAL_HEIGHT_PX
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    widths, heights = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    low, high = LETTER_HEIGHTS
    letters = (heights >= low * usual) & (heights <= high * usual) & (widths <= MAX_ASPECT * heights)
    solid = stats[1:, cv2.CC_STAT_AREA] < 0.9 * widths * heights
    return int((letters & solid).sum())
