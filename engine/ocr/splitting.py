"""From a recognised line to words with boxes: where the text splits, and where on the crop each piece lies.

The recogniser says roughly where each character fired; the ink says exactly where the gaps are. Word borders are
put at the widest blank run between the two characters they fall between, word tops and bottoms at their own ink.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.ocr.models import Image, LineReading

LABEL_END = re.compile(
    r"(?<=[^\W\d_][^\W\d_]|[^\W\d_][.)\]])(?P<colon>[:：])(?=[^\s:：/\\])"  # Date:12/03/2018, but not 12:30 nor http://
    r"|(?<=[^\W\d_][^\W\d_])(?P<hash>[#№])(?=\d)"  # Invoice#123
    r"|(?<=[^\W\d_][a-z])(?P<money>)(?=[$€£¥₹]\d)"  # Total$12.50, but not US$12
)
NEVER_SPLIT = re.compile(r"^(?:https?|ftp|mailto|file|urn|doi|tel):", re.IGNORECASE)

VALUE_END = re.compile(r"(?:\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d\d)|\d[.,]\d\d|\d%|[^\W\d_]{3})$")

VALUE_STARTS = frozenset("0123456789$€£¥₹(+-")
LONE_DIGIT = re.compile(r"\d(?!\d)")

SPACE_SHARE = 0.7
"""A blank run inside a word that is this share of the line's usual space is a space that the recogniser dropped."""
MIN_GAP_SHARE, GAP_FACTOR = 0.22, 2.4
"""On a line without two known spaces it must reach this share of the ink height and this many times the usual gap
between characters instead."""
WIDE_GAP_SHARE, WIDE_GAP_FACTOR = 0.55, 3.0
"""The same two limits beside digits and signs, where narrow figures and thin spaces make gaps of their own."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One word of a line crop; left, top, right and bottom are shares (0–1) of the crop's width and height."""

    text: str
    confidence: float
    left: float
    top: float
    right: float
    bottom: float


