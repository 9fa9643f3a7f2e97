"""Generated pages as Tessera-nano's tower would give them, without drawing a pixel: words with the boxes of their ink,
cut where the slice plan cuts, misread now and then as the recogniser misreads.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.documents.types import Word
from engine.geometry import PageRect, Size
from engine.slicing.policies import parse_policy
from engine.training.synth.types import SyntheticDocument, SyntheticQuestion, TextStyle
from engine.uhd.nano.words import split_word
from engine.uhd.symbols import symbol_ids

POLICY = "llava-uhd-v1:12"
POINTS_PER_INCH = 72
_ASCENT, _X_HEIGHT, _DESCENT = 0.72, 0.53, 0.21
_LOW = frozenset("acegmnopqrsuvwxyz.,:;-–—_=~+·")
_DEEP = frozenset("gjpqyQ,;()[]{}|/$@_")
_NARROW, _WIDE = frozenset("iljtfrI1.,:;!|'()[] "), frozenset("mwMW@%—")
_LOOKALIKES = ("O0o", "l1I|i", "S5s", "B8", "Z2z", "g9q", ".,", "'’", "-–", "uv", "cC", "xX", "vV", "wW", "6G", "7T")
_CONFUSED = {one: group.replace(one, "") for group in _LOOKALIKES for one in group}
_GARBLED = "acdehilmnorstuIl1.-=_"
_STRAY, _STRAYED = ("(", "(", "[", "|", "-", ".", "l", "0n", "C", "'"), -1


@dataclass(frozen=True, slots=True)
class Piece:
    """A visual token: its text (at most SLOTS characters), its box in page units, and the number of its word."""

    text: str
    box: PageRect
    word: int


@dataclass(frozen=True, slots=True)
class Wear:
    """How a page is read: at `dpi`, a share of its characters misread, boxes moved by a share of their height."""

    dpi: float
    misread: float
    shake: float


@dataclass(frozen=True, slots=True)
class AskedPage:
    """A page and the questions on it, each with the numbers of the pieces that are its answer, in order; none where
    the answer is not there."""

    pieces: tuple[Piece, ...]
    questions: tuple[tuple[str, tuple[int, ...]], ...]


def draw_wear(rng: random.Random) -> Wear:
    """How the next page is read: half of the pages without a misread character."""
    return Wear(rng.uniform(110, 190), 0.0 if rng.random() < 0.5 else rng.uniform(0, 0.03), rng.uniform(0.0, 0.08))


def asked_page(document: SyntheticDocument, page: int, wear: Wear, rng: random.Random) -> AskedPage:
    """Page `page` of an undisturbed document, and those of its questions whose answer is copied from it."""
    words, art = document.pages[page].words, document.art[page]
    whole = [
        piece
        for number, word in enumerate(words)
        for piece in _pieces(number, word, art.styles[number], art.baselines[number])
    ]
    questions = [(question.question, answer_pieces(whole, words, question)) for question in document.questions
                 if question.page == page or not question.present]  # fmt: skip
    origin: list[int] = []
    read: list[Piece] = []
    sheet = document.pages[page].page
    cuts = _cuts(sheet.width, sheet.height, wear.dpi)
    for number, piece in enumerate(whole):
        for part in (_worn(part, wear, rng) for part in _cut(piece, cuts, rng)):
            # What the symbols do not spell is no token, as in the bridge.
            if symbol_ids(part.text):
                read.append(part)
                origin.append(number)
    kept = [(question, _answer(answer, origin)) for question, answer in questions if answer is not None]
    return AskedPage((*read, *_strays(read, wear, rng)), tuple(kept))


def _strays(read: Sequence[Piece], wear: Wear, rng: random.Random) -> list[Piece]:
    """What a worn page's overview adds now and then: a mark where a word begins that a slice read."""
    if not wear.misread or not read or rng.random() < 0.5:
        return []
    beside = [rng.choice(read).box for _ in range(rng.randint(1, 3))]
    return [
        Piece(rng.choice(_STRAY), replace(box, x0=box.x0 - 0.5 * (box.y1 - box.y0), x1=box.x0), _STRAYED)
        for box in beside
    ]


def answer_pieces(
    pieces: Sequence[Piece], words: Sequence[Word], question: SyntheticQuestion
) -> tuple[int, ...] | None:
    """The numbers of the pieces that spell the question's answer; () where it has none, None where it is not copied."""
    if not question.present or question.answer_box is None:
        return () if not question.present else None
    inside = [number for number, word in enumerate(words) if _holds(question.answer_box, word.box)]
    wanted = {"".join(answer.split()) for answer in question.answers}
    run = [number for number, piece in enumerate(pieces) if piece.word in set(inside)]
    # Marks around the printed answer, such as its full stop, are no part of it.
    for start in range(min(3, len(run))):
        for end in range(len(run), max(len(run) - 3, start), -1):
            if "".join(pieces[number].text for number in run[start:end]) in wanted:
                return tuple(run[start:end])
    return None


