"""Where an answer stands on its page, and what a preview shows of attention."""

from __future__ import annotations

import pytest
import torch

from engine.evidence.anchors import anchor
from engine.evidence.attention import attention_shares
from engine.geometry import PageRect
from tests.unit.sliced_models import printed


def line(text: str, top: float = 10.0) -> list:
    return [printed(word, 100.0 * number, top) for number, word in enumerate(text.split())]


@pytest.mark.parametrize(
    ("answer", "page", "found"),
    [
        ("1,204.50 EUR", "Total due 1,204.50 EUR net", (2, 3)),
        ("1204.50", "Total 1,204.50 EUR", (1,)),
        ("$1,204.50", "Total 1,204.50", (1,)),
        ("March 12, 2024", "Date: March 12, 2024 page", (1, 2, 3)),
        ("Müller GmbH", "from MULLER GmbH & Co", (1, 2)),
        ("Anna Kowalsky", "Dear Anna Kowalski, thank", (1, 2)),
        ("the total", "The – total", (0, 2)),
        ("1,204.60", "Total 1,204.50 EUR", ()),
        ("12", "2024 120 1 2", ()),
        ("1 204.50", "sum 1 204.50 EUR", (1, 2)),
        ("1,204.50", "sum 1 204.50 EUR", (1, 2)),
        ("12.03.2024", "on 12 03 2024 in", (1, 2, 3)),
        ("1203", "on 12 03 2024 in", ()),
        ("Net", "Next Net", (1,)),
        ("Next", "Net Text", ()),
        ("", "Total", ()),
        ("?!", "Total", ()),
        ("blue", "The sky was red", ()),
        ("yes", "", ()),
    ],
)
def test_the_answers_own_words_are_found(answer: str, page: str, found: tuple[int, ...]) -> None:
    assert anchor(answer, line(page)) == found


def test_of_equal_places_the_preferred_one_is_meant() -> None:
    words = line("total 12 then 12 and 12")
    middle = words[3].box

    def welcome(box: PageRect) -> float:
        return 1.0 if box == middle else 0.0

    assert anchor("12", words) == (1,)
    assert anchor("12", words, welcome) == (3,)


def test_a_run_may_go_over_the_end_of_a_line() -> None:
    words = [*line("paid to Acme"), *line("Holdings Ltd today", 30.0)]
    assert anchor("Acme Holdings Ltd", words) == (2, 3, 4)


def test_attention_of_the_answer_is_shared_among_the_views() -> None:
    attention = torch.tensor([[0.9, 0.1, 0, 0], [0.0, 0.2, 0.6, 0.2], [0.0, 0.4, 0.2, 0.4]])
    places = (torch.tensor([1]), torch.tensor([2]))
    assert attention_shares(attention, 2, places) == pytest.approx((0.3 / 0.7, 0.4 / 0.7))
    assert attention_shares(torch.zeros(2, 4), 1, places) == (0.0, 0.0)
