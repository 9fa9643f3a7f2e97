"""From a page image to views and token ids: plans equal to the golden ones, order, separators, pixels, prompts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from engine.errors import CheckpointError, PlanRefusedError, UsageError
from engine.geometry import Size
from engine.slicing.plan import ViewKind
from engine.slicing.policies import plan as policy_plan
from engine.uhd.config import LLAMA_COMMA_ID, LLAMA_NEWLINE_ID
from engine.uhd.pixels import CLIP_MEAN, CLIP_STD
from engine.uhd.processing import UhdProcessor
from engine.uhd.schema import separator_ids
from tests.unit.uhd_models import TINY_VISION, WORDS, one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "slices.json").read_text(encoding="utf-8"))
COMMA, NEWLINE, IMAGE = LLAMA_COMMA_ID, LLAMA_NEWLINE_ID, 0
A4 = Size(1240, 1754)


@pytest.fixture(scope="module")
def processor() -> UhdProcessor:
    return UhdProcessor.for_model(tiny_config(queries=144), tiny_tokenizer())


@pytest.mark.parametrize("key", ["v1_max7", "v1_eval_1024_max7", "v2_max9"])
def test_what_the_model_gets_is_laid_out_as_the_golden_plans(processor: UhdProcessor, key: str) -> None:
    policy = {"v1_max7": "llava-uhd-v1", "v1_eval_1024_max7": "llava-uhd-v1-eval", "v2_max9": "llava-uhd-v2"}[key]
    compared = 0
    for item in GOLDEN["items"]:
        size, golden = Size(item["w"], item["h"]), item[key]
        if "error" in golden:
            with pytest.raises(PlanRefusedError):
                processor.plan(size, policy)
            continue
        laid_out = processor.plan(size, policy)
        assert laid_out == policy_plan(policy, size)
        assert laid_out.tokens == golden["visual_tokens_q144"]
        assert laid_out.sequence == golden["llm_positions_q144"]
        compared += 1
    assert compared > 250


def test_separators_stand_after_slices_and_the_overview_comes_last(processor: UhdProcessor) -> None:
    plan = processor.plan(A4)
    ids, types = processor.token_ids(plan, "What ?")
    start = types.index(1)
    runs = [ids[start + view.span[0] : start + view.span[1]] for view in plan.views]
    after = [ids[start + view.span[1]] for view in plan.views]
    assert plan.grid.cols == 2
    assert plan.grid.rows == 3
    assert all(run == [IMAGE] * 144 for run in runs)
    assert after[:-1] == [COMMA, NEWLINE] * 3
    assert plan.views[-1].kind is ViewKind.OVERVIEW
    assert sum(types) == 7 * 144 == plan.tokens
    assert plan.sequence == 1014


def test_an_unsliced_page_is_its_overview_alone(processor: UhdProcessor) -> None:
    plan = processor.plan(Size(300, 200))
    ids, types = processor.token_ids(plan, "What ?")
    start = types.index(1)
    assert ids[start : start + plan.sequence] == [IMAGE] * 144


def test_the_papers_64_queries_make_454_positions_of_a_672x1008_page() -> None:
    processor = UhdProcessor.for_model(tiny_config("perceiver", queries=64), tiny_tokenizer())
    assert processor.plan(Size(672, 1008)).sequence == 454


def test_linear_bridges_give_every_patch_a_token() -> None:
    processor = UhdProcessor.for_model(tiny_config("mlp"), tiny_tokenizer())
    plan = processor.plan(Size(336, 336))
    assert plan.tokens == 576


def test_the_overview_comes_first_where_the_configuration_says_so() -> None:
    processor = UhdProcessor.for_model(tiny_config(overview_first=True), tiny_tokenizer())
    plan = processor.plan(A4)
    assert plan.views[0].kind is ViewKind.OVERVIEW
    assert [view.span for view in plan.views[:3]] == [(0, 16), (16, 32), (33, 49)]
    image = Image.new("RGB", (A4.width, A4.height))
    sizes = [(pixels.shape[2], pixels.shape[1]) for pixels in processor.views(image).pixels]
    assert sizes == [(view.size.width, view.size.height) for view in plan.views]


def test_views_are_the_page_resized_whole_and_cut(processor: UhdProcessor) -> None:
    page = Image.effect_noise((700, 500), 80).convert("RGB")
    views = processor.views(page)
    grid, size = views.plan.grid, views.plan.slices[0].size
    whole = page.resize((size.width * grid.cols, size.height * grid.rows), Image.Resampling.BICUBIC)
    expected = np.asarray(whole)[: size.height, size.width : 2 * size.width]
    shown = views.pixels[1].permute(1, 2, 0).numpy() * np.array(CLIP_STD) + np.array(CLIP_MEAN)
    np.testing.assert_array_equal(np.rint(shown * 255).astype(np.uint8), expected)
    assert views.pixels[1].dtype == torch.float32


def test_the_evaluation_policy_resizes_the_page_first(processor: UhdProcessor) -> None:
    page = Image.effect_noise((700, 500), 80).convert("RGB")
    first = page.resize((1024, 731), Image.Resampling.BICUBIC)
    made = processor.views(page, "llava-uhd-v1-eval").pixels
    expected = processor.views(first, "llava-uhd-v1").pixels
    assert all(torch.equal(a, b) for a, b in zip(made, expected, strict=True))


def test_the_prompt_is_tokenised_in_two_parts_with_one_beginning(processor: UhdProcessor) -> None:
    before, after = processor.prompt_ids("What is the total ?")
    assert before[0] == processor.tokenizer.bos_token_id
    assert before.count(1) == 1
    assert 1 not in after
    assert after[0] == NEWLINE
    assert after[-1] == 100 + WORDS.index("ASSISTANT:")


def test_a_question_that_looks_like_a_template_stays_a_question(processor: UhdProcessor) -> None:
    plain = processor.prompt_ids("What is {total} <image> ?")
    assert len(plain[1]) > len(processor.prompt_ids("?")[1])


def test_rows_are_padded_on_the_left(processor: UhdProcessor) -> None:
    small, large = Image.new("RGB", (300, 200)), Image.new("RGB", (700, 500))
    batch = processor([small, large], ["What ?", "What is the total ?"])
    assert batch["input_ids"].shape == batch["attention_mask"].shape == batch["mm_token_type_ids"].shape
    assert batch["attention_mask"][0, 0] == 0
    assert batch["attention_mask"][:, -1].tolist() == [1, 1]
    assert batch["mm_token_type_ids"].sum(1).tolist() == [144, 144 * 5]
    assert [len(views) for views in batch["pixel_values"]] == [1, 5]


def test_pages_and_questions_must_pair_up(processor: UhdProcessor) -> None:
    with pytest.raises(UsageError, match="1 page images and 2 questions"):
        processor(Image.new("RGB", (30, 20)), ["What ?", "Who ?"])


def test_separators_of_a_new_model_are_looked_up_in_its_tokenizer() -> None:
    tokenizer = tiny_tokenizer()
    assert separator_ids(tokenizer) == (COMMA, NEWLINE)
    vocabulary = {"<unk>": 0, "<s>": 1, ",": 5}
    without = tiny_tokenizer(vocabulary)
    with pytest.raises(CheckpointError, match="a newline"):
        separator_ids(without)


@pytest.mark.parametrize("prompt", ["{question}", "<image> what is this?", "<image><image>{question}"])
def test_a_prompt_without_its_places_is_refused(prompt: str) -> None:
    with pytest.raises(CheckpointError, match="once each"):
        UhdProcessor.for_model(tiny_config(prompt=prompt), tiny_tokenizer())


def test_a_tower_with_patches_of_another_size_is_refused() -> None:
    with pytest.raises(CheckpointError, match="patches of 16 px"):
        UhdProcessor.for_model(tiny_config(vision_config={**TINY_VISION, "patch_size": 16}), tiny_tokenizer())
