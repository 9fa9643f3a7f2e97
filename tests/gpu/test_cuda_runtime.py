"""The runtime on an NVIDIA GPU: `pytest -m gpu`. Tiny random models; skipped where torch sees no CUDA device."""

from __future__ import annotations

import copy
import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    PreTrainedConfig,
    Qwen3_5TextConfig,
)

from engine.errors import OutOfDeviceMemoryError
from engine.runtime.caches import tensors_of
from engine.runtime.decoder import Step, Stretch
from engine.runtime.model_shape import shape_of
from engine.runtime.precision import Precision, advise, choose, need_on_cuda
from engine.runtime.probe import probe_machine
from engine.runtime.quantization import check_quantized, half_precision, quantization_config, save_quantized
from engine.runtime.torch_machine import seen_by_torch
from engine.runtime.transformers_decoder import CacheMemory, TransformersDecoder, decoder_of

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here"),
]

NEVER: frozenset[int] = frozenset()
SIZES = {
    "vocab_size": 320,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.3,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "dense": LlamaConfig(**SIZES),
    "hybrid": Qwen3_5TextConfig(
        **SIZES,
        head_dim=32,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        linear_key_head_dim=16,
        linear_value_head_dim=16,
        rope_parameters={"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5},
        layer_types=["linear_attention", "full_attention"] * 2,
    ),
}
LLAVA = LlavaConfig(
    vision_config=CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, image_size=56, patch_size=14
    ),
    text_config=LlamaConfig(**SIZES),
    image_token_index=319,
)
PAGE = 40


@pytest.fixture(autouse=True)
def exact_and_emptied(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Convolutions in full fp32, as the CPU computes them; nothing of a test stays on the GPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    yield
    gc.collect()
    torch.cuda.empty_cache()


@pytest.fixture
def device() -> torch.device:
    return torch.device("cuda", 0)


@pytest.fixture(params=list(CONFIGS))
def model(request: pytest.FixtureRequest, device: torch.device) -> Any:
    torch.manual_seed(11)
    return AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS[request.param])).to(device).eval()


def ids(count: int, seed: int) -> list[int]:
    return torch.randint(0, 300, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def stretch(decoder: TransformersDecoder, tokens: list[int], start: int = 0) -> Stretch:
    return Stretch(decoder.embed(tokens), torch.arange(start, start + len(tokens))[None])


def tokens_of(steps: list[Step]) -> list[int]:
    return [step.token for step in steps]


def test_answers_on_the_gpu_are_what_generate_writes(model: Any, device: torch.device) -> None:
    decoder = decoder_of(model)
    page = ids(PAGE, 1)
    questions = [ids(count, count) for count in (5, 1, 7)]
    memory = decoder.remember(stretch(decoder, page))
    assert isinstance(memory, CacheMemory)
    before = [tensor.clone() for tensor in tensors_of(memory.cache)]
    expected = []
    for question in questions:
        whole = torch.tensor([page + question], device=device)
        written = model.generate(whole, max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0)
        expected.append(written[0, whole.shape[1] :].tolist())
    parts = [stretch(decoder, question, PAGE) for question in questions]
    assert [tokens_of(list(decoder.stream(part, memory, 12, NEVER))) for part in parts] == expected
    assert [tokens_of(row) for row in decoder.stream_rows(parts, memory, 12, NEVER)] == expected
    assert all(torch.equal(one, other) for one, other in zip(before, tensors_of(memory.cache), strict=True))


def test_results_on_the_gpu_are_bit_equal_and_those_of_the_cpu(model: Any) -> None:
    decoder = decoder_of(model)
    memory = decoder.remember(stretch(decoder, ids(PAGE, 1)))
    parts = [stretch(decoder, ids(6, seed), PAGE) for seed in (2, 3)]
    first = decoder.logits(parts, memory, 3)
    assert torch.equal(first, decoder.logits(parts, memory, 3))
    attention = decoder.attention(parts[0], memory)
    assert attention is not None
    assert attention.shape == (6, PAGE + 6)
    on_cpu = decoder_of(model.cpu())
    memory = on_cpu.remember(stretch(on_cpu, ids(PAGE, 1)))
    again = on_cpu.logits([stretch(on_cpu, ids(6, seed), PAGE) for seed in (2, 3)], memory, 3)
    torch.testing.assert_close(first.cpu(), again, atol=5e-3, rtol=1e-3)


def test_a_full_gpu_is_an_offer_and_the_next_question_works(device: torch.device) -> None:
    torch.manual_seed(11)
    decoder = decoder_of(AutoModelForCausalLM.from_config(LlamaConfig(**SIZES)).to(device))
    part = stretch(decoder, ids(PAGE, 1))
    expected = tokens_of(list(decoder.stream(part, None, 4, NEVER)))
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + 2**20) / total, device)
    try:
        with pytest.raises(OutOfDeviceMemoryError, match="GPU") as caught:
            decoder.logits([stretch(decoder, ids(20_000, 2))], None, 20_000)
        assert "nf4" in caught.value.hint
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
    assert tokens_of(list(decoder.stream(part, None, 4, NEVER))) == expected


