"""The strips of a view: where its text lines are, each cut out and brought to the height that the network reads.

A page's strips are grouped by its slices. Inside a slice they lie where ink is: upright edges, closed over the spaces
between words, in runs as high as a line. Nothing is learned here, and blank paper costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.uhd.strip_tower import STEP_PX, STRIP_PX

Grey = NDArray[np.uint8]

EDGE = 28
"""Neighbouring pixels that differ by this much are an edge of ink."""
SPACE_PX = 11
"""Gaps up to this wide lie within a line."""
RULE_PX = 44
"""Upright edges this long are rules, not letters."""
MIN_HEIGHT_PX, MAX_HEIGHT_PX = 6, 160
MIN_WIDTH_PX = 3
VALLEY = 0.06
"""Between two lines that touch, rows hold less than this share of the ink of the fullest row."""
PAD_HEIGHTS, PAD_PX = 0.22, 2.0
WIDTHS_PX = 2400
"""Columns of strips that go through the network at a time."""


@dataclass(frozen=True, slots=True)
class Strip:
    """A line's place in its view, in pixels, margins included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width_px(self) -> int:
        """Its width once it has the network's height, in whole time steps."""
        wanted = (self.right - self.left) * STRIP_PX / (self.bottom - self.top)
        return max(round(wanted / STEP_PX), 2) * STEP_PX


def find_strips(grey: Grey) -> list[Strip]:
    """The strips of a view [height, width], from top to bottom."""
    ink = _ink(grey)
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, SPACE_PX), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    found = []
    for label in range(1, count):
        left, top, width, height = (int(value) for value in stats[label][:4])
        if width >= MIN_WIDTH_PX and MIN_HEIGHT_PX <= height <= MAX_HEIGHT_PX:
            own = (labels[top : top + height, left : left + width] == label) & (
                ink[top : top + height, left : left + width] > 0
            )
            found += _lines(own, left, top)
    height, width = grey.shape
    return sorted((_padded(box, width, height) for box in _whole(found)), key=lambda strip: (strip.top, strip.left))


def batches(strips: list[Strip]) -> list[list[int]]:
    """Numbers of strips that go together: of like width, at most WIDTHS_PX columns in all."""
    groups: list[list[int]] = []
    room = 0
    for number in sorted(range(len(strips)), key=lambda one: strips[one].width_px):
        width = strips[number].width_px
        if not groups or width > room or width > 1.3 * strips[groups[-1][0]].width_px:
            groups.append([])
            room = WIDTHS_PX
        groups[-1].append(number)
        room -= width
    return groups


def _ink(grey: Grey) -> Grey:
    """255 where an edge is, without the edges of rules."""
    change = np.abs(np.diff(grey.astype(np.int16), axis=1, append=grey[:, -1:].astype(np.int16)))
    ink = np.where(change > EDGE, 255, 0).astype(np.uint8)
    rules = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((RULE_PX, 1), np.uint8))
    return cv2.subtract(ink, cv2.dilate(rules, np.ones((3, 3), np.uint8)))


def _lines(own: NDArray[np.bool_], left: int, top: int) -> list[Strip]:
    """A run of ink as one strip, or as several where lines touch."""
    profile = own.sum(axis=1)
    full = profile > VALLEY * profile.max()
    edges = np.flatnonzero(np.diff(np.concatenate([[False], full, [False]]).astype(np.int8)))
    parts = [(int(a), int(b)) for a, b in zip(edges[0::2], edges[1::2], strict=True)]
    large = [part for part in parts if part[1] - part[0] >= MIN_HEIGHT_PX]
    if len(large) < 2:
        return [Strip(left, top, left + own.shape[1], top + own.shape[0])]
    made = []
    for start, end in large:
        columns = np.flatnonzero(own[start:end].any(axis=0))
        made.append(Strip(left + int(columns[0]), top + start, left + int(columns[-1]) + 1, top + end))
    return made


def _whole(found: list[Strip]) -> list[Strip]:
    """Without strips that lie in another one."""
    return [
        one
        for one in found
        if not any(
            other is not one
            and other.left <= one.left
            and other.right >= one.right
            and other.top <= one.top
            and other.bottom >= one.bottom
            for other in found
        )
    ]


def _padded(strip: Strip, width: int, height: int) -> Strip:
    pad = round(max(PAD_HEIGHTS * (strip.bottom - strip.top), PAD_PX))
    return Strip(
        max(strip.left - pad, 0),
        max(strip.top - pad, 0),
        min(strip.right + pad, width),
        min(strip.bottom + pad, height),
    )
