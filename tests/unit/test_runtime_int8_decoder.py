"""The int8 decoder against transformers: with the same rounding it is the same decoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
)

from engine.errors import CheckpointError
from engine.runtime.decoder import Stretch
from engine.runtime.int8.decoder import Int8Decoder
from engine.runtime.int8.linear import activation_levels
from engine.runtime.int8.model import WEIGHTS_FILE, Int8CausalLM
from engine.runtime.int8.shape import shape_of
from engine.runtime.transformers_decoder import TransformersDecoder, decoder_of

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.1,
}
LONG = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 128}
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(**SIZES),
    "vicuna": LlamaConfig(**SIZES | {"num_key_value_heads": 4}),
    "llama with biases": LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True),
    "llama 3": LlamaConfig(**SIZES, rope_parameters=LONG),
    "qwen 2": Qwen2Config(**SIZES),
    "qwen 2, tied": Qwen2Config(**SIZES, tie_word_embeddings=True),
    "qwen 3": Qwen3Config(**SIZES, head_dim=32),
    "qwen 3, yarn": Qwen3Config(**SIZES, head_dim=32, rope_parameters=YARN),
}
NOTHING: frozenset[int] = frozenset()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Rounded(nn.Module):
    """A linear layer of transformers that rounds weights and activations as the engine says it does."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        scales = layer.weight.detach().abs().amax(1, True) / 127
        self.rounded = (layer.weight.detach() / scales).round() * scales
        self.bias = layer.bias

    def forward(self, x: Tensor) -> Tensor:
        scales = x.abs().amax(-1, True).clamp_min(1e-30) / activation_levels()
        return nn.functional.linear((x / scales).round() * scales, self.rounded, self.bias)


def causal_lm(config: PreTrainedConfig) -> Any:
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or "norm" in name:
            nn.init.normal_(parameter, mean=float("norm" in name), std=0.2)
    return model


def rounded(model: Any) -> TransformersDecoder:
    for name, module in list(model.named_modules()):
        if type(module) is nn.Linear:
            owner, _, attribute = name.rpartition(".")
            setattr(model.get_submodule(owner), attribute, Rounded(module))
    return decoder_of(model)


def stretch(decoder: Int8Decoder, start: int, length: int, seed: int = 0) -> Stretch:
    ids = torch.randint(0, 300, (length,), generator=torch.Generator().manual_seed(seed)).tolist()
    return Stretch(decoder.embed(ids), torch.arange(start, start + length)[None])


def difference(got: Tensor, wanted: Tensor) -> float:
    return float((got - wanted).norm() / wanted.norm())


@pytest.fixture(scope="module")
def qwen() -> Int8Decoder:
    return Int8CausalLM.quantized(causal_lm(CONFIGS["qwen 2"])).decoder


@pytest.mark.parametrize("name", CONFIGS)
def test_same_decoder_as_transformers_with_the_same_rounding(name: str) -> None:
    model = causal_lm(CONFIGS[name])
    ours, theirs = Int8CausalLM.quantized(model).decoder, rounded(model)
    page, questions = stretch(ours, 0, 40), [stretch(ours, 40, 9, seed) for seed in (1, 2, 3)]
    kept, held = ours.remember(page), theirs.remember(page)
    got, wanted = ours.logits(questions, kept, 9), theirs.logits(questions, held, 9)
    # A value beside a half rounds either way, and each such step spreads; most single positions have none.
    assert difference(got, wanted) < 0.06
    single = [stretch(ours, 3, 1, seed) for seed in range(20)]
    apart = [difference(ours.logits([one], None, 1), theirs.logits([one], None, 1)) for one in single]
    assert sorted(apart)[10] < 1e-5
    seen, seen_by_theirs = ours.attention(questions[0], kept), theirs.attention(questions[0], held)
    assert seen is not None
    assert seen_by_theirs is not None
    assert torch.allclose(seen, seen_by_theirs, atol=0.01)
    assert torch.allclose(seen.sum(1), torch.ones(9), atol=1e-5)