@pytest.mark.parametrize("precision", [Precision.NF4, Precision.INT8])
def test_a_quantized_model_answers_and_is_saved(precision: Precision, device: torch.device, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    torch.manual_seed(11)
    source = tmp_path / "plain"
    half = half_precision(device)
    AutoModelForImageTextToText.from_config(LLAVA).to(half).save_pretrained(source)
    options: dict[str, Any] = {"dtype": half, "device_map": {"": device}}
    quantization = quantization_config(LLAVA, precision, half)
    model = AutoModelForImageTextToText.from_pretrained(source, **options, quantization_config=quantization).eval()
    check_quantized(model)
    assert {parameter.dtype for parameter in model.model.vision_tower.parameters()} == {half}
    assert model.lm_head.weight.dtype == half
    decoder = decoder_of(model)
    part = stretch(decoder, ids(PAGE, 1))
    steps = list(decoder.stream(part, None, 8, NEVER))
    assert len(steps) == 8
    assert all(step.logprob <= 0 for step in steps)
    with torch.inference_mode():
        features = model.get_image_features(torch.randn(1, 3, 56, 56, device=device, dtype=half))
    assert features is not None

    save_quantized(model, source, tmp_path / "quantized")
    again = AutoModelForImageTextToText.from_pretrained(tmp_path / "quantized", **options).eval()
    check_quantized(again)
    assert torch.equal(decoder_of(again).logits([part], None, 4), decoder.logits([part], None, 4))


def test_the_probe_and_the_advice_know_the_gpu(device: torch.device) -> None:
    by_driver = probe_machine()
    machine = seen_by_torch(by_driver)
    gpu = machine.gpus[0]
    assert gpu.name == torch.cuda.get_device_name(0)
    assert gpu.free_bytes is not None
    assert gpu.total_bytes is not None
    assert 0 < gpu.free_bytes <= gpu.total_bytes
    assert machine.torch is not None
    assert machine.torch.cuda == torch.version.cuda
    assert by_driver.driver is not None
    assert any(one.name == gpu.name for one in by_driver.gpus)
    option = choose(advise(shape_of(LLAVA), machine, 200))
    assert option.device.startswith("cuda")
    assert option.precision == ("bf16" if half_precision(device) is torch.bfloat16 else "fp16")


def test_the_memory_that_is_foretold_is_enough(device: torch.device) -> None:
    config = LlamaConfig(**SIZES | {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 6})
    length = 2000
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).to(device).eval()
    decoder = decoder_of(model)
    memory = decoder.remember(stretch(decoder, ids(length, 1)))
    list(decoder.stream(stretch(decoder, ids(10, 2), length), memory, 10, NEVER))
    used = torch.cuda.max_memory_allocated(device) - before
    need = need_on_cuda(shape_of(config), Precision.BF16, length + 20)
    assert used <= need.total
