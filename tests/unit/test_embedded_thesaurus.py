"""The thesaurus: words of one meaning meet across wordings and languages, others do not."""

from __future__ import annotations

import pytest

from engine.readers.embedded.index import build_index
from engine.readers.embedded.labels import match_form
from engine.readers.embedded.matching import match
from engine.readers.embedded.question import parse
from engine.readers.embedded.thesaurus import groups_of, related
from engine.resources import resource_path
from engine.training.grid_pages import page_of


def meet(asked: str, printed: str) -> bool:
    return bool(related([match_form(asked)], (match_form(printed),))[0, 0])


@pytest.mark.parametrize(
    ("asked", "printed"),
    [("heavy", "weight"), ("occupation", "beruf"), ("tip", "pourboire"), ("bought", "purchase"), ("written", "auteur")],
)
def test_words_of_one_meaning_meet(asked: str, printed: str) -> None:
    assert meet(asked, printed)
    assert meet(printed, asked)


@pytest.mark.parametrize(
    ("asked", "printed"),
    [("subtotal", "total"), ("net", "gross"), ("buyer", "seller"), ("departure", "arrival"), ("zebra", "total")],
)
def test_what_stands_side_by_side_stays_apart(asked: str, printed: str) -> None:
    assert not meet(asked, printed)


def test_a_function_word_on_the_page_is_of_no_group() -> None:
    assert not related(["death"], ("die",)).any()


def test_a_paraphrase_is_matched_by_meaning_alone() -> None:
    index = build_index(page_of("Weight   1,870 kg\nLength   3,310 mm"))
    question = parse("How heavy is it?")
    weight = index.own_place[[c.text for c in index.candidates].index("Weight")]
    assert match(question, index).units[:, weight].max() == 0.0
    meant = match(question, index, by_meaning=True).units[:, weight].max()
    assert 0.5 < meant < 1.0


def test_groups_are_small_and_of_single_words() -> None:
    text = resource_path("models", "embedded_thesaurus.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 1000
    assert all(2 <= len(line.split()) <= 60 for line in lines)
    assert len(groups_of()) > 5000
