"""Sentences: blocks of prose joined line by line and cut at full stops, as runs of tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.readers.embedded.layout import Layout, Segment
from engine.readers.embedded.values import Run, run_of

_END = re.compile(r"(?<=[.!?。！？؟])[\"'”»)\]]*\s+(?=[\"'“«(\[]?[A-ZÀ-Þ0-9\u0600-\u06ff])|(?<=[。！？])")
_NOT_AN_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Fig|vs|etc|e\.g|i\.e|cf|Inc|Ltd|Co|Corp|Jr|Sr|approx|ca|bzw|z\.B|Art|vol|pp|p|U\.S|op)|\b[A-Z])\.$"
)
_MIN_WORDS = 4


def prose_blocks(layout: Layout) -> list[tuple[int, ...]]:
    """Blocks that read as running text: several long lines, or one line with the words and the end of a sentence."""
    found = []
    for block in (part for whole in layout.blocks for part in _parts(whole, layout)):
        segments = [layout.segments[index] for index in block]
        words = sum(segment.end - segment.start for segment in segments)
        longest = max(segment.end - segment.start for segment in segments)
        lower = sum(
            layout.tokens[t].text[:1].islower() or not layout.tokens[t].text[:1].isascii()
            for segment in segments
            for t in range(segment.start, segment.end)
        )
        text = segments[-1].text.rstrip()
        ends = text.endswith((".", "!", "?", "。", "؟", '."'))
        full = sum(segment.end - segment.start >= 5 for segment in segments) * 2 >= len(segments)
        enough = full and ((longest >= 5 and words >= 10 and len(block) > 1) or (longest >= 6 and ends))
        if enough and lower * 3 >= words:
            found.append(block)
    return found


_ENTRY = re.compile(r"(?:[*•▪●-]|\d{1,2}[.)])\s|[A-ZÀ-Þ][\w'’-]+(?:\s[\w'’-]+){0,2}:\s")


def _parts(block: tuple[int, ...], layout: Layout) -> list[tuple[int, ...]]:
    """The block, parted before each line that begins an entry of its own: with a bullet, a number or a label."""
    parts: list[list[int]] = []
    for index in block:
        if not parts or _ENTRY.match(layout.segments[index].text):
            parts.append([])
        parts[-1].append(index)
    return [tuple(part) for part in parts]


def paragraphs(layout: Layout) -> list[tuple[int, ...]]:
    """The segments of each paragraph of running text, in reading order."""
    return _joined(prose_blocks(layout), layout)


def sentences(layout: Layout) -> list[Run]:
    """Every sentence of the page's prose, in reading order."""
    found = []
    for block in paragraphs(layout):
        indices = [t for index in block for t in range(layout.segments[index].start, layout.segments[index].end)]
        found.extend(_cut(run_of(layout.tokens, indices), layout))
    return found


def _joined(blocks: Sequence[tuple[int, ...]], layout: Layout) -> list[tuple[int, ...]]:
    """Blocks whose sentence runs on in the next block (a column or a page's wrapped figure) joined."""
    joined: list[tuple[int, ...]] = []
    for block in blocks:
        if joined and _runs_on(layout.segments[joined[-1][-1]], layout.segments[block[0]]):
            joined[-1] = joined[-1] + block
        else:
            joined.append(block)
    return joined


def _runs_on(last: Segment, first: Segment) -> bool:
    open_end = not last.text.rstrip().endswith((".", "!", "?", ":", "。", "؟"))
    similar = max(last.height, first.height) < 1.3 * max(min(last.height, first.height), 1e-6)
    return open_end and similar and first.text[:1].islower()


def _cut(run: Run, layout: Layout) -> list[Run]:
    starts = [0]
    for match in _END.finditer(run.text):
        before = run.text[: match.start()]
        if _NOT_AN_END.search(before[-12:]) is None:
            starts.append(match.end())
    pieces = []
    for start, end in zip(starts, [*starts[1:], len(run.text)], strict=True):
        tokens = run.covering(start, end)
        if len(tokens) >= _MIN_WORDS:
            pieces.append(run_of(layout.tokens, tokens))
    return pieces
