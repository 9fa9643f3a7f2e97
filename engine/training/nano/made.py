"""What the language model reaches on pages as the tower would give them: no pixels, so many pages in little time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from engine.bench.scores import is_exact
from engine.geometry import PageRect, Size
from engine.slicing.plan import View
from engine.slicing.policies import parse_policy
from engine.training.nano.batches import word_ids
from engine.training.nano.evaluate import ABSENT, DPI, FIELD_KINDS, FIELD_VALUES, MAX_TOKENS, Asking, holds
from engine.training.nano.pages import POLICY, AskedPage, Wear, asked_page
from engine.training.synth.generate import make_document
from engine.training.synth.types import SyntheticQuestion
from engine.uhd.nano.build import nano_tokenizer
from engine.uhd.nano.copying import CopyWalk
from engine.uhd.nano.language import choices
from engine.uhd.nano.network import PointingNetwork
from engine.uhd.nano.tokens import END, ReadPrompt, question_ids, text_of

CLEAN = Wear(dpi=DPI, misread=0.0, shake=0.02)


def ask_made(
    network: PointingNetwork, seed: int, pages: int, families: Sequence[str], pointing: int
) -> Iterator[Asking]:
    """As `ask_pages` of engine.training.nano.evaluate, without drawing and reading."""
    for number in range(pages):
        family = families[number % len(families)]
        rng = random.Random(f"nano-made/{seed}/{number}")
        document = make_document(seed, number, family, noise=0.0)
        page = asked_page(document, 0, CLEAN, rng)
        left = pointing
        for question in document.questions:
            if question.page:
                continue
            given, logprob = _written(network, page, question.question)
            exact = is_exact(given, question.answers) if question.present else given == ABSENT
            asking = Asking(
                family, number, question.question, question.answers, given, exact,
                question.kind in FIELD_KINDS and question.value in FIELD_VALUES, question.present, logprob, None,
            )  # fmt: skip
            if exact and question.answer_box is not None and left:
                sheet = document.pages[0].page
                left -= 1
                asking = replace(asking, pointed=_points(network, page, sheet.width, sheet.height, question, given))
            yield asking


def _prompt(page: AskedPage, question: str) -> ReadPrompt:
    words = torch.tensor(word_ids([piece.text for piece in page.pieces], len(page.pieces)))
    boxes = torch.tensor([piece.box.as_list() for piece in page.pieces])
    return ReadPrompt(words, boxes, torch.arange(len(words)), question_ids(question), ())


def _written(network: PointingNetwork, page: AskedPage, question: str) -> tuple[str, float]:
    walk, total = CopyWalk(choices(network, _prompt(page, question))), 0.0
    written: list[int] = []
    while len(written) < MAX_TOKENS:
        logprobs = walk.logprobs()
        symbol = int(logprobs.argmax())
        total += float(logprobs[symbol])
        if symbol == END:
            break
        written.append(symbol)
        walk.advance(symbol)
    return text_of(written), total


def _logprob(network: PointingNetwork, page: AskedPage, question: str, ids: Sequence[int]) -> float:
    if not page.pieces:
        return -float(len(ids)) * 6
    walk, total = CopyWalk(choices(network, _prompt(page, question))), 0.0
    for symbol in ids:
        total += float(walk.logprobs()[symbol])
        walk.advance(symbol)
    return total


def _points(
    network: PointingNetwork, page: AskedPage, width: float, height: float, question: SyntheticQuestion, given: str
) -> bool | None:
    """Whether the slice without whose words the answer is least likely holds it; None where the page is unsliced."""
    scale = DPI / 72
    plan = parse_policy(POLICY).plan(Size(round(width * scale), round(height * scale)))
    if not plan.slices or question.answer_box is None:
        return None
    ids = nano_tokenizer()(given).input_ids
    left = {}
    for number, view in enumerate(plan.slices):
        kept = tuple(piece for piece in page.pieces if not _inside(view, piece.box, scale))
        left[number] = _logprob(network, AskedPage(kept, ()), question.question, ids)
    return holds(plan.slices[min(left, key=lambda number: left[number])], question.answer_box)


def _inside(view: View, box: PageRect, scale: float) -> bool:
    x, y = (box.x0 + box.x1) / 2 * scale, (box.y0 + box.y1) / 2 * scale
    return view.rect.x <= x < view.rect.right and view.rect.y <= y < view.rect.bottom
