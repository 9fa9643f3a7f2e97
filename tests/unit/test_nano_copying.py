"""Answers spelt by copying: probabilities of all ways to copy, character by character."""

from __future__ import annotations

import torch

from engine.uhd.nano.copying import ABSENT, SMOOTHED, Choices, CopyWalk
from engine.uhd.nano.tokens import END, SPACE, VOCABULARY, text_of
from engine.uhd.symbols import symbol_ids


def choices(start: list[float], follow: list[list[float]], glued: tuple[tuple[int, int], ...] = ()) -> Choices:
    """Of the words 12, 13 and EUR."""
    words = tuple(tuple(symbol_ids(text)) for text in ("12", "13", "EUR"))
    glue = torch.zeros(3, 3, dtype=torch.bool)
    for one, other in glued:
        glue[one, other] = True
    return Choices(torch.tensor(start), torch.tensor(follow), glue, words)


ENDS = [[0.0, 0.0, 0.0, 1.0]] * 3


def spelt(given: Choices) -> str:
    walk, ids = CopyWalk(given), []
    while not ids or ids[-1] != END:
        ids.append(int(walk.logprobs().argmax()))
        walk.advance(ids[-1])
    return text_of(ids)


def test_the_likeliest_word_is_written_and_what_follows_it() -> None:
    assert spelt(choices([0.1, 0.8, 0.05, 0.05], ENDS)) == "13"
    on = [[0, 0, 0.9, 0.1], *ENDS[1:]]
    assert spelt(choices([0.9, 0.05, 0.0, 0.05], on)) == "12 EUR"
    assert spelt(choices([0.9, 0.05, 0.0, 0.05], on, glued=((0, 2),))) == "12EUR"


def test_an_answer_that_is_not_there_is_refused() -> None:
    assert spelt(choices([0.1, 0.1, 0.1, 0.7], ENDS)) == ABSENT


def test_all_ways_to_a_text_are_counted() -> None:
    walk = CopyWalk(choices([0.4, 0.3, 0.2, 0.1], ENDS))
    first = walk.logprobs().exp()
    assert torch.isclose(first.sum(), torch.tensor(1.0))
    one = symbol_ids("1")[0]
    assert torch.isclose(first[one], torch.tensor(0.7), atol=2 * SMOOTHED)
    walk.advance(one)
    assert torch.isclose(walk.logprobs().exp()[symbol_ids("2")[0]], torch.tensor(4 / 7), atol=2 * SMOOTHED)


def test_text_that_stands_nowhere_is_equally_unlikely_everywhere() -> None:
    walk = CopyWalk(choices([0.4, 0.3, 0.2, 0.1], ENDS))
    walk.advance(SPACE)
    assert torch.allclose(walk.logprobs().exp(), torch.full((VOCABULARY,), 1 / VOCABULARY))
