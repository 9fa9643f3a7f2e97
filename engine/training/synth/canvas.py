"""The canvas that families write on: text runs, paragraphs and shapes on pages, remembered as words with true boxes."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.documents.types import DocumentId, PageRef, PageWords, Word, WordSource
from engine.geometry import PageRect, Size, bounding_rect
from engine.training.synth.metrics import text_width
from engine.training.synth.types import Colour, PageArt, Shape, TextStyle

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one page, by index, in reading order."""

    page: int
    words: tuple[int, ...]

    def __add__(self, other: Span) -> Span:
        if other.page != self.page:
            raise ValueError("a span cannot cross pages")
        return Span(self.page, self.words + other.words)


@dataclass(slots=True)
class _Placed:
    text: str
    box: PageRect
    baseline: float
    style: TextStyle
    line: int
    block: int


@dataclass(slots=True)
class _Page:
    words: list[_Placed] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)


class Canvas:
    """Pages of one size. Coordinates are page units from the upper left; `y` of text is its baseline.

    `ascent` and `descent` are the shares of the font size that word boxes reach above and below the baseline: text
    layers give generous boxes, OCR tight ones, so documents differ in them.
    """

    def __init__(self, width: float, height: float, rng: random.Random, style: TextStyle) -> None:
        self.width = width
        self.height = height
        self.style = style
        self.rng = rng
        self.ascent = rng.uniform(0.72, 1.05)
        self.descent = rng.uniform(0.18, 0.29)
        self._pages = [_Page()]
        self._line = 0
        self._block = 0

    @property
    def page(self) -> int:
        """Index of the page being written."""
        return len(self._pages) - 1

    def add_page(self) -> None:
        self._pages.append(_Page())

    def styled(self, **changes: object) -> TextStyle:
        """The canvas style with some of its fields replaced."""
        return replace(self.style, **changes)  # type: ignore[arg-type]  # replace() cannot see the field types

    def new_block(self) -> None:
        """Lines written from here on belong to another block."""
        self._block += 1

    def width_of(self, text: str, style: TextStyle | None = None) -> float:
        style = style or self.style
        return text_width(text, style.font, style.size, bold=style.bold)

    def write(self, x: float, y: float, text: str, style: TextStyle | None = None, align: Align = "left") -> Span:
        """One line of `text` with its left end, right end or middle at `x`, moved where it would leave the page."""
        style = style or self.style
        total = self.width_of(text, style)
        left = x - {"left": 0.0, "right": total, "center": total / 2}[align]
        left = max(1.0, min(left, self.width - total - 1))
        space = self.width_of(" ", style)
        start = len(self._pages[-1].words)
        for token in text.split():
            right = left + self.width_of(token, style)
            self._place(token, left, right, y, style)
            left = right + space
        self._line += 1
        return Span(self.page, tuple(range(start, len(self._pages[-1].words))))

    def write_lines(
        self, x: float, y: float, lines: list[str], style: TextStyle | None = None, align: Align = "left"
    ) -> tuple[Span, float]:
        """Lines one under the other in one block; the span of all of them and the baseline of the next line."""
        style = style or self.style
        self.new_block()
        span = Span(self.page, ())
        for line in lines:
            span = span + self.write(x, y, line, style, align)
            y += style.size * 1.25
        return span, y

    def paragraph(
        self, x: float, y: float, width: float, text: str, style: TextStyle | None = None
    ) -> tuple[dict[str, Span], float]:
        """Wrapped text. `[[key|words]]` marks a span to be told apart; the spans, and the baseline after the text.

        The whole paragraph's span has the key "".
        """
        style = style or self.style
        self.new_block()
        tokens = _marked_tokens(text)
        space = self.width_of(" ", style)
        spans: dict[str, list[int]] = {"": []}
        left = x
        for token, key in tokens:
            wide = self.width_of(token, style)
            if left + wide > x + width and left > x:
                self._line += 1
                left, y = x, y + style.size * 1.25
            index = len(self._pages[-1].words)
            self._place(token, left, left + wide, y, style)
            spans[""].append(index)
            if key:
                spans.setdefault(key, []).append(index)
            left += wide + space
        self._line += 1
        page = self.page
        return {key: Span(page, tuple(found)) for key, found in spans.items()}, y + style.size * 1.25

    def shape(self, x0: float, y0: float, x1: float, y1: float, **look: Colour | float | None) -> None:
        """A rectangle under the words, or a line when it is flat. `look` as in `Shape`."""
        self._pages[-1].shapes.append(Shape(PageRect(x0, y0, x1, y1), **look))  # type: ignore[arg-type]  # checked by Shape

    def box_of(self, span: Span) -> PageRect | None:
        """The rectangle around a span's words, None for an empty span."""
        words = self._pages[span.page].words
        return bounding_rect([words[i].box for i in span.words])

    def holds(self, span: Span) -> bool:
        """Whether the page of a span has all its words."""
        return max(span.words, default=0) < len(self._pages[span.page].words)

    def text_of(self, span: Span) -> str:
        words = self._pages[span.page].words
        return " ".join(words[i].text for i in span.words)

    def free_below(self, y: float) -> bool:
        """Whether the page being written has no word that reaches below `y`."""
        return all(word.box.y1 < y for word in self._pages[-1].words)

    def free_above(self, y: float) -> bool:
        """Whether the page being written has no word that reaches above `y`."""
        return all(word.box.y0 > y for word in self._pages[-1].words)

    def all_text(self) -> str:
        """Every word of every page, blank-separated."""
        return " ".join(word.text for page in self._pages for word in page.words)

    def finish(self, name: str) -> tuple[tuple[PageWords, ...], tuple[PageArt, ...]]:
        """All pages as plain data. `name` becomes the document's path."""
        document = DocumentId(name, f"{hash_text(name):064x}")
        native = Size(round(self.width), round(self.height))
        pages, art = [], []
        for index, page in enumerate(self._pages):
            ref = PageRef(document, index, str(index + 1), self.width, self.height, native)
            words = tuple(Word(w.text, w.box, WordSource.TEXT, 1.0, w.line, w.block) for w in page.words)
            pages.append(PageWords(ref, words))
            art.append(
                PageArt(tuple(w.style for w in page.words), tuple(w.baseline for w in page.words), tuple(page.shapes))
            )
        return tuple(pages), tuple(art)

    def _place(self, token: str, left: float, right: float, y: float, style: TextStyle) -> None:
        box = PageRect(left, y - self.ascent * style.size, right, y + self.descent * style.size)
        self._pages[-1].words.append(_Placed(token, box, y, style, self._line, self._block))


def hash_text(text: str) -> int:
    """A stable 256-bit number for a name (Python's own hash changes between processes)."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)


def _marked_tokens(text: str) -> list[tuple[str, str]]:
    """Split marked text into (word, key); a word that a mark's end touches (`[[a|1921]].`) belongs to the mark."""
    tokens: list[tuple[str, str]] = []
    word, word_key, key = "", "", ""
    i = 0
    while i < len(text):
        if text.startswith("[[", i):
            bar = text.index("|", i)
            key, i = text[i + 2 : bar], bar + 1
            continue
        if text.startswith("]]", i):
            key, i = "", i + 2
            continue
        char = text[i]
        if char.isspace():
            if word:
                tokens.append((word, word_key))
            word, word_key = "", ""
        else:
            word += char
            word_key = word_key or key
        i += 1
    if word:
        tokens.append((word, word_key))
    return tokens