def _answer(answer: tuple[int, ...], origin: list[int]) -> tuple[int, ...]:
    return tuple(number for wanted in answer for number, source in enumerate(origin) if source == wanted)


def _holds(box: PageRect, word: PageRect) -> bool:
    return word.x0 >= box.x0 - 0.5 and word.x1 <= box.x1 + 0.5 and word.y0 >= box.y0 - 0.5 and word.y1 <= box.y1 + 0.5


def _pieces(number: int, word: Word, style: TextStyle, baseline: float) -> list[Piece]:
    """The tokens of a word, each in the box of its ink."""
    made, at = [], 0
    edges = _edges(word)
    for text in split_word(word.text):
        if symbol_ids(text):
            top = _X_HEIGHT if set(text) <= _LOW else _ASCENT
            bottom = _DESCENT if set(text) & _DEEP else 0.0
            box = PageRect(
                edges[at], baseline - top * style.size, edges[at + len(text)], baseline + bottom * style.size
            )
            made.append(Piece(text, box, number))
        at += len(text)
    return made


def _edges(word: Word) -> list[float]:
    """Where the characters of a word begin, and its end, by the usual widths of letters."""
    widths = [0.55 if one in _NARROW else 1.45 if one in _WIDE else 1.0 for one in word.text]
    unit = (word.box.x1 - word.box.x0) / sum(widths)
    edges = [word.box.x0]
    for width in widths:
        edges.append(edges[-1] + width * unit)
    return edges


def _cuts(width: float, height: float, dpi: float) -> tuple[list[float], list[float]]:
    """The inner borders of the slices, in page units: upright ones and level ones."""
    scale = dpi / POINTS_PER_INCH
    plan = parse_policy(POLICY).plan(Size(max(round(width * scale), 1), max(round(height * scale), 1)))
    lefts = sorted({view.rect.x / scale for view in plan.slices})[1:]
    tops = sorted({view.rect.y / scale for view in plan.slices})[1:]
    return lefts, tops


def _cut(piece: Piece, cuts: tuple[list[float], list[float]], rng: random.Random) -> list[Piece]:
    """The parts of a piece that different slices read. Cut through its letters from above to below it loses the
    letter that the cut goes through, more often than not; cut along its line it becomes unreadable, unless one part
    is nearly whole."""
    parts = [piece]
    for x in cuts[0]:
        if piece.box.x0 < x < piece.box.x1:
            last = parts.pop()
            at = round((x - last.box.x0) / (last.box.x1 - last.box.x0) * len(last.text))
            before, after = last.text[:at], last.text[at:]
            if before and after and rng.random() < 0.3:
                before = before[:-1] + rng.choice(_GARBLED)
            if before:
                parts.append(Piece(before, replace(last.box, x1=x), piece.word))
            if after:
                parts.append(Piece(after, replace(last.box, x0=x), piece.word))
    for y in cuts[1]:
        if piece.box.y0 < y < piece.box.y1:
            share = (y - piece.box.y0) / (piece.box.y1 - piece.box.y0)
            parts = [_halved(part, y, share, rng) for part in parts]
    return parts


def _halved(piece: Piece, y: float, share: float, rng: random.Random) -> Piece:
    box = replace(piece.box, y1=y) if share > 0.5 else replace(piece.box, y0=y)
    text = piece.text
    if 0.15 < share < 0.85 and rng.random() < 0.8:
        text = "".join(rng.choice(_GARBLED) if rng.random() < 0.6 else one for one in text)
    return Piece(text, box, piece.word)


def _worn(piece: Piece, wear: Wear, rng: random.Random) -> Piece:
    text = piece.text
    if wear.misread:
        text = "".join(_misread(one, wear.misread, rng) for one in text) or text
    height = piece.box.y1 - piece.box.y0
    dx, dy, end = (rng.gauss(0, wear.shake * height * share) for share in (0.3, 0.6, 0.3))
    box = PageRect(piece.box.x0 + dx, piece.box.y0 + dy, piece.box.x1 + end, piece.box.y1 + dy)
    return Piece(text, box, piece.word)


def _misread(one: str, share: float, rng: random.Random) -> str:
    if rng.random() >= share:
        return one
    draw = rng.random()
    if draw < 0.7 and one in _CONFUSED:
        return rng.choice(_CONFUSED[one])
    if draw < 0.85:
        return one.swapcase()
    return "" if draw < 0.95 else one + one


def question_words(question: str) -> list[str]:
    """The words of a question as the network takes them."""
    return [piece for word in question.split() for piece in split_word(word) if symbol_ids(piece)]


def joined(pieces: Sequence[Piece], path: Sequence[int], space_units: float) -> str:
    """What the pieces of an answer spell: with a space where they stand further apart than `space_units`."""
    text = pieces[path[0]].text if path else ""
    for one, other in pairwise(path):
        before, after = pieces[one].box, pieces[other].box
        near = abs(after.x0 - before.x1) < space_units and after.y0 < before.y1 and before.y0 < after.y1
        text += ("" if near else " ") + pieces[other].text
    return text
