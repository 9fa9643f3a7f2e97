"""Disturbs words the way OCR and careless PDF writers do: joins, splits, wrong characters, shaken boxes, row order."""

from __future__ import annotations

import random
from dataclasses import replace

from engine.documents.types import PageWords, Word
from engine.geometry import PageRect

_LOOKALIKES = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8", "e": "c", "c": "e",
    "m": "rn", "a": "o", "g": "q", "u": "v", "t": "f", ".": ",", ",": ".", ":": ";", "-": "~", "2": "Z", "6": "b",
}  # fmt: skip


def disturb(page: PageWords, rng: random.Random, strength: float) -> PageWords:
    """`page` with noise of `strength` 0–1 (0.3 is a fair scan, 1 a poor one). Word boxes stay inside the page."""
    found: list[Word] = []
    tight = rng.random() < 0.6
    for word in page.words:
        if _lost(word, rng, strength):
            continue
        if found and _joins(found[-1], word, rng, strength):
            found[-1] = _joined(found[-1], word)
            continue
        found.extend(_split(_smudged(_misread(word, rng, strength), rng, strength), rng, strength))
    if tight:
        found = [replace(word, box=_tightened(word)) for word in found]
    shaken = [replace(w, box=_shaken(w.box, page, rng, strength), confidence=rng.uniform(0.8, 1)) for w in found]
    return replace(page, words=tuple(by_rows(shaken) if rng.random() < 0.5 else shaken))


def by_rows(words: list[Word]) -> list[Word]:
    """The words as a reader without layout sees them: rows from top to bottom, one line each."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda w: (w.box.y0 + w.box.y1, w.box.x0)):
        middle = word.box.center.y
        if rows and abs(rows[-1][0].box.center.y - middle) < 0.5 * rows[-1][0].box.height:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [
        replace(word, line=number, block=0)
        for number, row in enumerate(rows)
        for word in sorted(row, key=lambda w: w.box.x0)
    ]


def _lost(word: Word, rng: random.Random, strength: float) -> bool:
    """Lone marks are often overlooked, short words now and then."""
    mark = not any(char.isalnum() for char in word.text)
    return rng.random() < strength * (0.35 if mark else 0.004 if len(word.text) <= 2 else 0.0)


def _tightened(word: Word) -> PageRect:
    """The box as OCR draws it: around the ink, which is lower where no letter is tall."""
    low = all(char in _LOW for char in word.text)
    top, bottom = (0.34 if low else 0.18) * word.box.height, 0.17 * word.box.height
    return replace(word.box, y0=word.box.y0 + top, y1=word.box.y1 - bottom)


_LOW = frozenset("acemnorsuvwxz.,:;-~_=")


def _joins(left: Word, right: Word, rng: random.Random, strength: float) -> bool:
    same = left.line == right.line and 0 <= right.box.x0 - left.box.x1 < 0.5 * left.box.height
    chance = 0.25 if left.text.endswith(":") else 0.03
    return same and rng.random() < chance * strength


def _joined(left: Word, right: Word) -> Word:
    return replace(left, text=left.text + right.text, box=left.box.union(right.box))


def _misread(word: Word, rng: random.Random, strength: float) -> Word:
    text = "".join(_LOOKALIKES.get(c, c) if rng.random() < 0.005 * strength else c for c in word.text)
    return replace(word, text=text)


def _smudged(word: Word, rng: random.Random, strength: float) -> Word:
    """Specks and rules beside a word are read as marks that belong to it."""
    if rng.random() >= 0.015 * strength:
        return word
    mark = rng.choice(_SPECKS)
    return replace(word, text=f"{mark}{word.text}" if rng.random() < 0.3 else f"{word.text}{mark}")


_SPECKS = (".", ",", "'", "|", ":", "_", "-", "~", "*")


def _split(word: Word, rng: random.Random, strength: float) -> list[Word]:
    if len(word.text) < 5 or rng.random() >= 0.012 * strength:
        return [word]
    cut = rng.randint(2, len(word.text) - 2)
    x = word.box.x0 + word.box.width * cut / len(word.text)
    left = replace(word, text=word.text[:cut], box=replace(word.box, x1=x))
    return [left, replace(word, text=word.text[cut:], box=replace(word.box, x0=x))]


def _shaken(box: PageRect, page: PageWords, rng: random.Random, strength: float) -> PageRect:
    """OCR knows the heights of a line well, but where in it a word begins and ends only to a third of a letter."""
    aside, up = 0.25 * strength * box.height, 0.1 * strength * box.height
    x0, x1 = (edge + rng.uniform(-aside, aside) for edge in (box.x0, box.x1))
    y0, y1 = (edge + rng.uniform(-up, up) for edge in (box.y0, box.y1))
    x0, y0 = max(x0, 0.0), max(y0, 0.0)
    return PageRect(x0, y0, max(min(x1, page.page.width), x0 + 0.1), max(min(y1, page.page.height), y0 + 0.1))
