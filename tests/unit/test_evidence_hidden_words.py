"""Slices of words and contributions by hiding them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents.types import DocumentId, PageRef, Word, WordSource
from engine.evidence.hidden_words import Rescore, contributions, kept_score
from engine.evidence.slices import words_by_slice
from engine.geometry import PageRect, Size
from engine.slicing.policies import plan

PAGE = PageRef(DocumentId("a.png", "0"), 0, "1", 900.0, 900.0, Size(900, 900))
PLAN = plan("minicpm-v-16x", PAGE.native)


def word(x: float, y: float, width: float = 60.0) -> Word:
    return Word("word", PageRect(x, y, x + width, y + 20), WordSource.OCR)


def test_a_word_across_a_border_belongs_to_both_slices_from_a_quarter_on() -> None:
    border = PLAN.slices[0].rect.right
    words = [word(border - 30, 40), word(border - 50, 40), word(border + 200, 40)]
    held = words_by_slice(PLAN, PAGE, words)
    assert [number for number in range(3) if number in held[0].words] == [0, 1]
    assert 0 in held[1].words
    assert 1 not in held[1].words


def test_boxes_of_slices_are_in_page_units() -> None:
    page = PageRef(DocumentId("a.pdf", "0"), 0, "1", 450.0, 450.0, Size(900, 900))
    boxes = [held.box for held in words_by_slice(PLAN, page, [])]
    assert max(box.x1 for box in boxes) == pytest.approx(450.0)


def rescore_by(answer: tuple[int, ...], label: tuple[int, ...], words: list[Word]) -> Rescore:
    def rescore(hidden: frozenset[int]) -> float:
        score = 0.9 if not hidden.intersection(label) else 0.3
        return kept_score(score, answer, hidden, words)

    return rescore


def test_the_slice_of_the_answer_comes_first_then_the_label() -> None:
    right = PLAN.slices[1].rect
    words = [word(right.x + 100, 40), word(40, 40), word(40, 800)]
    made = contributions(PLAN, PAGE, words, (0,), (1,), rescore_by((0,), (1,), words))
    assert (made[0].row, made[0].col) == (0, 1)
    assert made[0].joint == pytest.approx(1.0)
    assert (made[1].row, made[1].col) == (0, 0)
    assert made[1].joint == pytest.approx((0.9 - 0.3) / 0.9)
    assert all(item.joint == 0.0 for item in made[2:])
    assert all(item.joint == item.detail for item in made)


def test_an_answer_in_two_slices_counts_most_where_most_of_it_stands() -> None:
    border = PLAN.slices[0].rect.right
    words = [word(border - 200, 40, 180), word(border + 10, 40, 60)]
    made = contributions(PLAN, PAGE, words, (0, 1), (), rescore_by((0, 1), (), words))
    assert (made[0].row, made[0].col) == (0, 0)
    assert 0 < made[1].joint < made[0].joint < 1


def test_a_word_on_a_border_goes_to_the_slice_with_more_of_it_even_if_the_label_is_in_the_other() -> None:
    border = PLAN.slices[0].rect.right
    words = [word(border - 25, 40), word(border - 120, 40)]
    made = contributions(PLAN, PAGE, words, (0,), (1,), rescore_by((0,), (1,), words))
    assert (made[0].row, made[0].col) == (0, 1)
    assert made[0].joint == made[1].joint == pytest.approx(1.0)


def test_an_unsliced_page_has_one_contribution() -> None:
    page = PageRef(DocumentId("a.png", "0"), 0, "1", 300.0, 300.0, Size(300, 300))
    made = contributions(
        plan("minicpm-v-16x", page.native), page, [word(10, 10)], (0,), (), rescore_by((0,), (), [word(10, 10)])
    )
    assert [(item.row, item.col, item.joint) for item in made] == [(None, None, 1.0)]


@given(st.sets(st.integers(0, 5)), st.sets(st.integers(0, 5)))
def test_hiding_more_words_never_raises_the_score(first: set[int], second: set[int]) -> None:
    words = [word(10 + 70 * n, 10) for n in range(6)]
    answer = (0, 1, 2)
    few, many = frozenset(first), frozenset(first | second)
    assert kept_score(0.9, answer, many, words) <= kept_score(0.9, answer, few, words) + 1e-12
