"""Native resolution: the pixel size at which a page loses nothing, and the sizes of a page at other scales.

A vector page is native at the dpi the user chose. A page whose images cover it (a scan) is native at the pixels of
those images, so that one pixel of the scan is one pixel of the page. A page that mixes both takes the finer of the
two, up to `MIXED_CAP_DPI`; what lies beyond that cap is announced.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.geometry import PageRect, Size

POINTS_PER_INCH = 72.0

# 150 million px are 1200 dpi on A4 or 150 dpi on 2 × A0, and 600 MB as BGRX.
READ_BUDGET_PX = 150_000_000

# An image shapes the resolution of its page only if it covers this share of it: logos and rules do not.
LARGE_SHARE = 0.10
# Images that together cover this share of the page make it a scan.
COVER_SHARE = 0.85
# A stripe of a scan runs along most of one side of the page.
STRIPE_SPAN = 0.8
# Pictures on a page of text are read at 600 dpi at most; print holds no more.
MIXED_CAP_DPI = 600.0
# Image sides below this many pixels are rules, gradients and spacers.
MIN_SIDE_PX = 8
# The share by which the page's sides may differ in dpi and still be taken as they are (page boxes in whole points).
ASPECT_TOLERANCE = 0.0015


@dataclass(frozen=True, slots=True)
class Placement:
    """An image on a page: its pixels along the page's x and y axes, and its box in points of the displayed page.

    `box` is the whole image, even where it reaches beyond the page. `channels` is 1 for grey and palettes, 0 unknown.
    """

    box: PageRect
    columns: float
    rows: float
    channels: int = 0

    @property
    def dpi(self) -> tuple[float, float]:
        """Pixels per inch along x and along y; 0 where the box has no extent."""
        return (
            self.columns / self.box.width * POINTS_PER_INCH if self.box.width > 0 else 0.0,
            self.rows / self.box.height * POINTS_PER_INCH if self.box.height > 0 else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was decided for a page: its native size, whether images cover it, and the dpi that was cut off, if any."""

    native: Size
    covered: bool = False
    capped_from_dpi: float | None = None


def vector_resolution(width: float, height: float, dpi: float) -> Resolution:
    """The native size of a page of `width` × `height` points without images."""
    return Resolution(_page_px(width, height, dpi / POINTS_PER_INCH))


def image_resolution(
    page: tuple[float, float], placements: Sequence[Placement], vector_dpi: float, only_images: Callable[[], bool]
) -> Resolution:
    """The native size of a page (width, height in points) with images on it.

    `only_images` tells whether nothing else is visible on the page, so that it may be coarser than `vector_dpi` or
    finer than `MIXED_CAP_DPI`; it is costly and asked only where the answer matters.
    """
    width, height = page
    frame = PageRect(0.0, 0.0, width, height)
    images = [each for each in placements if min(each.columns, each.rows) >= MIN_SIDE_PX]
    covered = covered_share(frame, [each.box for each in images]) >= COVER_SHARE
    large = [each for each in images if frame.overlap_share(each.box) >= LARGE_SHARE]
    if covered and not large:
        large = [each for each in images if _is_stripe(frame, each.box)]
    if not large:
        return Resolution(_page_px(width, height, vector_dpi / POINTS_PER_INCH), covered)
    finest = max(large, key=lambda each: max(each.dpi))
    dpi = max(finest.dpi)
    cap = max(MIXED_CAP_DPI, vector_dpi)
    if vector_dpi <= dpi <= cap or (covered and only_images()):
        return Resolution(_scan_px(width, height, finest), covered)
    if dpi < vector_dpi:
        return Resolution(_page_px(width, height, vector_dpi / POINTS_PER_INCH), covered)
    return Resolution(_page_px(width, height, cap / POINTS_PER_INCH), covered, capped_from_dpi=dpi)


def covered_share(frame: PageRect, boxes: Sequence[PageRect]) -> float:
    """The share (0–1) of `frame` that the union of `boxes` covers; a sum, cut at 1, when there are very many."""
    parts = [part for box in boxes if (part := frame.intersection(box)) is not None]
    if not parts or frame.area <= 0:
        return 0.0
    # The exact union costs n² steps; pages made of hundreds of stripes do not overlap, so their sum is the union.
    area = _union_area(parts) if len(parts) <= 100 else sum(part.area for part in parts)
    return min(1.0, area / frame.area)


def target_size(native: Size, units: tuple[float, float], scale: float) -> Size:
    """The pixels of a page of `units` (width, height) at `scale` px per unit; exactly `native` at native scale.

    The page always fills whole pixels, in the aspect of its native size.
    """
    factor = scale * units[0] / native.width
    if abs(factor - 1.0) <= ASPECT_TOLERANCE:
        return native
    return Size(max(1, round(native.width * factor)), max(1, round(native.height * factor)))


def _page_px(width: float, height: float, scale: float) -> Size:
    return Size(max(1, round(width * scale)), max(1, round(height * scale)))


def _scan_px(width: float, height: float, image: Placement) -> Size:
    """The page in pixels of `image`: pixel for pixel when its dpi along x and y agree, else the finer of both."""
    dpi_x, dpi_y = image.dpi
    if abs(dpi_x - dpi_y) <= ASPECT_TOLERANCE * max(dpi_x, dpi_y):
        return Size(
            max(1, round(width * dpi_x / POINTS_PER_INCH)),
            max(1, round(height * dpi_y / POINTS_PER_INCH)),
        )
    return _page_px(width, height, max(dpi_x, dpi_y) / POINTS_PER_INCH)


def _is_stripe(frame: PageRect, box: PageRect) -> bool:
    part = frame.intersection(box)
    return part is not None and (part.width >= STRIPE_SPAN * frame.width or part.height >= STRIPE_SPAN * frame.height)


def _union_area(boxes: Sequence[PageRect]) -> float:
    """Area of the union: sweep over the distinct x borders, joining the y intervals of each column."""
    borders = sorted({x for box in boxes for x in (box.x0, box.x1)})
    total = 0.0
    for left, right in itertools.pairwise(borders):
        intervals = sorted((box.y0, box.y1) for box in boxes if box.x0 <= left and box.x1 >= right)
        reach = -math.inf
        for top, bottom in intervals:
            total += max(0.0, bottom - max(top, reach)) * (right - left)
            reach = max(reach, bottom)
    return total
