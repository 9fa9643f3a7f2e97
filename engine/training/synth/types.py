"""Synthetic documents as plain data: words with true boxes, what draws them, and questions with known answers."""

from __future__ import annotations

from dataclasses import dataclass

from engine.documents.types import PageWords
from engine.geometry import PageRect

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a word is set: one of the base-14 families `helv`, `tiro`, `cour`, size in page units, weight, colour."""

    font: str = "helv"
    size: float = 10.0
    bold: bool = False
    colour: Colour = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle (or a line, when one side is 0) drawn under the words. Colours are None where nothing is drawn."""

    rect: PageRect
    fill: Colour | None = None
    stroke: Colour | None = None
    width: float = 0.6


@dataclass(frozen=True, slots=True)
class PageArt:
    """What a page's words do not say about its look.

    `styles` and `baselines` (page units from the top) hold one entry per word; `shapes` lie under the words in order.
    """

    styles: tuple[TextStyle, ...]
    baselines: tuple[float, ...]
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class SyntheticQuestion:
    """A question about one document and its accepted answers.

    `page` is 0-based and `answer_box` in its page units, both of the first answer. With `present` False the answer
    is not on the document, `answers` is empty and `answer_box` None. `kind` is one of label, position, table,
    sentence, section, count, yes-no, bare; `field` names what is asked; `value` its type (amount, date, ...).
    """

    question: str
    answers: tuple[str, ...]
    page: int
    answer_box: PageRect | None
    kind: str
    present: bool
    field: str = ""
    value: str = "text"


@dataclass(frozen=True, slots=True)
class SyntheticDocument:
    """One generated document. `art` has one entry per page; `noise` is the strength its words were disturbed with."""

    family: str
    pages: tuple[PageWords, ...]
    questions: tuple[SyntheticQuestion, ...]
    art: tuple[PageArt, ...]
    language: str = "en"
    noise: float = 0.0
