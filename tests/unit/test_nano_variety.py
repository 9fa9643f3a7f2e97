"""What Tessera-nano's training shows beside the generator's families: other words, hand-made pages, mixed pages."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from engine.errors import FileMissingError
from engine.training.grid_pages import Asked
from engine.training.nano import typed_pages as hand_made
from engine.training.nano.batches import sample_page
from engine.training.nano.medley import medley
from engine.training.nano.pages import AskedPage, Wear, asked_page, joined
from engine.training.nano.relabel import relabelled, reworded, words_of
from engine.training.nano.typed_pages import TypedPage, typed_pages, typeset
from engine.training.synth.generate import make_document
from engine.training.synth.types import SyntheticDocument

TRUE = Wear(dpi=150, misread=0.0, shake=0.0)
BILL = TypedPage(
    "bill",
    ("HARBOUR BOATS", "", "Paid       12.50", "Due     1,300.00", "", "", "", "Deposit    12.50"),
    (
        Asked("What is due?", ("1,300.00",)),
        Asked("What was paid?", ("12.50",), (2,)),
        Asked("What is the deposit?", ("12.50",)),
        Asked("Who is the captain?", ()),
    ),
)


def answers(document: SyntheticDocument, page: AskedPage) -> list[tuple[bool, int]]:
    """For each question that has an answer whether its pieces spell it, and how many pieces there are."""
    known = {one.question: {"".join(text.split()) for text in one.answers} for one in document.questions}
    return [
        ("".join(joined(page.pieces, path, 1.0).split()) in known[question], len(path))
        for question, path in page.questions
        if path
    ]


def test_other_words_stand_alike_in_questions_answers_and_pages() -> None:
    before = make_document(3, 1, "invoice", noise=0.0)
    after = relabelled(before, random.Random(1))
    assert words_of(after) != words_of(before)
    assert [len(word.text) for word in after.pages[0].words] == [len(word.text) for word in before.pages[0].words]
    found = answers(after, asked_page(after, 0, TRUE, random.Random(0)))
    assert len(found) > 3
    assert sum(right for right, _ in found) >= len(found) - 1


def test_a_reworded_question_keeps_what_the_page_names() -> None:
    question = make_document(3, 1, "invoice", noise=0.0).questions[0]
    question = replace(question, question="Would you kindly read the invoice number to me")
    printed = frozenset({"invoice", "number"})
    for seed in range(5):
        said = reworded(question, printed, random.Random(seed)).question
        assert "invoice number" in said
        assert said != question.question
    assert reworded(question, frozenset(), random.Random(0)) is question


def test_hand_made_pages_are_set_with_their_answers_where_they_stand() -> None:
    for seed in range(4):
        document = typeset(BILL, random.Random(seed))
        boxes = {one.question: one.answer_box for one in document.questions}
        due, paid = boxes["What is due?"], boxes["What was paid?"]
        assert due is not None
        assert paid is not None
        assert paid.y1 < due.y1
        # It stands on two lines, and nothing says on which it is right.
        assert "What is the deposit?" not in boxes
        assert boxes["Who is the captain?"] is None
        assert due.x1 == pytest.approx(paid.x1)


def test_the_hand_made_pages_train_and_those_for_measuring_do_not() -> None:
    measuring = {path.stem for path in (hand_made.FOLDER / "measuring").glob("*.txt")}
    pages = typed_pages()
    assert measuring.isdisjoint(page.name for page in pages)
    document = typeset(pages[0], random.Random(2))
    found = answers(document, asked_page(document, 0, TRUE, random.Random(0)))
    assert len(found) > 5
    # Slices' borders cut some of them.
    assert sum(right for right, _ in found) >= 0.6 * len(found)


def test_without_the_source_tree_there_are_no_hand_made_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_made, "FOLDER", hand_made.FOLDER / "measuring" / "none")
    with pytest.raises(FileMissingError, match="no pages"):
        typed_pages.__wrapped__()


def test_a_medley_is_the_same_again_and_its_answers_stand_on_it() -> None:
    found = []
    for number in range(6):
        document = medley(2, number)
        assert document == medley(2, number)
        found += answers(document, asked_page(document, 0, TRUE, random.Random(0)))
    assert len(found) > 15
    assert sum(right for right, _ in found) > 0.9 * len(found)


def test_training_shows_pages_of_all_sources_and_a_family_shows_its_own() -> None:
    assert sample_page(5, 3) == sample_page(5, 3)
    assert sample_page(5, 3, ("receipt",)) != sample_page(5, 3)
