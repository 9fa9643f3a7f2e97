"""Detection over pages of any size: one pass up to `WINDOW_PX` a side, overlapping windows beyond.

Large pages are first searched on a smaller copy; where that shows print that is large even there (a 300 dpi scan),
its outlines are kept, because finding a line needs far fewer pixels than reading it and costs five times as much on
the full page. Smaller print is searched at native resolution. Reading always happens on the native page.

Only *outlines* are found in windows; a line cut by a seam is joined here, before anything is recognised, so that the
recogniser always sees whole lines from the whole page and no word has to be glued from halves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.ocr.crops import bounds, is_tall, sides
from engine.ocr.models import SIDE_STEP, Image, OcrModels, Quad

WINDOW_PX = 4000
OVERLAP_PX = 320
"""Seam overlap: taller than any line of running text, so that each line is whole in one window across its height."""

COARSE_SIDE_PX = 2000
"""Long side of the smaller copy; pages up to `COARSE_FROM_PX` are not worth one."""
COARSE_FROM_PX = 2600
LARGE_PRINT_PX = 18.0
"""Outline height, in pixels of the smaller copy, from which nothing is lost on it. Measured on generated pages with
noise and tight leading: no line is lost at outlines of 13 px (8 px type), some are at 10 px (7 px type)."""
LARGE_PRINT_SHARE = 0.1
"""Share of the outlines that may be lower than that (rules, dots, page numbers)."""

SMALL_SIDE_PX = 736
"""Images with a shorter side are enlarged for detection, as rapidocr does ..."""
ENLARGED_SIDE_PX, MAX_ENLARGEMENT = 2000, 3.0
"""... until the long side reaches this, and never more than so many times."""
MARGIN_PX = 32
"""Clean margin put around an image: the detector misses text that touches the border."""

SEAM_PX = 6
"""An outline this close to a window's inner border may continue in the next window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the page in whole pixels; `x1` and `y1` are exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int


def windows_of(width: int, height: int, side: int = WINDOW_PX, overlap: int = OVERLAP_PX) -> list[Window]:
    """Windows of at most `side` px that cover the page, neighbours sharing at least `overlap` px; row-major."""
    columns, rows = _spans(width, side, overlap), _spans(height, side, overlap)
    return [Window(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def find_outlines(
    models: OcrModels, image: Image, check: Callable[[], None], side: int = WINDOW_PX, overlap: int = OVERLAP_PX
) -> list[Quad]:
    """Outlines of all text lines in `image`, in its pixels. `check` is called between windows and may raise."""
    height, width = image.shape[:2]
    if max(height, width) > COARSE_FROM_PX:
        check()
        coarse = _find_coarsely(models, image)
        if coarse is not None:
            return coarse
    return find_in_windows(models, image, windows_of(width, height, side, overlap), check)


def find_in_windows(
    models: OcrModels, image: Image, windows: Sequence[Window], check: Callable[[], None]
) -> list[Quad]:
    """As `find_outlines`, in `windows`, each overlapping its neighbours by more than a line's height."""
    found: list[Quad] = []
    for window in windows:
        check()
        part = image[window.y0 : window.y1, window.x0 : window.x1]
        fresh = [quad + np.array([window.x0, window.y0], dtype=np.float32) for quad in _detect(models, part)]
        found = _join(found, fresh, window) if found else fresh
    return found


def _find_coarsely(models: OcrModels, image: Image) -> list[Quad] | None:
    """Outlines found on the smaller copy, in pixels of `image`; None where its print may be too small for that."""
    scale = COARSE_SIDE_PX / max(image.shape[:2])
    copy = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    quads = _detect(models, copy)
    if not quads:
        return None
    lowest = float(np.quantile([min(sides(quad)) for quad in quads], LARGE_PRINT_SHARE))
    return [quad / np.float32(scale) for quad in quads] if lowest >= LARGE_PRINT_PX else None


def _spans(length: int, side: int, overlap: int) -> list[tuple[int, int]]:
    if length <= side:
        return [(0, length)]
    count = math.ceil((length - overlap) / (side - overlap))
    step = (length - side) / (count - 1)
    return [(round(i * step), round(i * step) + side) for i in range(count)]


def _detect(models: OcrModels, image: Image) -> list[Quad]:
    height, width = image.shape[:2]
    scale = min(SMALL_SIDE_PX / min(width, height), ENLARGED_SIDE_PX / max(width, height), MAX_ENLARGEMENT)
    scale = max(scale, 1.0)
    if scale > 1.0:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    padded = _padded(image)
    quads = models.detect(padded)
    limits = np.array([width, height], dtype=np.float32)
    return [np.clip((quad - MARGIN_PX) / scale, 0, limits).astype(np.float32) for quad in quads]


def _padded(image: Image) -> Image:
    """`image` with a margin in its own background colour, sides rounded up to what the detector takes."""
    height, width = image.shape[:2]
    right = MARGIN_PX + -(width + 2 * MARGIN_PX) % SIDE_STEP
    bottom = MARGIN_PX + -(height + 2 * MARGIN_PX) % SIDE_STEP
    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    colour = [float(value) for value in np.median(border, axis=0)]
    padded: Image = cv2.copyMakeBorder(image, MARGIN_PX, bottom, MARGIN_PX, right, cv2.BORDER_CONSTANT, value=colour)
    return padded


def _join(known: list[Quad], fresh: list[Quad], window: Window) -> list[Quad]:
    """Outlines of earlier windows and of `window`, each line once and whole."""
    result = list(known)
    for quad in fresh:
        partners = [i for i, other in enumerate(result) if _near(other, window) and _same_line(other, quad)]
        joined = quad
        for i in partners:
            joined = _hull(joined, result[i])
        result = [other for i, other in enumerate(result) if i not in partners]
        result.append(joined)
    return result


def _near(quad: Quad, window: Window) -> bool:
    box = bounds(quad)
    return (
        box.right >= window.x0 - SEAM_PX
        and box.bottom >= window.y0 - SEAM_PX
        and box.x <= window.x1 + SEAM_PX
        and box.y <= window.y1 + SEAM_PX
    )


def _same_line(one: Quad, other: Quad) -> bool:
    """True for two outlines that share ground and agree across the line: the same line seen from two windows."""
    if is_tall(one) != is_tall(other):
        return _covered(one, other) > 0.7
    a, b = bounds(one), bounds(other)
    if is_tall(one):
        along = min(a.bottom, b.bottom) - max(a.y, b.y)
        across, thin = min(a.right, b.right) - max(a.x, b.x), min(a.width, b.width)
    else:
        along = min(a.right, b.right) - max(a.x, b.x)
        across, thin = min(a.bottom, b.bottom) - max(a.y, b.y), min(a.height, b.height)
    return along > 0 and across > 0.6 * thin


def _covered(one: Quad, other: Quad) -> float:
    """Shared area over the smaller of the two upright rectangles."""
    a, b = bounds(one), bounds(other)
    wide = min(a.right, b.right) - max(a.x, b.x)
    high = min(a.bottom, b.bottom) - max(a.y, b.y)
    smaller = min(a.area, b.area)
    return max(wide, 0.0) * max(high, 0.0) / smaller if smaller > 0 else 0.0


def _hull(one: Quad, other: Quad) -> Quad:
    """The narrowest outline around two parts of one line, corners in the detector's order."""
    corners = cv2.boxPoints(cv2.minAreaRect(np.concatenate([one, other]).astype(np.float32)))
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2][np.argsort(by_x[:2, 1])], by_x[2:][np.argsort(by_x[2:, 1])]
    return np.array([left[0], right[0], right[1], left[1]], dtype=np.float32)