@pytest.mark.parametrize("name", CONFIGS)
def test_close_to_full_precision(name: str) -> None:
    model = causal_lm(CONFIGS[name])
    ours, theirs = Int8CausalLM.quantized(model).decoder, decoder_of(model)
    part = stretch(ours, 0, 120)
    got, wanted = ours.logits([part], None, 120), theirs.logits([part], None, 120)
    assert difference(got, wanted) < (0.06 if activation_levels() == 127 else 0.12)
    assert torch.nn.functional.cosine_similarity(got, wanted, -1).min() > 0.97
    assert (got.argmax(-1) == wanted.argmax(-1)).float().mean() > 0.8


def test_rows_are_what_they_are_alone(qwen: Int8Decoder) -> None:
    page = qwen.remember(stretch(qwen, 0, 50))
    parts = [stretch(qwen, 50, 6, seed) for seed in range(8)]
    together = qwen.logits(parts, page, 6)
    for row, part in zip(together, parts, strict=True):
        assert difference(qwen.logits([part], page, 6)[0], row) < 0.02


def test_last_positions_are_the_last_of_all(qwen: Int8Decoder) -> None:
    part = stretch(qwen, 0, 20)
    whole = qwen.logits([part], None, 20)
    assert whole.shape == (1, 20, 300)
    assert difference(qwen.logits([part], None, 3), whole[:, -3:]) < 0.02


def test_page_in_two_goes_is_the_page(qwen: Int8Decoder) -> None:
    page, question = stretch(qwen, 0, 40), stretch(qwen, 40, 5, 1)
    first = Stretch(page.embeds[:25], page.positions[:, :25])
    second = Stretch(page.embeds[25:], page.positions[:, 25:])
    parted = qwen.remember(second, qwen.remember(first))
    assert parted.length == 40
    whole = qwen.remember(page)
    assert parted.size_bytes == whole.size_bytes == 3 * 2 * 2 * 16 * 40 * 4
    assert difference(qwen.logits([question], parted, 5), qwen.logits([question], whole, 5)) < 0.02


@pytest.mark.parametrize("lengths", [(20,), (20, 13, 4)])
def test_room_for_a_long_answer_changes_nothing(qwen: Int8Decoder, lengths: tuple[int, ...]) -> None:
    page = qwen.remember(stretch(qwen, 0, 10))
    parts = [stretch(qwen, 10, length, length) for length in lengths]
    short, long = qwen.stream_rows(parts, page, 4, NOTHING), qwen.stream_rows(parts, page, 200, NOTHING)
    assert [[step.token for step in row] for row in short] == [[step.token for step in row[:4]] for row in long]
    for row, other in zip(short, long, strict=True):
        assert [step.logprob for step in row] == pytest.approx([step.logprob for step in other[:4]], abs=1e-3)


def test_answers_of_ragged_questions_are_those_they_get_alone(qwen: Int8Decoder) -> None:
    page = qwen.remember(stretch(qwen, 0, 50))
    parts = [stretch(qwen, 50, length, length) for length in (9, 4, 1, 6, 9)]
    alone = [list(qwen.stream(part, page, 12, NOTHING)) for part in parts]
    stop = frozenset({alone[1][3].token, alone[3][6].token})
    together = qwen.stream_rows(parts, page, 12, stop)
    for steps, single in zip(together, alone, strict=True):
        tokens = [step.token for step in single]
        end = next((index + 1 for index, token in enumerate(tokens) if token in stop), 12)
        assert [step.token for step in steps] == tokens[:end]
        assert [step.logprob for step in steps] == pytest.approx([step.logprob for step in single[:end]], abs=0.05)


def test_stream_writes_what_the_logits_prefer(qwen: Int8Decoder) -> None:
    page, part = qwen.remember(stretch(qwen, 0, 50)), stretch(qwen, 50, 7, 1)
    for _ in range(6):
        step = next(qwen.stream(part, page, 1, NOTHING))
        scores = qwen.logits([part], page, 1)[0, 0].log_softmax(-1)
        assert int(scores.argmax()) == step.token
        assert float(scores.max()) == pytest.approx(step.logprob, abs=1e-4)
        following = part.positions[:, -1:] + 1
        part = Stretch(torch.cat([part.embeds, qwen.embed([step.token])]), torch.cat([part.positions, following], 1))


