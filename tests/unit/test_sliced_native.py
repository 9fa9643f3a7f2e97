"""The sliced reader over every family that transformers carries: evidence equals what whole passes give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from engine.evidence.hidden_views import (
    Asked,
    HiddenViews,
    ViewReplacements,
    background_of,
    painted_over,
    token_logprobs,
)
from engine.kept_files import KeptFiles
from engine.readers.sliced.reader import SlicedReader
from engine.readers.sliced.vision_cache import VisionCache
from engine.readers.types import AnswerReady, ReaderChoice, Request
from tests.unit.native_models import FAMILIES, load_tiny, save_tiny
from tests.unit.sliced_models import Desk
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

PAGE = Image.effect_mandelbrot((900, 500), (-2, -1.5, 1, 1.5), 60).convert("RGB")
QUESTION = "What is the total?"
ALONE = 2e-3
"""How far apart (nats) shared prefixes and whole passes may be: a linear attention layer adds in another order."""


@pytest.fixture(scope="module", params=FAMILIES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    return load_tiny(save_tiny(request.param, tmp_path_factory.mktemp(request.param)))


def test_an_answer_with_contributions_for_every_slice(model, tmp_path: Path) -> None:
    desk = Desk([PAGE])
    policy = model.policy_for("minicpm-v-16x")
    request = Request(1, QUESTION, desk.refs, policy, ReaderChoice("tiny", max_tokens=5))
    reader = SlicedReader(model, desk, desk, VisionCache(KeptFiles(tmp_path, ".view", 10**8)))
    answers = []
    for asked in (request, request, replace(request, keep_on_disk=False)):
        last = list(reader.ask(asked))[-1]
        assert isinstance(last, AnswerReady), last
        answers.append(last.answer)
    slices = model.plan(desk.refs[0].native, policy).slices
    places = {(view.row, view.col) for view in slices} or {(None, None)}
    assert {(item.row, item.col) for item in answers[0].evidence.contributions} == places
    assert answers[0].evidence == answers[1].evidence == answers[2].evidence


def test_falls_are_those_of_whole_passes(model) -> None:
    plan = model.plan_image(PAGE, model.policy_for("minicpm-v-16x"))
    prompt = model.prompt(plan, QUESTION)
    paper = background_of(PAGE)

    def encoded(page: Image.Image) -> tuple[torch.Tensor, ...]:
        return tuple(model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(page, plan), strict=True))

    overview = plan.views.index(plan.overview)
    blank = encoded(Image.new("RGB", PAGE.size, paper))
    painted = tuple(encoded(painted_over(PAGE, view.rect, paper))[overview] for view in plan.slices)
    answer = tuple(prompt.ids[-3:])
    asked = Asked(model, plan, prompt, encoded(PAGE), answer)

    def alone(changes: dict[int, torch.Tensor]) -> torch.Tensor:
        features = [changes.get(number, own) for number, own in enumerate(asked.features)]
        return token_logprobs(model.decoder, [asked.embedded(features)], None, answer)[0]

    views = HiddenViews(asked, blank, None, None) if prompt.page_length == 0 else _with_memory(asked, blank)
    full = alone({})
    torch.testing.assert_close(views.full, full, atol=ALONE, rtol=0)
    torch.testing.assert_close(views.hidden, alone(dict(enumerate(blank))), atol=ALONE, rtol=0)
    for number, fall in enumerate(views.falls(ViewReplacements(blank, painted), lambda: None)):
        if not plan.slices:
            continue
        place = plan.views.index(fall.view)
        torch.testing.assert_close(fall.detail, full - alone({place: blank[place]}), atol=ALONE, rtol=0)
        both = {place: blank[place], overview: painted[number]}
        torch.testing.assert_close(fall.joint, full - alone(both), atol=ALONE, rtol=0)


def _with_memory(asked: Asked, blank: tuple[torch.Tensor, ...]) -> HiddenViews:
    memories = []
    for features in (asked.features, blank):
        whole = asked.embedded(features)
        length = asked.prompt.page_length
        page = replace(whole, embeds=whole.embeds[:length], positions=whole.positions[:, :length])
        memories.append(asked.model.decoder.remember(page))
    return HiddenViews(asked, blank, *memories)
