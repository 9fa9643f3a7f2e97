"""What bitsandbytes quantizes of a model, and what it must never touch. bitsandbytes runs on a CPU too, slowly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    BitsAndBytesConfig,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
)

from engine.errors import CheckpointError, DeviceError, OutputError
from engine.runtime.model_shape import skeleton
from engine.runtime.precision import Precision
from engine.runtime.quantization import (
    all_but_layers,
    check_quantized,
    half_precision,
    quantization_config,
    save_quantized,
)
from engine.uhd.model import UhdForConditionalGeneration
from tests.unit.uhd_models import tiny_config

TEXT = LlamaConfig(
    vocab_size=320,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    initializer_range=0.3,
)
TOWER = CLIPVisionConfig(
    hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, image_size=56, patch_size=14
)


def llava() -> LlavaConfig:
    return LlavaConfig(vision_config=TOWER, text_config=TEXT, image_token_index=319)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(5)
    torch.set_num_threads(1)
    made = tmp_path_factory.mktemp("llava")
    AutoModelForImageTextToText.from_config(llava()).save_pretrained(made)
    (made / "tokenizer.json").write_text("{}")
    (made / "pytorch_model.bin").write_bytes(b"never copied")
    return made


def loaded(folder: Path, quantization: BitsAndBytesConfig | None) -> Any:
    options = {} if quantization is None else {"quantization_config": quantization}
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, device_map={"": "cpu"}, **options)
    return model.eval()


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(input_ids=torch.arange(12)[None]).logits  # type: ignore[no-any-return] # not followed


def kinds(model: Any) -> dict[str, str]:
    return {name: type(module).__name__ for name, module in model.named_modules() if "Linear" in type(module).__name__}


def test_nf4_touches_the_language_models_layers_alone(folder: Path, tmp_path: Path) -> None:
    config = quantization_config(llava(), Precision.NF4, torch.float32)
    assert config is not None
    assert config.bnb_4bit_use_double_quant
    model = loaded(folder, config)
    check_quantized(model)
    found = kinds(model)
    quantized = {name for name, kind in found.items() if kind == "Linear4bit"}
    assert quantized == {name for name in found if name.startswith("model.language_model.layers.")}
    assert len(quantized) == 14
    assert found["lm_head"] == found["model.multi_modal_projector.linear_1"] == "Linear"

    target = tmp_path / "quantized"
    save_quantized(model, folder, target)
    assert (target / "tokenizer.json").exists()
    assert not (target / "pytorch_model.bin").exists()
    again = loaded(target, None)
    check_quantized(again)
    assert kinds(again) == found
    assert torch.equal(logits(again), logits(model))
    assert quantization_config(again.config, Precision.NF4, torch.float32) is None
    with pytest.raises(OutputError, match="there already"):
        save_quantized(model, folder, target)


def test_int8_touches_the_language_models_layers_alone(folder: Path) -> None:
    model = loaded(folder, quantization_config(llava(), Precision.INT8, torch.float32))
    check_quantized(model)
    assert {kind for name, kind in kinds(model).items() if ".layers." in name and "language" in name} == {
        "Linear8bitLt"
    }
    assert {kind for name, kind in kinds(model).items() if "language" not in name} == {"Linear"}


def test_a_plain_list_of_names_is_caught(folder: Path) -> None:
    model = loaded(folder, BitsAndBytesConfig(load_in_4bit=True, llm_int8_skip_modules=["vision_tower", "lm_head"]))
    with pytest.raises(CheckpointError, match="vision_tower") as caught:
        check_quantized(model)
    assert "more" in caught.value.message


def test_a_model_that_is_not_quantized_is_no_quantized_model(folder: Path, tmp_path: Path) -> None:
    model = loaded(folder, None)
    with pytest.raises(CheckpointError, match="No layer"):
        check_quantized(model)
    with pytest.raises(CheckpointError):
        save_quantized(model, folder, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.FP32, Precision.FP16])
def test_plain_precisions_quantize_nothing(precision: Precision) -> None:
    assert quantization_config(llava(), precision, torch.float32) is None


def test_the_skipped_names_are_all_but_the_layers() -> None:
    for config, layers, others in (
        (llava(), "model.language_model.layers.0.mlp.up_proj", ("lm_head", "model.language_model.norm")),
        (tiny_config(), "language_model.model.layers.1.self_attn.q_proj", ("bridge.proj", "language_model.lm_head")),
        (TEXT, "model.layers.0.mlp.gate_proj", ("lm_head", "model.embed_tokens")),
    ):
        skipped = all_but_layers(config)
        assert re.fullmatch(skipped, layers) is None
        assert all(re.fullmatch(skipped, name) for name in (*others, "model.vision_tower.layers.0.fc1"))


def test_our_own_family_is_a_model_like_any_other() -> None:
    assert isinstance(skeleton(tiny_config()), UhdForConditionalGeneration)


def test_a_language_model_alone_is_quantized_but_for_its_head() -> None:
    config = quantization_config(TEXT, Precision.NF4, torch.bfloat16)
    assert config is not None
    assert config.bnb_4bit_compute_dtype == torch.bfloat16
    model = AutoModelForCausalLM.from_config(TEXT)
    skipped = re.compile(config.llm_int8_skip_modules[0])
    assert [name for name in kinds(model) if skipped.fullmatch(name)] == ["lm_head"]


def test_half_precision_is_a_matter_of_gpus() -> None:
    with pytest.raises(DeviceError, match="NVIDIA"):
        half_precision(torch.device("cpu"))