def split_label(text: str) -> list[str]:
    """`text` cut after a label's colon or number sign where the value is glued on; codes, times, links stay whole.

    >>> split_label("Date:12/03/2018"), split_label("12:30"), split_label("https://a.b")
    (['Date:', '12/03/2018'], ['12:30'], ['https://a.b'])
    """
    if NEVER_SPLIT.match(text):
        return [text]
    cuts = [0, *(match.end() for match in LABEL_END.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(cuts) if b > a]


def is_ideograph(character: str) -> bool:
    """True for Chinese, Japanese and fullwidth characters, which are written without spaces."""
    code = ord(character)
    return 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFF60 or code >= 0x20000


def split_line(crop: Image, reading: LineReading) -> list[Piece]:
    """The words of one line. Languages with spaces split at spaces; runs of ideographs stay whole."""
    characters = [character for character in reading.text if not character.isspace()]
    if not characters or len(reading.centres) != len(characters):
        return []
    ink = _Ink(crop)
    centres = np.asarray(reading.centres) * crop.shape[1]
    gaps = ink.gaps(centres)
    starts = sorted(_text_starts(reading.text) | _dropped_spaces(reading.text, gaps, ink.height))
    borders = [gaps[start - 1] for start in starts[1:]]
    lefts = [ink.left, *(right for _, right in borders)]
    rights = [*(left for left, _ in borders), ink.right]
    pieces = []
    for start, end, left, right in zip(starts, [*starts[1:], len(characters)], lefts, rights, strict=True):
        values = reading.confidences[start:end] or (reading.confidence,)
        text = "".join(characters[start:end])
        pieces.append(_piece(crop, ink, text, sum(values) / len(values), (left, right)))
    return pieces


def _text_starts(text: str) -> set[int]:
    """Indices, among the characters that are not spaces, at which a word begins."""
    starts, index = set(), 0
    for token in text.split():
        for part in split_label(token):
            starts.add(index)
            index += len(part)
    return starts


def _spaces(text: str) -> list[int]:
    """Indices, among the characters that are not spaces, before which `text` has a space."""
    lengths = [len(token) for token in text.split()]
    return [sum(lengths[:i]) for i in range(1, len(lengths))]


def _dropped_spaces(text: str, gaps: list[tuple[float, float]], height: float) -> set[int]:
    """Indices before which a space stands on the page although the recogniser wrote none."""
    characters = "".join(text.split())
    if len(gaps) < 3:
        return set()
    widths = np.array([end - start for start, end in gaps])
    usual = float(np.median(widths))
    known = widths[[start - 1 for start in _spaces(text)]]
    if len(known) >= 2:
        # Gaps are counted in whole pixels; on small print one of them is noise.
        limit = SPACE_SHARE * float(np.median(known)) + 1.0
    else:
        limit = max(MIN_GAP_SHARE * height, GAP_FACTOR * usual)
    wide = max(WIDE_GAP_SHARE * height, WIDE_GAP_FACTOR * usual)
    return {
        i + 1
        for i, width in enumerate(widths)
        if width > (limit if _part_easily(characters[: i + 1], characters[i + 1 :]) else wide)
        and not (is_ideograph(characters[i]) or is_ideograph(characters[i + 1]))
    }


def _part_easily(before: str, after: str) -> bool:
    """True where a dropped space is likely: between words, or behind a whole word, date, amount or percentage.

    `before` is the line so far, `after` the rest. Elsewhere in numbers and codes a wider gap is needed.
    """
    if after[0].isalpha():
        return before[-1].isalpha() or before[-1] in ",;:!?)"
    # 9,71 before 9.74 is the number 9,719.74, not an amount that ends here.
    return after[0] in VALUE_STARTS and VALUE_END.search(before) is not None and not LONE_DIGIT.match(after)


class _Ink:
    """Which columns and rows of a line crop carry ink; all values in crop pixels."""

    def __init__(self, crop: Image) -> None:
        grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.int16)
        contrast = np.abs(grey - int(np.median(grey)))
        strongest = float(np.percentile(contrast, 99.5))
        self.mask: NDArray[np.bool_] = contrast > max(24.0, 0.4 * strongest)
        rows = self.mask.sum(axis=1)
        # A ruled line or a box edge fills nearly the whole row; it is not writing and would close every gap.
        self.mask[rows > 0.9 * crop.shape[1], :] = False
        self.band = _band(self.mask)
        columns = self.mask[self.band[0] : self.band[1]].any(axis=0) if self.mask.any() else self.mask.any(axis=0)
        self.columns: NDArray[np.bool_] = columns
        self.height = float(max(self.band[1] - self.band[0], 1))
        where = np.flatnonzero(columns)
        self.left = float(where[0]) if where.size else 0.0
        self.right = float(where[-1] + 1) if where.size else float(crop.shape[1])

    def gaps(self, centres: NDArray[np.float64]) -> list[tuple[float, float]]:
        """For each pair of neighbouring characters the widest blank run between them, as (start, end).

        A run belongs to the pair whose centres its middle lies between; a pair without one gets its own middle.
        """
        result = [(float(middle), float(middle)) for middle in (centres[:-1] + centres[1:]) / 2]
        starts, ends = _blank_runs(self.columns)
        pairs = np.searchsorted(np.maximum.accumulate(centres), (starts + ends) / 2) - 1
        for start, end, pair in zip(starts, ends, pairs, strict=True):
            if 0 <= pair < len(result) and end - start > result[pair][1] - result[pair][0]:
                result[pair] = (float(start), float(end))
        return result


def _blank_runs(columns: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Starts and (exclusive) ends of the runs of columns without ink."""
    edges = np.flatnonzero(np.diff(np.concatenate([[True], columns, [True]]).astype(np.int8)))
    return edges[0::2].astype(np.float64), edges[1::2].astype(np.float64)


def _band(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last-plus-one row of the line's writing: where row ink exceeds a fifth of its peak, with tails."""
    rows = mask.sum(axis=1)
    if not rows.any():
        return 0, int(mask.shape[0])
    strong = np.flatnonzero(rows > 0.2 * rows.max())
    reach = max((strong[-1] + 1 - strong[0]) // 2, 1)
    top, bottom = max(strong[0] - reach, 0), min(strong[-1] + 1 + reach, len(rows))
    inked = np.flatnonzero(rows[top:bottom])
    return int(top + inked[0]), int(top + inked[-1] + 1)


def _piece(crop: Image, ink: _Ink, text: str, confidence: float, span: tuple[float, float]) -> Piece:
    """A word whose top and bottom are its own ink, but never less than the middle half of the line."""
    height, width = crop.shape[:2]
    left, right = span
    top, bottom = ink.band
    quarter = (bottom - top) / 4
    own = np.flatnonzero(ink.mask[top:bottom, int(left) : max(int(right), int(left) + 1)].any(axis=1))
    upper = min(top + float(own[0]), top + quarter) if own.size else float(top)
    lower = max(top + float(own[-1]) + 1, bottom - quarter) if own.size else float(bottom)
    return Piece(text, confidence, left / width, upper / height, right / width, lower / height)
