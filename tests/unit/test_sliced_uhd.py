"""Our own family as a sliced model: what it feeds is what the processor feeds, bit by bit."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from engine.errors import UsageError
from engine.geometry import Size
from engine.runtime.decoder import Stretch
from engine.uhd.config import QWEN_PROMPT
from tests.unit.sliced_models import PlainDecoder, sliced, tiny_loaded
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

PAGE = Image.effect_mandelbrot((700, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
SMALL = Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 60).convert("RGB")
LAST = 16
QUESTION = "What is the invoice total ?"


@pytest.mark.parametrize("bridge", ["windowed", "perceiver", "mlp"])
@pytest.mark.parametrize("page", [PAGE, SMALL])
@pytest.mark.parametrize("overview_first", [False, True])
def test_logits_are_those_of_the_models_own_forward(bridge: str, page: Image.Image, overview_first: bool) -> None:
    loaded = tiny_loaded(bridge, overview_first=overview_first)
    model = sliced(loaded)
    plan = model.plan(Size(*page.size), model.policy_for("llava-uhd-v1"))
    prompt = model.prompt(plan, QUESTION)
    features = [model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(page, plan), strict=True)]
    embeds = model.embed(plan, prompt, features)
    ours = model.decoder.logits([Stretch(embeds, prompt.positions)], None, LAST)[0]
    expected = loaded.model(**loaded.processor(page, QUESTION), logits_to_keep=LAST).logits[0]
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(ours.argmax(-1), expected.argmax(-1))


def test_what_two_questions_share_is_the_whole_page() -> None:
    model = sliced(tiny_loaded())
    plan = model.plan(Size(700, 300), "llava-uhd-v1")
    first, second = (model.prompt(plan, question) for question in (QUESTION, "What is 12 ?"))
    assert first.page_length == second.page_length
    assert first.ids[: first.page_length] == second.ids[: second.page_length]
    assert int(first.places[-1][-1]) == first.page_length - 1


def test_a_prompt_that_asks_first_shares_nothing() -> None:
    model = sliced(tiny_loaded(prompt="{question} <image>"))
    plan = model.plan(Size(300, 200), "llava-uhd-v1")
    assert model.prompt(plan, QUESTION).page_length == 0


def test_any_policy_of_the_family_runs_and_others_give_way_to_its_own() -> None:
    model = sliced(tiny_loaded(policy="llava-uhd-v2"))
    assert model.policy_for("llava-uhd-v1:4") == "llava-uhd-v1:4"
    assert model.policy_for("llava-uhd-v1-eval") == "llava-uhd-v1-eval"
    assert model.policy_for("minicpm-v-16x") == "llava-uhd-v2"
    with pytest.raises(UsageError):
        model.policy_for("no-such-policy")


def test_answers_end_with_the_tokenizers_end_of_text() -> None:
    loaded = tiny_loaded(prompt=QWEN_PROMPT)
    model = sliced(loaded)
    assert loaded.processor.tokenizer.eos_token_id in model.stop
    assert isinstance(model.decoder, PlainDecoder)
    assert model.text([102, 103, 2]) == "What is"
