"""Answers written with weights of 4 bits: what is rounded how, and that the rest is the int8 decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedConfig, Qwen2Config, Qwen3Config

from engine.errors import CheckpointError
from engine.runtime.decoder import Stretch
from engine.runtime.int8.decoder import Int8Decoder
from engine.runtime.int8.model import NIBBLES_FILE, WEIGHTS_FILE, Int8CausalLM
from engine.runtime.int8.nibbles import BLOCK, four_bit_tensors, in_four_bits
from engine.runtime.int8.weights import Tensors, quantize_decoder
from engine.runtime.model_shape import text_model

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 150,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.1,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama with biases": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True),
    "qwen 2, tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "qwen 3": Qwen3Config(**SIZES, head_dim=32),
}
NOTHING: frozenset[int] = frozenset()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def causal_lm(config: PreTrainedConfig) -> Any:
    torch.manual_seed(7)
    return AutoModelForCausalLM.from_config(config).eval()


@pytest.fixture(scope="module")
def model() -> Int8CausalLM:
    return Int8CausalLM.quantized(causal_lm(CONFIGS["qwen 2, tied"]), four_bits=True)


def restored(nibbles: Tensor, scales: Tensor, width: int) -> Tensor:
    steps = torch.stack([nibbles & 15, nibbles >> 4], -1).flatten(-2).float() - 8
    return (steps * scales[..., None]).flatten(1)[:, :width]


def part_of(decoder: Int8Decoder, start: int, length: int, seed: int = 0) -> Stretch:
    ids = torch.randint(0, 300, (length,), generator=torch.Generator().manual_seed(seed)).tolist()
    return Stretch(decoder.embed(ids), torch.arange(start, start + length)[None])


@pytest.mark.parametrize("width", [BLOCK, 3 * BLOCK, 3 * BLOCK + 7])
def test_a_weight_is_never_further_off_than_a_step_of_its_block(width: int) -> None:
    weight = torch.randn(50, width, generator=torch.Generator().manual_seed(1))
    nibbles, scales = in_four_bits(weight)
    apart = (restored(nibbles, scales, width) - weight).abs()
    steps = scales.abs().repeat_interleave(BLOCK, 1)[:, :width]
    # Scales that cut the largest weights off are taken only where the others come nearer for it.
    assert (apart <= steps / 2 + 1e-6).float().mean() > 0.9
    assert apart.norm() / weight.norm() < 0.09


def test_zeros_and_single_weights_are_kept() -> None:
    weight = torch.zeros(3, 2 * BLOCK)
    weight[1, 5], weight[2, BLOCK] = -0.7, 1e-5
    nibbles, scales = in_four_bits(weight)
    assert torch.isfinite(scales).all()
    assert torch.allclose(restored(nibbles, scales, 2 * BLOCK), weight, rtol=1e-5)


def with_rounded_weights(tensors: Tensors) -> Tensors:
    """The int8 tensors with the values that the 4-bit ones stand for, in as fine steps as int8 has."""
    rounded, nibbles = dict(tensors), four_bit_tensors(tensors)
    for layer in (name.removesuffix(".values") for name in tensors if name.endswith(".values")):
        width = len(tensors[f"{layer}.values"])
        weight = restored(nibbles[f"{layer}.nibbles"], nibbles[f"{layer}.nibble_scales"], width)
        scales = weight.abs().amax(1) / 127
        values = (weight / scales[:, None]).round().to(torch.int8).t().contiguous()
        rounded |= {f"{layer}.values": values, f"{layer}.scales": scales}
    return rounded


@pytest.mark.parametrize("name", CONFIGS)
def test_answers_are_those_of_the_rounded_weights(name: str) -> None:
    plain = causal_lm(CONFIGS[name])
    tensors = quantize_decoder(text_model(plain), plain.get_output_embeddings())
    ours = Int8CausalLM._of(tensors, plain.config, four_bit_tensors(tensors)).model
    theirs = Int8CausalLM._of(with_rounded_weights(tensors), plain.config, None).model
    scores, coarse = [], Int8CausalLM._of(tensors, plain.config, None).model
    for network in (ours, theirs, coarse):
        decoder = Int8Decoder(network)
        rows = decoder._continued(None, 1, 2)
        block = network.step(rows)
        for token in (3, 200):
            block.run(decoder.embed([token])[None], torch.tensor([[rows.length]]))
        scores.append(block.scores(1)[0, 0])
    apart = [float((scores[0] - other).norm() / scores[0].norm()) for other in scores[1:]]
    # int8 quantizes activations more coarsely than the blocks are.
    assert apart[0] < 0.08
    assert apart[1] > 3 * apart[0]


def test_pages_questions_and_scores_are_read_in_int8(model: Int8CausalLM) -> None:
    ours, plain = model.decoder, Int8CausalLM.quantized(causal_lm(CONFIGS["qwen 2, tied"])).decoder
    page, question = part_of(ours, 0, 40), part_of(ours, 40, 5, 1)
    kept, held = ours.remember(page), plain.remember(page)
    assert torch.equal(ours.logits([question], kept, 5), plain.logits([question], held, 5))
    assert next(ours.stream(question, kept, 4, NOTHING)) == next(plain.stream(question, held, 4, NOTHING))


def test_answers_in_a_batch_are_those_they_get_alone_and_the_same_each_time(model: Int8CausalLM) -> None:
    decoder = model.decoder
    page = decoder.remember(part_of(decoder, 0, 50))
    parts = [part_of(decoder, 50, length, length) for length in (9, 4, 1)]
    alone = [list(decoder.stream(part, page, 8, NOTHING)) for part in parts]
    together = decoder.stream_rows(parts, page, 8, NOTHING)
    for steps, single in zip(together, alone, strict=True):
        assert [step.token for step in steps] == [step.token for step in single]
        assert [step.logprob for step in steps] == pytest.approx([step.logprob for step in single], abs=0.05)
    assert decoder.stream_rows(parts, page, 8, NOTHING) == together


def test_saved_engine_is_the_same_engine_and_serves_int8_too(model: Int8CausalLM, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {WEIGHTS_FILE, NIBBLES_FILE, "config.json"}
    part = part_of(model.decoder, 0, 20)
    written = list(model.decoder.stream(part, None, 6, NOTHING))
    loaded = Int8CausalLM.from_pretrained(tmp_path, four_bits=True).decoder
    assert list(loaded.stream(part, None, 6, NOTHING)) == written
    plain = Int8CausalLM.from_pretrained(tmp_path).decoder
    assert list(plain.stream(part, None, 6, NOTHING)) != written


def test_a_folder_without_four_bit_weights_is_refused(tmp_path: Path) -> None:
    Int8CausalLM.quantized(causal_lm(CONFIGS["qwen 3"])).save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="holds no int4 weights"):
        Int8CausalLM.from_pretrained(tmp_path, four_bits=True)
