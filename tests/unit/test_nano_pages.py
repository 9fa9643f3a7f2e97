"""Generated pages as the tower would give them, and the batches made of them."""

from __future__ import annotations

import random

import pytest
import torch

from engine.training.nano.batches import Crowd, make_batch
from engine.training.nano.pages import Wear, asked_page, joined
from engine.training.nano.recipe import NanoRecipe, asked, exact, next_targets
from engine.training.synth.generate import make_document
from engine.uhd.nano.network import Pointed, PointingNetwork
from engine.uhd.nano.words import SLOTS, split_word

TRUE = Wear(dpi=150, misread=0.0, shake=0.0)


def test_words_are_parted_from_the_marks_around_them() -> None:
    assert split_word("(Cambridge),") == ["(", "Cambridge", ")", ","]
    assert split_word("1,204.50.") == ["1,204.50", "."]
    assert [len(piece) for piece in split_word("x" * 40)] == [SLOTS, SLOTS, 8]


@pytest.mark.parametrize("family", ["invoice", "payslip"])
def test_answers_are_found_among_the_pieces(family: str) -> None:
    document = make_document(3, 0, family, noise=0.0)
    page = asked_page(document, 0, TRUE, random.Random(0))
    known = {question.question: question.answers for question in document.questions}
    found = [(question, path) for question, path in page.questions if path]
    assert len(found) > 3
    right = [
        "".join(joined(page.pieces, path, 1.0).split()) in {"".join(one.split()) for one in known[question]}
        for question, path in found
    ]
    # A slice's border may have cut one of them.
    assert sum(right) >= len(right) - 1
    assert any(not path for _, path in page.questions)


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    crowd = Crowd(words=24, rows=6, on_page=4)
    first, again, other = (make_batch(1, step, crowd) for step in (5, 5, 6))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(first[name].shape == other[name].shape and torch.equal(first[name], other[name]) for name in first)


def test_what_counts_as_right_is_the_whole_way_through_an_answer() -> None:
    batch = {
        "words": torch.zeros(1, 3, SLOTS, dtype=torch.long),
        "start": torch.tensor([1, 3]),
        "path": torch.tensor([[1, 2, -1], [-1, -1, -1]]),
    }
    assert next_targets(batch).tolist() == [[-100, 2, 3], [-100, -100, -100]]
    start = torch.tensor([[0.0, 1, 0, 0], [0, 0, 0, 1.0]])
    follow = torch.zeros(2, 3, 4)
    follow[0, 1, 2] = follow[0, 2, 3] = 1.0
    assert exact(Pointed(start, follow), batch).tolist() == [True, True]
    follow[0, 2, 1] = 2.0
    assert exact(Pointed(start, follow), batch).tolist() == [False, True]


def test_the_recipe_learns_a_small_batch_and_the_order_of_words_does_not_matter() -> None:
    torch.manual_seed(0)
    model, recipe = PointingNetwork(dim=32, heads=2, depth=2, inner=32), NanoRecipe()
    batch = make_batch(2, 0, Crowd(words=24, rows=6, on_page=4))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(8):
        loss, metrics = recipe.loss(model, batch, "strips")
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.8 * losses[0]
    assert set(metrics) <= set(recipe.metrics)
    order = torch.randperm(batch["words"].shape[1])
    mixed = dict(batch) | {"words": batch["words"][:, order], "boxes": batch["boxes"][:, order]}
    with torch.no_grad():
        plain, other = model.eval()(asked(batch)), model(asked(mixed))
    assert torch.allclose(plain.start[:, :-1][:, order], other.start[:, :-1], atol=1e-4)
