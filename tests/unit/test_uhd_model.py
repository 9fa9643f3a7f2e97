"""The whole model on random weights: generation, batching, kept features, beams, training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from transformers import CLIPConfig, Qwen2Config

from engine.errors import CheckpointError, UsageError
from engine.uhd.language import build_language_model
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.processing import UhdProcessor
from tests.unit.uhd_models import FEATURE_BRIDGES, TINY_TEXT, one_thread, tiny_config, tiny_tokenizer

__all__ = ["one_thread"]

SMALL = Image.effect_mandelbrot((300, 200), (-2, -1.5, 1, 1.5), 60).convert("RGB")
SLICED = Image.effect_mandelbrot((700, 300), (-2, -1.5, 1, 1.5), 60).convert("RGB")
GREEDY = {"max_new_tokens": 4, "do_sample": False}
QUESTION = "What is the invoice total ?"


def tiny_model(bridge: str = "windowed", **changes: Any) -> UhdForConditionalGeneration:
    model = UhdForConditionalGeneration(tiny_config(bridge, **changes)).eval()
    model.get_input_embeddings().weight.mul_(50)  # so that words and views weigh alike and answers differ
    return model


@pytest.fixture(scope="module")
def processor() -> UhdProcessor:
    return UhdProcessor.for_model(tiny_config(), tiny_tokenizer())


@pytest.mark.parametrize("bridge", FEATURE_BRIDGES)
def test_every_bridge_answers(bridge: str) -> None:
    model = tiny_model(bridge)
    processor = UhdProcessor.for_model(model.config, tiny_tokenizer())
    inputs = processor(SMALL, QUESTION)
    answer = model.generate(**inputs, **GREEDY)
    assert answer.shape == (1, inputs["input_ids"].shape[1] + 4)
    assert torch.isfinite(model(**inputs).logits).all()


@pytest.mark.parametrize("changes", [{"tower": "strips"}, {"bridge": "letters"}])
def test_a_tower_that_the_bridge_cannot_take_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(CheckpointError, match="behind the vision tower"):
        UhdForConditionalGeneration(tiny_config(**changes))


def test_generation_with_a_cache_equals_full_passes(processor: UhdProcessor) -> None:
    model = tiny_model()
    inputs = processor(SLICED, QUESTION)
    answer = model.generate(**inputs, **GREEDY)[0, inputs["input_ids"].shape[1] :].tolist()
    ids, types = inputs["input_ids"], inputs["mm_token_type_ids"]
    features = model.image_features(inputs["pixel_values"])
    for token in answer:
        logits = model(input_ids=ids, mm_token_type_ids=types, image_features=features).logits
        assert int(logits[0, -1].argmax()) == token
        ids = torch.cat([ids, torch.tensor([[token]])], dim=1)
        types = torch.cat([types, torch.zeros(1, 1, dtype=torch.long)], dim=1)


def test_features_kept_from_one_question_answer_the_next_alike(processor: UhdProcessor) -> None:
    model = tiny_model()
    inputs = processor(SLICED, QUESTION)
    fresh = model.generate(**inputs, **GREEDY)
    features = model.image_features(inputs.pop("pixel_values"))
    assert torch.equal(model.generate(**inputs, image_features=features, **GREEDY), fresh)


def test_the_pixels_of_every_view_reach_the_answer(processor: UhdProcessor) -> None:
    model = tiny_model()
    inputs = processor(SLICED, QUESTION)
    before = model(**inputs).logits[0, -1]
    for number, pixels in enumerate(inputs["pixel_values"][0]):
        changed = list(inputs["pixel_values"][0])
        changed[number] = -pixels
        after = model(**{**inputs, "pixel_values": [changed]}).logits[0, -1]
        assert not torch.allclose(before, after, atol=1e-6)


def test_rows_of_different_pages_answer_as_they_do_alone(processor: UhdProcessor) -> None:
    model = tiny_model()
    together = model(**processor([SMALL, SLICED], [QUESTION, "What ?"])).logits[:, -1]
    alone = [model(**processor(page, text)).logits[0, -1] for page, text in ((SMALL, QUESTION), (SLICED, "What ?"))]
    torch.testing.assert_close(together, torch.stack(alone), rtol=0, atol=1e-4)


def test_beams_share_one_encoding_of_the_page(processor: UhdProcessor) -> None:
    model = tiny_model()
    calls: list[int] = []
    model.vision_tower.register_forward_hook(lambda *_: calls.append(1))
    answer = model.generate(**processor(SLICED, QUESTION), max_new_tokens=3, num_beams=3, do_sample=False)
    assert answer.shape[0] == 1
    assert len(calls) == 2, "the slices in one batch, the overview in another"


@pytest.mark.parametrize("bridge", ["windowed", "hiwin"])
def test_a_model_in_bf16_answers_from_fp32_pixels(bridge: str, processor: UhdProcessor) -> None:
    model = tiny_model(bridge).bfloat16()
    inputs = processor(SMALL, QUESTION)
    assert inputs["pixel_values"][0][0].dtype == torch.float32
    assert model(**inputs).logits.dtype == torch.bfloat16
    assert model.generate(**inputs, **GREEDY).shape[1] == inputs["input_ids"].shape[1] + 4


def test_places_and_visual_tokens_must_agree(processor: UhdProcessor) -> None:
    inputs = processor(SLICED, QUESTION)
    inputs["pixel_values"] = [inputs["pixel_values"][0][:-1]]
    with pytest.raises(UsageError, match="places for 48 visual tokens, the page has 32"):
        tiny_model()(**inputs)


def test_a_qwen2_language_model_with_tied_head_is_saved_and_loaded(tmp_path: Any, processor: UhdProcessor) -> None:
    text = Qwen2Config(**{**TINY_TEXT, "tie_word_embeddings": True}).to_dict() | {"model_type": "qwen2"}
    model = tiny_model(text_config=text)
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    model.save_pretrained(tmp_path)
    again = UhdForConditionalGeneration.from_pretrained(tmp_path, local_files_only=True)
    inputs = processor(SMALL, QUESTION)
    assert again.get_output_embeddings().weight is again.get_input_embeddings().weight
    assert torch.equal(again(**inputs).logits, model(**inputs).logits)


def test_a_model_learns(processor: UhdProcessor) -> None:
    model = tiny_model().train()
    inputs = processor(SMALL, QUESTION)
    labels = inputs["input_ids"].masked_fill(inputs["mm_token_type_ids"] == 1, -100)
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
    losses = []
    with torch.enable_grad():
        for _ in range(4):
            loss = model(**inputs, labels=labels).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert not model.bridge.pos_embed.requires_grad


def test_a_language_model_that_cannot_speak_is_refused() -> None:
    with pytest.raises(CheckpointError, match="“clip”"):
        build_language_model(CLIPConfig())
