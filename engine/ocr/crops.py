"""Line crops: cuts a text outline out of the page, upright as read, and carries places in the crop back to the page.

A `Quad` is rolled so that its first corner is the upper left corner *of the reading direction*; one rule then covers
lines that run left to right, upwards, downwards and on their head.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.geometry import PixelRect
from engine.ocr.models import Image, Quad

TALL = 1.5
"""An outline this many times as high as wide holds a line that runs up or down (as rapidocr sees it)."""

STRAIGHT_PX = 1.5
"""Edges that rise or fall by less than this are cut without resampling."""


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height in px of an outline (the longer of each pair of opposite edges)."""
    width = max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))
    height = max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))
    return float(width), float(height)


def is_tall(quad: Quad) -> bool:
    width, height = sides(quad)
    return height >= TALL * width


def read_at(quad: Quad, degrees: int) -> Quad:
    """`quad` with its corners rolled so that the line in it is upright once turned clockwise by `degrees`."""
    return np.roll(quad, degrees % 360 // 90, axis=0)


def shortened(quad: Quad, aspect: float) -> Quad:
    """The middle piece of a line's outline, at most `aspect` times as long as wide."""
    width, height = sides(quad)
    share = min(1.0, aspect * min(width, height) / max(width, height, 1.0))
    a, b = (1.0 - share) / 2, (1.0 + share) / 2
    upper_left, upper_right, lower_right, lower_left = quad
    if height > width:
        left, right = lower_left - upper_left, lower_right - upper_right
        corners = [upper_left + a * left, upper_right + a * right, upper_right + b * right, upper_left + b * left]
    else:
        upper, lower = upper_right - upper_left, lower_right - lower_left
        corners = [upper_left + a * upper, upper_left + b * upper, lower_left + b * lower, lower_left + a * lower]
    return np.array(corners, dtype=np.float32)


def bounds(quad: Quad) -> PixelRect:
    """The upright rectangle around an outline."""
    (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
    return PixelRect(float(x0), float(y0), float(x1 - x0), float(y1 - y0))


def cut(image: Image, quad: Quad) -> Image:
    """The pixels inside `quad`, with its first edge on top; at least 1 x 1 px."""
    if _is_straight(quad):
        height, width = image.shape[:2]
        x0, y0 = (max(int(value), 0) for value in quad[0])
        x1, y1 = min(int(quad[2][0]), width), min(int(quad[2][1]), height)
        return np.ascontiguousarray(image[min(y0, height - 1) : max(y1, y0 + 1), min(x0, width - 1) : max(x1, x0 + 1)])
    width_px, height_px = (max(round(side), 1) for side in sides(quad))
    corners = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(quad, dtype=np.float32), corners)
    crop: Image = cv2.warpPerspective(
        image, matrix, (width_px, height_px), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return crop


def to_page(quad: Quad, left: float, top: float, right: float, bottom: float) -> PixelRect:
    """The page rectangle around a part of a crop; the part is given in shares (0–1) of the crop's sides."""
    u = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)
    upper = quad[0] + (quad[1] - quad[0]) * u[:, :1]
    lower = quad[3] + (quad[2] - quad[3]) * u[:, :1]
    points = upper + (lower - upper) * u[:, 1:]
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return PixelRect(float(x0), float(y0), float(x1 - x0), float(y1 - y0))


def _is_straight(quad: Quad) -> bool:
    """True when the first edge lies on top and level, so that slicing is enough."""
    upright = quad[1][0] > quad[0][0] and quad[3][1] > quad[0][1]
    skew = max(
        abs(quad[0][1] - quad[1][1]),
        abs(quad[3][1] - quad[2][1]),
        abs(quad[0][0] - quad[3][0]),
        abs(quad[1][0] - quad[2][0]),
    )
    return bool(upright and skew < STRAIGHT_PX)
