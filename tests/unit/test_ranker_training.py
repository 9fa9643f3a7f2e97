"""Training the ranker on small made-up samples: it learns what is right, knows doubt, and reads samples back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.readers.embedded.features import Fit, fit
from engine.readers.embedded.index import build_index
from engine.readers.embedded.question import parse
from engine.readers.embedded.rank import Ranker, ranker_from
from engine.training.grid_pages import page_of
from engine.training.ranker import Effort, train
from engine.training.ranker_calibration import calibration_of, judged, least_probability
from engine.training.ranker_samples import Sample, kept

_PAGE = """
Invoice no.   48213
Invoice date  3 May 2021
Due date      2 June 2021
Total         1,204.50
Tax           100.00
"""
_ASKED = {
    "What is the total?": "1,204.50",
    "What is the due date?": "2 June 2021",
    "What is the invoice number?": "48213",
    "What is the tax?": "100.00",
    "What is the invoice date?": "3 May 2021",
    "What is the IBAN?": "",
    "Who signed it?": "",
}


def _samples() -> list[Sample]:
    index = build_index(page_of(_PAGE))
    texts = tuple(candidate.text for candidate in index.candidates)
    made = []
    for number, (question, answer) in enumerate(_ASKED.items()):
        gain = np.asarray([float(text == answer) for text in texts])
        made.append(Sample(fit(parse(question), index), gain, bool(answer), texts, f"family {number % 3}"))
    return made


@pytest.fixture(scope="module")
def found() -> list[Sample]:
    return _samples()


@pytest.fixture(scope="module")
def ranker(found: list[Sample]) -> Ranker:
    return ranker_from(train([(sample, 1.0) for sample in found], Effort(hidden=8, epochs=60, members=2)))


def test_it_learns_which_candidates_are_right_and_when_none_is(found: list[Sample], ranker: Ranker) -> None:
    for sample in found:
        logits = ranker.logits(sample.fit)
        assert bool(sample.gain[logits.argmax()] > 0) is sample.present
    present = [ranker.logits(s.fit).max() for s in found if s.present]
    absent = [ranker.logits(s.fit).max() for s in found if not s.present]
    assert min(present) > max(absent)


def test_networks_vote_for_what_they_put_first(found: list[Sample], ranker: Ranker) -> None:
    sample = found[0]
    order = ranker.logits(sample.fit).argsort()
    best, worst = (
        ranker.votes(sample.fit, sample.texts, int(order[-1])),
        ranker.votes(sample.fit, sample.texts, int(order[0])),
    )
    assert best.share == 1.0
    assert best.least_lead > 0
    assert worst.share == 0.0
    assert worst.least_lead < 0


def test_probabilities_part_right_answers_from_questions_without_one(found: list[Sample], ranker: Ranker) -> None:
    known = judged(ranker, found, 1.0)
    assert known.weights.sum() == pytest.approx(1.0)
    made = calibration_of(known, 0.9)
    assert len(made["weights"]) == len(made["signals"])
    assert 0 < made["answered"] <= 1


def test_the_limit_is_the_smallest_that_keeps_the_precision() -> None:
    stated, right = np.asarray([0.9, 0.8, 0.7, 0.6]), np.asarray([1.0, 1.0, 0.0, 0.0])
    assert least_probability(stated, right, np.ones(4), 0.95) == 0.8
    assert least_probability(stated, right, np.ones(4), 0.6) == 0.7
    assert least_probability(stated, 1 - right, np.ones(4), 0.95) == 1.0


def test_samples_are_made_once_and_read_back(tmp_path: Path, found: list[Sample]) -> None:
    calls = []

    def make() -> Iterator[Sample]:
        calls.append(1)
        yield from found[:2]

    first, second = kept(tmp_path, "some", make), kept(tmp_path, "some", make)
    assert len(calls) == 1
    assert [s.texts for s in first] == [s.texts for s in second]
    assert isinstance(second[0].fit, Fit)
    assert kept(None, "some", make)[0].texts == first[0].texts
    assert len(calls) == 2
