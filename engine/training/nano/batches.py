"""Questions on generated pages as tensors: sample by sample a pure function of seed, stage and step."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.training.nano.medley import medley
from engine.training.nano.pages import AskedPage, Piece, asked_page, draw_wear, question_words
from engine.training.nano.relabel import varied
from engine.training.nano.typed_pages import typed_pages, typeset
from engine.training.synth.families.written import written_families
from engine.training.synth.generate import TRAIN_FAMILIES, make_document
from engine.training.synth.types import SyntheticDocument
from engine.uhd.nano.words import SLOTS
from engine.uhd.symbols import symbol_ids

QUESTION_WORDS = 32
PATH = 24
"""Pieces of an answer that are learned; longer answers are left out."""
ABSENT_SHARE = 0.25
CODED_FAMILIES = tuple(name for name in TRAIN_FAMILIES if name not in written_families())
SHARES = {"coded": 0.3, "written": 0.22, "medley": 0.25, "typed": 0.23}
"""Where pages come from: the coded families, those of page files, pages put together at random, hand-made pages."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """How much a sample shows: the `words` nearest to an answer, `rows` questions a step, `on_page` of one page."""

    words: int
    rows: int
    on_page: int


def sample_page(seed: int, number: int, families: Sequence[str] = ()) -> AskedPage:
    """Page `number` of `seed`: a page of a document with questions, as the tower would read it; of one of `families`
    as they take turns, or of all that training shows."""
    rng = random.Random(f"nano/{seed}/{number}")
    if families:
        document = make_document(seed, number, families[number % len(families)], noise=0.0)
    else:
        document = varied(_drawn(seed, number, rng), rng)
    asked = sorted({question.page for question in document.questions if question.present}) or [0]
    return asked_page(document, rng.choice(asked), draw_wear(rng), rng)


def _drawn(seed: int, number: int, rng: random.Random) -> SyntheticDocument:
    match rng.choices(tuple(SHARES), tuple(SHARES.values()))[0]:
        case "medley":
            return medley(seed, number)
        case "typed":
            return typeset(rng.choice(typed_pages()), rng)
        case "written":
            return make_document(seed, number, rng.choice(sorted(written_families())), noise=0.0)
        case _:
            return make_document(seed, number, rng.choice(CODED_FAMILIES), noise=0.0)


def make_batch(seed: int, step: int, crowd: Crowd, families: Sequence[str] = ()) -> Mapping[str, Tensor]:
    """`crowd.rows` questions of the pages of `step`: pages [n, words, SLOTS], boxes, questions, page, start, path."""
    rng = random.Random(f"nano-batch/{seed}/{step}")
    pages: list[tuple[Piece, ...]] = []
    rows: list[tuple[str, int, tuple[int, ...]]] = []
    number = step * crowd.rows
    while len(rows) < crowd.rows:
        page = sample_page(seed, number, families)
        number += 1
        pieces, chosen = _crop(page, crowd, rng)
        chosen = chosen[: crowd.rows - len(rows)]
        rows += [(question, len(pages), answer) for question, answer in chosen]
        if chosen:
            pages.append(pieces)
    return _tensors(pages, rows)


def _crop(
    page: AskedPage, crowd: Crowd, rng: random.Random
) -> tuple[tuple[Piece, ...], list[tuple[str, tuple[int, ...]]]]:
    """The pieces near one of the answers, and questions whose answers are among them or nowhere."""
    there = [asked for asked in page.questions if 0 < len(asked[1]) <= PATH]
    absent = [asked for asked in page.questions if not asked[1]]
    if not there or not page.pieces:
        return page.pieces, []
    kept = list(range(len(page.pieces)))
    if len(kept) > crowd.words:
        kept = _nearest(page.pieces, page.pieces[rng.choice(there)[1][0]], crowd.words)
    places = {old: new for new, old in enumerate(kept)}
    moved = [(text, tuple(places[one] for one in path)) for text, path in there if places.keys() >= set(path)]
    rng.shuffle(moved)
    chosen = moved[: crowd.on_page]
    chosen += [asked for asked in absent if rng.random() < ABSENT_SHARE * len(chosen) / len(absent)]
    return tuple(page.pieces[number] for number in kept), chosen


def _nearest(pieces: Sequence[Piece], centre: Piece, count: int) -> list[int]:
    """The numbers of the pieces nearest to `centre`; a step to the side counts less than one up or down."""

    def distance(number: int) -> float:
        box = pieces[number].box
        aside = abs(box.x0 + box.x1 - centre.box.x0 - centre.box.x1)
        return 0.4 * aside + abs(box.y0 + box.y1 - centre.box.y0 - centre.box.y1)

    return sorted(sorted(range(len(pieces)), key=distance)[:count])


def word_ids(texts: Sequence[str], words: int) -> list[list[int]]:
    """[words, SLOTS] ids of `texts`, filled up with no words."""
    rows = [(symbol_ids(text)[:SLOTS] + [0] * SLOTS)[:SLOTS] for text in texts[:words]]
    return rows + [[0] * SLOTS] * (words - len(rows))


def _tensors(
    pages: Sequence[Sequence[Piece]], rows: Sequence[tuple[str, int, tuple[int, ...]]]
) -> Mapping[str, Tensor]:
    most = max(len(page) for page in pages)
    boxes = [[piece.box.as_list() for piece in page] + [[0.0] * 4] * (most - len(page)) for page in pages]
    asked = [question_words(question)[:QUESTION_WORDS] for question, _, _ in rows]
    longest = max(len(words) for words in asked)
    return {
        "words": torch.tensor([word_ids([piece.text for piece in page], most) for page in pages]),
        "boxes": torch.tensor(boxes),
        "question": torch.tensor([word_ids(words, longest) for words in asked]),
        "page": torch.tensor([page for _, page, _ in rows]),
        "start": torch.tensor([path[0] if path else most for _, _, path in rows]),
        "path": torch.tensor([[*path, *[-1] * (PATH - len(path))] for _, _, path in rows]),
    }
