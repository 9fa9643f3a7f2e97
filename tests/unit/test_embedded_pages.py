"""The embedded reader on all hand-made pages together: how often it is right, sure, and silent where it should be."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rapidfuzz.distance import Levenshtein

from engine.readers.embedded import EmbeddedReader
from engine.readers.types import Answer, AnswerReady, AnswerStatus, Request
from tests.unit.embedded_page import PAGES, PageShelf, page_file


@dataclass(frozen=True, slots=True)
class Tried:
    """One question, its right answers (none when absent) and what was answered."""

    golds: tuple[str, ...]
    answer: Answer

    @property
    def right(self) -> bool:
        given = self.answer.text.lower()
        return any(Levenshtein.normalized_similarity(given, gold.lower()) >= 0.8 for gold in self.golds)

    @property
    def sure(self) -> bool:
        return self.answer.status is AnswerStatus.ANSWERED


@pytest.fixture(scope="module")
def tried() -> list[Tried]:
    found = []
    for path in sorted(PAGES.glob("*.txt")):
        page, asked = page_file(path.stem)
        reader = EmbeddedReader(PageShelf(page))
        for item in asked:
            last = list(reader.ask(Request(1, item.question, (page.page,))))[-1]
            assert isinstance(last, AnswerReady)
            found.append(Tried(item.golds, last.answer))
    return found


def test_most_answers_are_right(tried: list[Tried]) -> None:
    present = [item for item in tried if item.golds]
    assert sum(item.right for item in present) / len(present) >= 0.8


def test_answers_given_as_sure_are_right_and_not_rare(tried: list[Tried]) -> None:
    sure = [item for item in tried if item.golds and item.sure]
    assert sum(item.right for item in sure) / len(sure) >= 0.95
    assert len(sure) / sum(bool(item.golds) for item in tried) >= 0.5


def test_what_a_page_does_not_say_is_seldom_given_as_sure(tried: list[Tried]) -> None:
    absent = [item for item in tried if not item.golds]
    assert sum(not item.sure for item in absent) / len(absent) >= 0.9


def test_the_top_slice_holds_a_word_of_the_answer(tried: list[Tried]) -> None:
    for item in tried:
        evidence = item.answer.evidence
        if evidence is None:
            continue
        own = evidence.words[: evidence.answer_words]
        assert own
        assert any(word.box.overlap_share(evidence.contributions[0].box) >= 0.25 for word in own)
