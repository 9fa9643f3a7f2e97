"""The geometry of a page's words: tokens, lines split into segments, rows, blocks. Built once per page.

Layout space is the page in page units, turned by the small tilt a photograph has, and mirrored on pages written
from right to left, so that "left of" always means "before".
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.documents.types import PageWords, Word
from engine.readers.embedded.heads import part_heads
from engine.readers.embedded.text import bare, has_digit, is_rtl, joiner

_GLUED = re.compile(r"^(.*?[^\W\d_].*?[:：])(?!//)(?=[^\s:：/\\])(.+)$")
_FILLED = re.compile(r"^([^\W\d_][a-z]+|[$€£¥₹])_+(?=[A-Z\d])(.+)$")
"""A word and what is written on the line behind it ("on_April", "$_2500")."""

_URL = re.compile(r"https?:|www\.|mailto:", re.IGNORECASE)
_NUMERIC = re.compile(
    r"^[^\W_]{0,3}[$€£¥₹]?\(?[-+]?[\d][\d.,'’/%:-]*\)?[$€£¥₹%]?(?:\*|†|‡|[¹²³⁴-⁹]|\[\w{1,2}\]|\([a-z\d]\))*$"
)
"""A figure, with a currency or percent sign and the marks of its footnotes."""

_DIVIDERS = frozenset(("|", "¦", "·", "•", "●", "▪", "■"))
"""Marks that stand between entries of a line or before them: no words, but they part what they stand between."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or a part of one ("Date:" of "Date:12/03/2018"); the box is in layout space."""

    text: str
    norm: str
    x0: float
    y0: float
    x1: float
    y1: float
    word: int

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass(frozen=True, slots=True)
class Segment:
    """Neighbouring tokens of one row with no wide gap between them: tokens `start` to `end` (half-open)."""

    index: int
    row: int
    start: int
    end: int
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    numeric: bool

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def labelled(self) -> bool:
        """Whether the segment ends as a label does."""
        return self.text.rstrip().endswith((":", "：", "#"))


@dataclass(frozen=True, slots=True)
class Layout:
    """Tokens in reading order, their segments and rows; `blocks` are runs of segment indices, one per line."""

    tokens: tuple[Token, ...]
    segments: tuple[Segment, ...]
    rows: tuple[tuple[int, ...], ...]
    blocks: tuple[tuple[int, ...], ...]
    segment_of: tuple[int, ...]
    line_height: float
    width: float
    height: float
    rtl: bool


def lay_out(page: PageWords) -> Layout:
    """The layout of `page`; works on a page without words too."""
    rtl = _mostly_rtl(page.words)
    tokens = _tokens(page, rtl)
    if not tokens:
        return Layout((), (), (), (), (), 1.0, page.page.width, page.page.height, rtl)
    line_height = statistics.median(token.height for token in tokens)
    rows = _rows(tokens)
    ordered: list[Token] = []
    segments: list[Segment] = []
    row_segments: list[tuple[int, ...]] = []
    gaps = _gap_limits(rows)
    parted = part_heads([_split_row(row, gaps) for row in rows], line_height, is_number_like)
    for row_number, runs in enumerate(parted):
        indices = []
        for run in runs:
            indices.append(len(segments))
            segments.append(_segment(run, len(segments), row_number, len(ordered)))
            ordered.extend(run)
        row_segments.append(tuple(indices))
    segment_of = tuple(segment.index for segment in segments for _ in range(segment.start, segment.end))
    blocks = _blocks(segments)
    return Layout(
        tuple(ordered),
        tuple(segments),
        tuple(row_segments),
        blocks,
        segment_of,
        line_height,
        page.page.width,
        page.page.height,
        rtl,
    )


def join_tokens(tokens: Sequence[Token]) -> str:
    """The tokens written out as one line; parts of one word are not torn apart."""
    text = ""
    previous: Token | None = None
    for token in tokens:
        if previous is not None and previous.word != token.word:
            text += joiner(text, token.text)
        text += token.text
        previous = token
    return text


def _mostly_rtl(words: Sequence[Word]) -> bool:
    letters = [word.text for word in words if any(char.isalpha() for char in word.text)]
    return sum(is_rtl(text) for text in letters) * 2 > len(letters)