def test_stream_ends_with_a_stop_token_and_at_the_limit(qwen: Int8Decoder) -> None:
    part = stretch(qwen, 0, 9)
    free = [step.token for step in qwen.stream(part, None, 5, NOTHING)]
    assert len(free) == 5
    stopped = [step.token for step in qwen.stream(part, None, 5, frozenset({free[2]}))]
    assert stopped == free[: free.index(free[2]) + 1]
    assert list(qwen.stream(part, None, 0, NOTHING)) == []
    assert qwen.stream_rows([], None, 5, NOTHING) == []


def test_use_changes_neither_memory_nor_arguments(qwen: Int8Decoder) -> None:
    page, parts = qwen.remember(stretch(qwen, 0, 30)), [stretch(qwen, 30, length, length) for length in (5, 3)]
    before = qwen.logits(parts[:1], page, 5)
    embeds = [part.embeds.clone() for part in parts]
    list(qwen.stream(parts[0], page, 6, NOTHING))
    qwen.stream_rows(parts, page, 6, NOTHING)
    qwen.attention(parts[0], page)
    qwen.remember(parts[0], page)
    half_written = qwen.stream(parts[0], page, 6, NOTHING)
    next(half_written)
    assert torch.equal(qwen.logits(parts[:1], page, 5), before)
    assert page.length == 30
    assert all(torch.equal(part.embeds, copy) for part, copy in zip(parts, embeds, strict=True))


def test_same_call_gives_the_same_bits(qwen: Int8Decoder) -> None:
    page, parts = stretch(qwen, 0, 60), [stretch(qwen, 60, 5, seed) for seed in range(3)]
    runs = [qwen.logits(parts, qwen.remember(page), 5) for _ in range(3)]
    assert all(torch.equal(run, runs[0]) for run in runs)
    assert qwen.stream_rows(parts, None, 8, NOTHING) == qwen.stream_rows(parts, None, 8, NOTHING)


def test_memory_of_another_decoder_is_refused(qwen: Int8Decoder) -> None:
    other = decoder_of(causal_lm(CONFIGS["qwen 2"]))
    part = stretch(qwen, 0, 4)
    with pytest.raises(TypeError, match="another decoder"):
        qwen.logits([part], other.remember(part), 1)


@pytest.mark.parametrize("name", CONFIGS)
def test_saved_engine_is_the_same_engine(name: str, tmp_path: Path) -> None:
    model = Int8CausalLM.quantized(causal_lm(CONFIGS[name]))
    model.save_pretrained(tmp_path)
    loaded = Int8CausalLM.from_pretrained(tmp_path)
    ids = torch.arange(40)[None]
    assert torch.equal(loaded(ids).logits, model(ids).logits)
    assert torch.equal(loaded(inputs_embeds=model.decoder.embed(range(40))[None]).logits, model(ids).logits)
    assert loaded.config.model_type == model.config.model_type
    assert {path.name for path in tmp_path.iterdir()} == {WEIGHTS_FILE, "config.json"}


def test_folder_without_int8_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no int8 weights"):
        Int8CausalLM.from_pretrained(tmp_path)


def test_cut_weights_are_refused(tmp_path: Path) -> None:
    Int8CausalLM.quantized(causal_lm(CONFIGS["llama"])).save_pretrained(tmp_path)
    weights = tmp_path / WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        Int8CausalLM.from_pretrained(tmp_path)


def test_weights_that_do_not_fit_the_configuration_are_refused(tmp_path: Path) -> None:
    Int8CausalLM.quantized(causal_lm(CONFIGS["llama"])).save_pretrained(tmp_path)
    for wrong in (SIZES | {"num_hidden_layers": 4}, SIZES | {"num_key_value_heads": 1}, SIZES | {"vocab_size": 301}):
        LlamaConfig(**wrong).save_pretrained(tmp_path)
        with pytest.raises(CheckpointError, match="int8 weights"):
            Int8CausalLM.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "config",
    [
        Qwen3MoeConfig(),
        MistralConfig(),
        Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=16, max_window_layers=1),
        LlamaConfig(**SIZES, rope_parameters={"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}),
        LlamaConfig(**SIZES, hidden_act="gelu"),
    ],
    ids=["experts", "family", "window", "positions", "activation"],
)
def test_other_decoders_are_refused_with_what_to_choose(config: PreTrainedConfig) -> None:
    with pytest.raises(CheckpointError, match="The int8 engine has no") as refused:
        shape_of(config)
    assert "fp32" in refused.value.hint
