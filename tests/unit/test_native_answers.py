"""An adapter answers as the published class does with its own processor: the same ids, features, logits and tokens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageDraw
from tokenizers.processors import TemplateProcessing
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from engine.errors import UsageError
from engine.geometry import Size
from engine.readers.native.adapter import SHORT_ANSWER, NativeModel
from engine.readers.native.loading import load
from engine.readers.sliced.protocol import Prompt
from engine.runtime.decoder import Stretch
from engine.slicing.plan import SlicePlan
from tests.unit.native_models import CARD, FAMILIES, load_tiny, page_of, published_inputs, save_tiny
from tests.unit.uhd_models import one_thread

__all__ = ["one_thread"]

PAGE = Size(640, 330)
QUESTION = "What is the total?"
LIMIT = 8
CASES = [(family, "minicpm-v-16x") for family in FAMILIES] + [("minicpmv4_7", "minicpm-v-4x:2")]
ROWS = [("minicpmv4_7", "minicpm-v-16x", Size(640, 900))]
"""A page with several rows of slices, where newlines have their own place on the canvas."""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], NativeModel]:
    models: dict[str, NativeModel] = {}

    def get(family: str) -> NativeModel:
        if family not in models:
            models[family] = load_tiny(save_tiny(family, tmp_path_factory.mktemp(family)))
        return models[family]

    return get


def encoded(model: NativeModel, image: Image.Image, plan: SlicePlan) -> list[Tensor]:
    return [model.encode(view, pixels) for view, pixels in zip(plan.views, model.cut(image, plan), strict=True)]


def asked(model: NativeModel, image: Image.Image, policy: str, question: str = QUESTION) -> tuple[Prompt, Stretch]:
    plan = model.plan(Size(*image.size), policy)
    prompt = model.prompt(plan, question)
    return prompt, Stretch(model.embed(plan, prompt, encoded(model, image, plan)), prompt.positions)


def published(
    model: NativeModel, family: str, image: Image.Image, policy: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The published processor's inputs for a page and the question, and what the class is told besides."""
    text = (
        f"<|im_start|>user\n{model.image_token(model._tokenizer)}\n{QUESTION}{SHORT_ANSWER}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    inputs = dict(published_inputs(model, family, image, text, policy))
    return inputs, {"downsample_mode": policy.split(":")[0].rpartition("-")[2]} if "minicpm" in family else {}


@pytest.mark.parametrize(("family", "wanted", "size"), [(*case, PAGE) for case in CASES] + ROWS)
def test_answer_equals_the_published_class_token_by_token(
    tiny: Callable[[str], NativeModel], family: str, wanted: str, size: Size
) -> None:
    model = tiny(family)
    policy = model.policy_for(wanted)
    image = page_of(size)
    inputs, options = published(model, family, image, policy)
    prompt, whole = asked(model, image, policy)
    assert list(prompt.ids) == inputs["input_ids"][0].tolist()
    with torch.inference_mode():
        scores = model._model(**inputs, **options).logits[0]
        written = model._model.generate(
            **inputs, **options, max_new_tokens=LIMIT, do_sample=False, output_logits=True, return_dict_in_generate=True
        )
    ours = model.decoder.logits([whole], None, whole.length)[0]
    assert torch.allclose(ours, scores, atol=1e-4, rtol=0)
    steps = list(model.decoder.stream(whole, None, LIMIT, model.stop))
    assert [step.token for step in steps] == written.sequences[0, len(prompt.ids) :].tolist()
    theirs = [float(step[0].log_softmax(-1).max()) for step in written.logits]
    assert [step.logprob for step in steps] == pytest.approx(theirs, abs=1e-4)


@pytest.mark.parametrize(("family", "wanted"), CASES)
def test_views_encoded_one_by_one_equal_the_whole_page(
    tiny: Callable[[str], NativeModel], family: str, wanted: str
) -> None:
    model = tiny(family)
    policy = model.policy_for(wanted)
    image = page_of(PAGE)
    inputs, options = published(model, family, image, policy)
    inner = model._model.model
    keys = [key for key in ("pixel_values", "target_sizes", "image_sizes") if key in inputs]
    with torch.inference_mode():
        whole = inner.get_image_features(**{key: inputs[key] for key in keys}, **options).pooler_output
    plan = model.plan(PAGE, policy)
    views = encoded(model, image, plan)
    if family == "llava_next":
        with torch.inference_mode():
            views, _ = inner.pack_image_features(
                [torch.stack(views)], inputs["image_sizes"], "default", image_newline=inner.image_newline
            )
    assert len(views) == len(whole)
    for ours, theirs in zip(views, whole, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("family", "wanted"), CASES)
def test_what_the_tower_gets_is_bit_equal_to_the_published_pixels(
    tiny: Callable[[str], NativeModel], family: str, wanted: str
) -> None:
    model = tiny(family)
    policy = model.policy_for(wanted)
    image = page_of(PAGE)
    inputs, _ = published(model, family, image, policy)
    pixels = model.cut(image, model.plan(PAGE, policy))
    assert all(view.dtype == torch.float32 and view.device.type == "cpu" for view in pixels)
    joined = torch.cat(pixels, dim=-1)[None] if "minicpm" in family else torch.stack(pixels)
    assert torch.equal(joined, inputs["pixel_values"].reshape(joined.shape))


@pytest.mark.parametrize("family", FAMILIES)
def test_questions_share_the_page_and_go_on_from_it(tiny: Callable[[str], NativeModel], family: str) -> None:
    model = tiny(family)
    policy = model.policy_for("minicpm-v-16x")
    prompt, whole = asked(model, page_of(PAGE), policy)
    other, _ = asked(model, page_of(PAGE), policy, "Who?")
    start = prompt.page_length
    image_token = model._config.image_token_id
    assert other.page_length == start
    assert other.ids[:start] == prompt.ids[:start]
    assert torch.equal(other.positions[:, :start], prompt.positions[:, :start])
    assert image_token not in prompt.ids[start:]
    page = Stretch(whole.embeds[:start], whole.positions[:, :start])
    rest = Stretch(whole.embeds[start:], whole.positions[:, start:])
    memory = model.decoder.remember(page)
    continued = [step.token for step in model.decoder.stream(rest, memory, LIMIT, model.stop)]
    assert continued == [step.token for step in model.decoder.stream(whole, None, LIMIT, model.stop)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_view_counts(tiny: Callable[[str], NativeModel], family: str) -> None:
    model = tiny(family)
    plan = model.plan(PAGE, model.policy_for("minicpm-v-16x"))
    prompt = model.prompt(plan, QUESTION)
    features = encoded(model, page_of(PAGE), plan)
    whole = model.embed(plan, prompt, features)
    for number, places in enumerate(prompt.places):
        changed = [tokens + (number == index) for index, tokens in enumerate(features)]
        touched = (model.embed(plan, prompt, changed) != whole).any(1).nonzero().flatten()
        assert torch.equal(touched, places)
        assert len(places) == plan.views[number].tokens


def test_positions_of_minicpm_4_7_put_slices_and_overview_on_one_canvas(tiny: Callable[[str], NativeModel]) -> None:
    model = tiny("minicpmv4_7")
    plan = model.plan(PAGE, "minicpm-v-16x")
    prompt = model.prompt(plan, QUESTION)
    text, time, height, width = prompt.positions
    assert torch.equal(text, torch.arange(len(prompt.ids)))
    assert (plan.grid.cols, plan.grid.rows) == (2, 1)
    across, down = 2 * plan.slices[0].size.width // 56, plan.slices[0].size.height // 56
    overview, left, right = prompt.places
    assert len(set(time[torch.cat(prompt.places)].tolist())) == 1
    for corners in ((overview[0], overview[-1]), (left[0], right[-1])):
        start, end = corners
        assert int(width[end] - width[start]) == across - 1
        assert int(height[end] - height[start]) == down - 1
    assert int(width[right[0]] - width[left[0]]) == across // 2
    assert int(time[-1]) == int(prompt.positions[1:].max()) != int(text[-1])


def test_minicpm_4_7_reads_its_positions(tiny: Callable[[str], NativeModel]) -> None:
    model = tiny("minicpmv4_7")
    _, whole = asked(model, page_of(PAGE), "minicpm-v-16x")
    plain = Stretch(whole.embeds, torch.arange(whole.length)[None])
    canvas, counted = (model.decoder.logits([stretch], None, 1) for stretch in (whole, plain))
    assert float((canvas - counted).abs().max()) > 1e-2


def test_positions_of_other_families_are_the_plain_count(tiny: Callable[[str], NativeModel]) -> None:
    for family in ("minicpmv4_6", "internvl"):
        model = tiny(family)
        prompt = model.prompt(model.plan(PAGE, model.own_policy), QUESTION)
        assert torch.equal(prompt.positions, torch.arange(len(prompt.ids))[None])


@pytest.mark.parametrize("family", ["minicpmv4_7", "llava", "internvl"])
def test_a_question_cannot_write_the_models_own_tokens(tiny: Callable[[str], NativeModel], family: str) -> None:
    model = tiny(family)
    plan = model.plan(PAGE, model.own_policy)
    for token in (model.image_token(model._tokenizer), "<|im_end|>"):
        with pytest.raises(UsageError, match="takes for a command"):
            model.prompt(plan, f"What is {token} here?")


@pytest.mark.parametrize("begins", ["", "{{ bos_token }}"])
def test_a_prompt_begins_once(tmp_path: Path, begins: str) -> None:
    """Tokenizers that begin every text themselves, and chat templates that write the beginning, come together."""
    save_tiny("llava", tmp_path)
    begin = TemplateProcessing(single="<|im_start|> $A", special_tokens=[("<|im_start|>", 0)])
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tmp_path, bos_token="<|im_start|>")
    tokenizer.backend_tokenizer.post_processor = begin
    tokenizer.save_pretrained(tmp_path)
    template = begins + "USER: <image>\n{{ messages[0].content[1].text }} ASSISTANT:"
    (tmp_path / "chat_template.jinja").write_text(template, encoding="utf-8")
    model = load_tiny(tmp_path)
    prompt = model.prompt(model.plan(PAGE, model.own_policy), QUESTION)
    assert prompt.ids.count(model._tokenizer.bos_token_id) == 1
    assert prompt.ids[0] == model._tokenizer.bos_token_id
    assert model.text(prompt.ids[1:7]) == "USER:"


def test_a_template_that_asks_before_it_shows_the_page_shares_nothing(tmp_path: Path) -> None:
    save_tiny("llava", tmp_path)
    template = "{{ messages[0].content[1].text }}\n<image>\nASSISTANT:"
    (tmp_path / "chat_template.jinja").write_text(template, encoding="utf-8")
    model = load_tiny(tmp_path)
    prompt, whole = asked(model, page_of(PAGE), model.own_policy)
    assert prompt.page_length == 0
    assert list(model.decoder.stream(whole, None, 2, model.stop))


def test_models_answer_in_half_precision(tmp_path: Path) -> None:
    folder = save_tiny("minicpmv4_7", tmp_path)
    model = load(folder, dtype=torch.bfloat16, device=torch.device("cpu"), card=CARD)
    _, whole = asked(model, page_of(PAGE), "minicpm-v-16x")
    assert whole.embeds.dtype == torch.bfloat16
    assert len(list(model.decoder.stream(whole, None, 2, frozenset()))) == 2


def test_answers_are_words_without_special_tokens(tiny: Callable[[str], NativeModel]) -> None:
    model = tiny("minicpmv4_7")
    ids = model._tokenizer(" 12.30 EUR\n<|im_end|>").input_ids
    assert model.text(ids) == "12.30 EUR"
    assert model._tokenizer.eos_token_id in model.stop


def test_ocr_gives_large_glyphs_fewer_pixels_as_published(tmp_path: Path) -> None:
    model = load_tiny(save_tiny("minicpm_ocr", tmp_path, {"small_image_upsize": "adaptive"}))
    policy = model.policy_for("llava-uhd-v1")
    assert policy == "minicpm-ocr-adaptive"
    for image in (headline(Size(900, 640)), headline(Size(300, 200)), Image.new("RGB", (60, 50), "white")):
        plan = model.plan_image(image, policy)
        full = model.plan(Size(*image.size), policy)
        assert [view.rect for view in plan.views] == [view.rect for view in full.views]
        assert plan.tokens < full.tokens
        inputs, _ = published(model, "minicpm_ocr", image, policy)
        assert list(model.prompt(plan, QUESTION).ids) == inputs["input_ids"][0].tolist()
        assert [[view.size.height // 14, view.size.width // 14] for view in plan.views] == inputs[
            "target_sizes"
        ].tolist()
        assert torch.equal(torch.cat(model.cut(image, plan), dim=-1)[None], inputs["pixel_values"])
        features = encoded(model, image, plan)
        assert [len(tokens) for tokens in features] == [view.tokens for view in plan.views]


def test_ocr_cuts_any_page_by_the_plan_it_gets(tmp_path: Path) -> None:
    """Pages with painted-over slices are cut by the plan of the page itself, whatever their own glyphs ask for."""
    model = load_tiny(save_tiny("minicpm_ocr", tmp_path, {"small_image_upsize": "adaptive"}))
    image = headline(Size(900, 640))
    plan = model.plan_image(image, model.own_policy)
    sizes = [pixels.shape for pixels in model.cut(image, plan)]
    assert [pixels.shape for pixels in model.cut(page_of(Size(900, 640)), plan)] == sizes


def test_ocr_keeps_small_pages_native_where_saved_so(tmp_path: Path) -> None:
    model = load_tiny(save_tiny("minicpm_ocr", tmp_path, {"small_image_upsize": "never"}))
    policy = model.policy_for("llava-uhd-v1")
    assert policy == "minicpm-ocr-native"
    assert model.policy_for("minicpm-v-4x:4") == "minicpm-v-4x:4"
    for size in (Size(120, 60), Size(300, 200), Size(900, 640)):
        plan = model.plan(size, policy)
        inputs, _ = published(model, "minicpm_ocr", page_of(size), policy)
        assert list(model.prompt(plan, QUESTION).ids) == inputs["input_ids"][0].tolist()
        assert torch.equal(torch.cat(model.cut(page_of(size), plan), dim=-1)[None], inputs["pixel_values"])


def headline(size: Size) -> Image.Image:
    """A page with a few large black marks in its upper left, so that most slices have no small text."""
    image = Image.new("RGB", (size.width, size.height), "white")
    pen = ImageDraw.Draw(image)
    for column in range(4):
        pen.rectangle((20 + column * 60, 30, 50 + column * 60, 90), fill="black")
    return image