def _tilt(words: Sequence[Word]) -> float:
    """The slope of the page's rows: the one at which the words' middles fall onto the fewest heights; 0 where level
    rows are as good."""
    if len(words) < 12:
        return 0.0
    centers = np.asarray([(word.box.center.x, word.box.center.y) for word in words])
    bin_height = 0.3 * statistics.median(word.box.height for word in words)
    slopes = np.linspace(-_STEEPEST, _STEEPEST, 49)
    scores = [_levelness(centers, slope, bin_height) for slope in slopes]
    best = int(np.argmax(scores))
    return float(slopes[best]) if scores[best] > _CLEARLY * scores[len(slopes) // 2] else 0.0


_STEEPEST, _CLEARLY = 0.06, 1.08


def _levelness(centers: NDArray[np.float64], slope: float, bin_height: float) -> float:
    """The sum of squared counts of words per height, once the page is turned by `slope`; two offsets of the bins."""
    heights = (centers[:, 1] - slope * centers[:, 0]) / max(bin_height, 1e-6)
    heights -= heights.min()
    return float(sum((np.bincount((heights + shift).astype(np.int64)) ** 2).sum() for shift in (0.0, 0.5)))


def _tokens(page: PageWords, rtl: bool) -> list[Token]:
    slope = _tilt(page.words)
    cos, sin = math.cos(math.atan(slope)), math.sin(math.atan(slope))
    tokens = []
    for index, word in enumerate(page.words):
        box = word.box
        if not word.text.strip() or box.width <= 0 or box.height <= 0:
            continue
        cx, cy = box.center.x, box.center.y
        dx, dy = cx * cos + cy * sin - cx, cy * cos - cx * sin - cy
        height = max(box.height - abs(slope) * box.width, 0.5 * box.height)
        y0, y1 = cy + dy - height / 2, cy + dy + height / 2
        x0, x1 = box.x0 + dx, box.x1 + dx
        if rtl:
            x0, x1 = page.page.width - x1, page.page.width - x0
        tokens.extend(_split_word(word.text.strip(), index, (x0, y0, x1, y1), rtl))
    return tokens


def _split_word(text: str, word: int, box: tuple[float, float, float, float], rtl: bool) -> list[Token]:
    """One token, or two where a label is glued to its value, the box shared by their lengths."""
    text = text.strip("_") or text
    match = None if _URL.search(text) or rtl else _GLUED.match(text) or _FILLED.match(text)
    x0, y0, x1, y1 = box
    if match is None:
        return [Token(text, bare(text), x0, y0, x1, y1, word)]
    label, value = match.groups()
    cut = x0 + (x1 - x0) * len(label) / len(text)
    return [Token(label, bare(label), x0, y0, cut, y1, word), *_split_word(value, word, (cut, y0, x1, y1), rtl)]


def _rows(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens grouped into visual rows from top to bottom, each row from left to right."""
    rows: list[list[Token]] = []
    bands: list[tuple[float, float]] = []
    for token in sorted(tokens, key=lambda t: t.middle):
        best, best_share = -1, 0.45
        for number in range(len(rows) - 1, max(len(rows) - 5, -1), -1):
            top, bottom = bands[number]
            shared = min(bottom, token.y1) - max(top, token.y0)
            share = shared / max(min(token.height, bottom - top), 1e-6)
            if share > best_share and not _collides(rows[number], token):
                best, best_share = number, share
        if best < 0:
            rows.append([token])
            bands.append((token.y0, token.y1))
        else:
            rows[best].append(token)
            bands[best] = (
                statistics.median(t.y0 for t in rows[best]),
                statistics.median(t.y1 for t in rows[best]),
            )
    order = sorted(range(len(rows)), key=lambda n: sum(bands[n]))
    return [sorted(rows[n], key=lambda t: (t.x0, t.x1)) for n in order]


def _collides(row: Sequence[Token], token: Token) -> bool:
    """Whether the token stands on top of one of the row: two lines set closely, not one."""
    for other in row:
        shared = min(other.x1, token.x1) - max(other.x0, token.x0)
        if shared > 0.5 * min(other.x1 - other.x0, token.x1 - token.x0):
            return True
    return False


def _gap_limits(rows: Sequence[Sequence[Token]]) -> tuple[float, float]:
    """The widest gaps, in line heights, that still join two words of a line and two figures of a line. Typewriter print
    has gaps as wide as others' column gaps, so the page's usual gap decides."""
    gaps = []
    for row in rows:
        for left, right in pairwise(row):
            gap = (right.x0 - left.x1) / max(min(left.height, right.height), 1e-6)
            if 0.05 < gap < _WIDEST_BLANK:
                gaps.append(gap)
    usual = statistics.median(gaps) if len(gaps) >= 5 else 0.3
    return min(max(2.4 * usual, 0.75), max(1.25, 1.55 * usual)), min(max(1.5 * usual, 0.5), max(0.9, 1.25 * usual))


_WIDEST_BLANK = 1.5


def _split_row(row: Sequence[Token], gaps: tuple[float, float]) -> list[list[Token]]:
    """Runs of neighbouring tokens; dividers end a run and belong to none, unless the row holds nothing else."""
    runs: list[list[Token]] = []
    words = [token for token in row if token.text not in _DIVIDERS]
    divided = False
    usual = statistics.median(token.height for token in row)
    for token in row if words else ():
        if token.text in _DIVIDERS:
            divided = True
            continue
        if not runs or divided or _breaks(runs[-1][-1], token, gaps, usual):
            runs.append([token])
        else:
            runs[-1].append(token)
        divided = False
    return runs or [list(row)]


def _breaks(left: Token, right: Token, gaps: tuple[float, float], usual: float) -> bool:
    """Whether a gap parts two words; it is measured in the smaller height, or the row's `usual` one where that is not
    much more: words without tall letters have low boxes."""
    if left.word == right.word:
        return False
    height = max(min(left.height, right.height), 1e-6)
    gap = (right.x0 - left.x1) / (usual if height < usual < 1.5 * height else height)
    if is_number_like(left.text) and is_number_like(right.text):
        return gap > gaps[1]
    if max(left.height, right.height) > 2.2 * height:
        return True
    return gap > gaps[0]


def is_number_like(text: str) -> bool:
    """Whether a word is a figure: digits with separators, maybe a sign, a currency or a percent sign."""
    return (has_digit(text) and _NUMERIC.match(text) is not None) or text in ("-", "–", "—", "..", "...", "n/a", "N/A")


_UNIT = re.compile(r"^(?:[$€£¥₹%*†‡]+|RM|USD|EUR|GBP|CHF|MYR|SGD|CAD|AUD|US\$|Kč|kr\.?|zł)$")


def is_unit(text: str) -> bool:
    """Whether a text is a currency or a percent sign alone."""
    return _UNIT.match(text) is not None


def _segment(run: Sequence[Token], index: int, row: int, start: int) -> Segment:
    numeric = sum(is_number_like(token.text) or not token.norm or is_unit(token.text) for token in run)
    return Segment(
        index,
        row,
        start,
        start + len(run),
        join_tokens(run),
        min(t.x0 for t in run),
        min(t.y0 for t in run),
        max(t.x1 for t in run),
        max(t.y1 for t in run),
        numeric * 2 > len(run) and any(is_number_like(token.text) for token in run),
    )


def _blocks(segments: Sequence[Segment]) -> tuple[tuple[int, ...], ...]:
    """Segments chained line under line: cells of several lines, addresses, paragraphs."""
    following: dict[int, int] = {}
    taken: set[int] = set()
    for upper in segments:
        lower = _next_line(upper, segments)
        if lower is not None and lower.index not in taken:
            following[upper.index] = lower.index
            taken.add(lower.index)
    blocks = []
    for segment in segments:
        if segment.index in taken:
            continue
        chain = [segment.index]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        blocks.append(tuple(chain))
    return tuple(blocks)


def _next_line(upper: Segment, segments: Sequence[Segment]) -> Segment | None:
    best: tuple[float, Segment] | None = None
    for lower in segments[upper.index + 1 :]:
        height = max(min(upper.height, lower.height), 1e-6)
        gap = lower.y0 - upper.y1
        if gap > 3 * upper.height:
            break
        if gap < -0.6 * height or lower.row == upper.row or gap > 0.95 * height:
            continue
        if max(upper.height, lower.height) > 1.45 * height or not _aligned(upper, lower):
            continue
        if best is None or gap < best[0]:
            best = (gap, lower)
    return None if best is None else best[1]


def _aligned(upper: Segment, lower: Segment) -> bool:
    """Left edges, centres or right edges agree within a letter or two, or the lines are long and overlap."""
    unit = min(upper.height, lower.height)
    if abs(upper.x0 - lower.x0) < 1.2 * unit:
        return True
    shared = min(upper.x1, lower.x1) - max(upper.x0, lower.x0)
    if shared <= 0:
        return False
    narrow = min(upper.x1 - upper.x0, lower.x1 - lower.x0)
    if abs((upper.x0 + upper.x1) - (lower.x0 + lower.x1)) < 1.2 * unit:
        return True
    return abs(upper.x1 - lower.x1) < 0.6 * unit or (narrow > 15 * unit and shared > 0.8 * narrow)
