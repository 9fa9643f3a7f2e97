"""Sizes, rectangles and points of pages. Owns the rule that width comes before height; imports nothing heavy.

Two frames exist. *Page pixels* (`PixelRect`) are pixels of the page at native resolution. *Page units*
(`PageRect`, `PagePoint`) are native pixels of an image after its EXIF orientation, or points (1/72 inch) of a
PDF page as displayed. `PageRef.units_per_px` converts between them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """A size in whole pixels (or, where said, page units rounded up): always width first."""

    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height

    def swapped(self) -> Size:
        """The same rectangle after a quarter turn."""
        return Size(self.height, self.width)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class PixelRect:
    """A rectangle in page pixels at native resolution; floats, because slice borders fall between pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def area(self) -> float:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class PagePoint:
    """A point in page units."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PageRect:
    """A rectangle in page units; (x0, y0) is the upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def center(self) -> PagePoint:
        return PagePoint((self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2)

    def contains(self, point: PagePoint) -> bool:
        return self.x0 <= point.x <= self.x1 and self.y0 <= point.y <= self.y1

    def intersection(self, other: PageRect) -> PageRect | None:
        """The shared rectangle, or None where the two do not overlap in area."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        x1, y1 = min(self.x1, other.x1), min(self.y1, other.y1)
        return PageRect(x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None

    def union(self, other: PageRect) -> PageRect:
        return PageRect(min(self.x0, other.x0), min(self.y0, other.y0), max(self.x1, other.x1), max(self.y1, other.y1))

    def overlap_share(self, other: PageRect) -> float:
        """The share (0–1) of this rectangle's area that lies in `other`; 0 for an empty rectangle."""
        shared = self.intersection(other)
        return shared.area / self.area if shared is not None and self.area > 0 else 0.0

    def as_list(self) -> list[float]:
        """[x0, y0, x1, y1], rounded to 0.01 as CSV and JSON carry it."""
        return [round(self.x0, 2), round(self.y0, 2), round(self.x1, 2), round(self.y1, 2)]


def bounding_rect(rects: list[PageRect]) -> PageRect | None:
    """The smallest rectangle around all of `rects`, or None when there are none."""
    if not rects:
        return None
    return PageRect(
        min(r.x0 for r in rects), min(r.y0 for r in rects), max(r.x1 for r in rects), max(r.y1 for r in rects)
    )


def turn_rect(rect: PageRect, size: tuple[float, float], degrees: int) -> PageRect:
    """`rect` on a page of `size` (width, height in page units) after the page is turned clockwise by `degrees`.

    `degrees` is 0, 90, 180 or 270; the result is in the frame of the turned page.
    """
    width, height = size
    match degrees % 360:
        case 0:
            return rect
        case 90:
            return PageRect(height - rect.y1, rect.x0, height - rect.y0, rect.x1)
        case 180:
            return PageRect(width - rect.x1, height - rect.y1, width - rect.x0, height - rect.y0)
        case 270:
            return PageRect(rect.y0, width - rect.x1, rect.y1, width - rect.x0)
        case _:
            raise ValueError(f"a page turns by quarter turns, not by {degrees} degrees")
