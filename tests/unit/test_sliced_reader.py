"""The reader over a sliced model: events, held pages, pages chosen, statuses, cancelling."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.evidence.types import EvidenceMethod
from engine.kept_files import KeptFiles
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import (
    Answer,
    AnswerReady,
    AnswerStatus,
    ContributionFound,
    Event,
    Failed,
    PageRead,
    Preview,
    Progress,
    ReaderChoice,
    Request,
    Token,
)
from tests.unit.sliced_models import Desk, printed, sliced, tiny_loaded
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

QUESTION = "What is the invoice total ?"
WIDE = Image.effect_mandelbrot((700, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
MODEL = ReaderChoice("tiny", max_tokens=4)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    with torch.no_grad():
        return sliced(tiny_loaded())


@pytest.fixture
def cache(tmp_path: Path) -> VisionCache:
    return VisionCache(KeptFiles(tmp_path / "views", ".view", 10**8))


def asked(desk: Desk, **changes: object) -> Request:
    return replace(Request(7, QUESTION, desk.refs, "llava-uhd-v1", MODEL), **changes)


def events(reader: SlicedReader, request: Request) -> list[Event]:
    return list(reader.ask(request))


def answer_of(found: list[Event]) -> Answer:
    assert isinstance(found[-1], AnswerReady), found[-1]
    return found[-1].answer


def test_a_page_is_read_answered_previewed_and_explained_in_this_order(model, cache) -> None:
    desk = Desk([WIDE])
    found = events(SlicedReader(model, desk, desk, cache), asked(desk))
    kinds = [type(event) for event in found if not isinstance(event, Progress)]
    slices = len(model.plan(desk.refs[0].native, "llava-uhd-v1").slices)
    assert kinds == [PageRead] + [Token] * kinds.count(Token) + [Preview] + [ContributionFound] * slices + [AnswerReady]
    answer = answer_of(found)
    assert "".join(event.text for event in found if isinstance(event, Token)).strip() == answer.text
    assert answer.evidence.method is EvidenceMethod.HIDDEN_VIEWS
    assert {(item.row, item.col) for item in answer.evidence.contributions} == {(0, 0), (0, 1)}
    assert answer.plans == ((0, model.plan(desk.refs[0].native, "llava-uhd-v1")),)
    assert (answer.model, answer.revision, answer.precision, answer.device) == ("tiny", "r1", "fp32", "cpu")
    assert not answer.calibrated
    assert answer.status is AnswerStatus.UNSURE
