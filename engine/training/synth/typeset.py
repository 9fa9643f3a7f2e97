"""Sets a synthetic document in other fonts: typefaces drawn for each document, sizes fitted, boxes kept true."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from engine.documents.types import PageWords, Word
from engine.errors import InputError
from engine.geometry import PageRect, bounding_rect
from engine.training.synth.draw import FontOf
from engine.training.synth.fonts import FontSet, Typeface
from engine.training.synth.types import PageArt, SyntheticDocument, SyntheticQuestion, TextStyle

# How far one word's size may differ from its neighbours' to keep its place exactly.
_SIZE_PLAY = 0.04
_LEAST_SIZE, _GREATEST_SIZE = 0.8, 1.15
# A document is set in its own kind's first typeface this often: most print is plain.
_PLAIN = 0.3


@dataclass(frozen=True, slots=True)
class SetDocument:
    """A document with the true boxes of the fonts it is set in, and which font draws a word."""

    document: SyntheticDocument
    typefaces: tuple[str, ...]
    font_of: FontOf


def set_document(document: SyntheticDocument, fonts: FontSet, rng: random.Random) -> SetDocument:
    """`document` in typefaces drawn by `rng`. Raises InputError where no typeface has a character that it needs."""
    chosen = {kind: _choose(document, fonts, kind, rng) for kind in _kinds(document)}
    scales: dict[tuple[str, bool], float] = {}

    def font_of(style: TextStyle, text: str) -> Any:
        return fonts.font_for(text, chosen[style.font], bold=style.bold)

    for key, words in _by_font(document).items():
        wide = sum(word.box.width for word, _ in words)
        natural = sum(font_of(style, word.text).text_length(word.text, style.size) for word, style in words)
        scales[key] = min(max(wide / natural, _LEAST_SIZE), _GREATEST_SIZE) if natural > 0 else 1.0
    pages, art = [], []
    for page, drawn in zip(document.pages, document.art, strict=True):
        fitted = [
            _fit(word, style, font_of, scales[style.font, style.bold])
            for word, style in zip(page.words, drawn.styles, strict=True)
        ]
        pages.append(replace(page, words=tuple(word for word, _ in fitted)))
        art.append(PageArt(tuple(style for _, style in fitted), drawn.baselines, drawn.shapes))
    questions = tuple(_moved(question, document.pages, tuple(pages)) for question in document.questions)
    made = replace(document, pages=tuple(pages), art=tuple(art), questions=questions)
    return SetDocument(made, tuple(sorted(face.name for face in chosen.values())), font_of)


def boxes_of_answers(box: PageRect, before: tuple[Word, ...], after: list[PageRect]) -> PageRect:
    """Where the words that stood in `box` stand now; `after` holds the new boxes of the words `before`."""
    moved = [new for word, new in zip(before, after, strict=True) if box.contains(word.box.center)]
    return bounding_rect(moved) or box


def _moved(
    question: SyntheticQuestion, before: tuple[PageWords, ...], after: tuple[PageWords, ...]
) -> SyntheticQuestion:
    if question.answer_box is None:
        return question
    boxes = [word.box for word in after[question.page].words]
    box = boxes_of_answers(question.answer_box, before[question.page].words, boxes)
    return replace(question, answer_box=box)


def _kinds(document: SyntheticDocument) -> list[str]:
    return sorted({style.font for art in document.art for style in art.styles})


def _by_font(document: SyntheticDocument) -> dict[tuple[str, bool], list[tuple[Word, TextStyle]]]:
    found: dict[tuple[str, bool], list[tuple[Word, TextStyle]]] = {}
    for page, art in zip(document.pages, document.art, strict=True):
        for word, style in zip(page.words, art.styles, strict=True):
            found.setdefault((style.font, style.bold), []).append((word, style))
    return found


def _choose(document: SyntheticDocument, fonts: FontSet, kind: str, rng: random.Random) -> Typeface:
    """A typeface like `kind` that has every character of the words it has to draw."""
    words = [
        (bold, word.text) for (font, bold), found in _by_font(document).items() if font == kind for word, _ in found
    ]
    alike = [face for face in fonts.typefaces if face.like == kind]
    able = [face for face in alike if all(fonts.font_for(text, face, bold=bold) is not None for bold, text in words)]
    if not able:
        lacking = sorted(
            {text for bold, text in words if all(fonts.font_for(text, f, bold=bold) is None for f in alike)}
        )
        raise InputError(
            f"No typeface like {kind} can draw {', '.join(repr(text) for text in lacking[:3]) or 'all of a document'}.",
            "Name fonts that have these characters with --fonts.",
        )
    return able[0] if rng.random() < _PLAIN else rng.choice(able)


def _fit(word: Word, style: TextStyle, font_of: FontOf, scale: float) -> tuple[Word, TextStyle]:
    """The word as wide as its box where its size may change so much, with the box it really takes."""
    font = font_of(style, word.text)
    natural = font.text_length(word.text, style.size)
    wanted = word.box.width / natural if natural > 0 else scale
    size = style.size * min(max(wanted, scale * (1 - _SIZE_PLAY)), scale * (1 + _SIZE_PLAY))
    box = replace(word.box, x1=word.box.x0 + font.text_length(word.text, size))
    return replace(word, box=box), replace(style, size=size)
