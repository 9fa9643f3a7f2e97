"""The decoder over transformers: what `generate` writes, however the page and the questions are given to it."""

from __future__ import annotations

import copy
import weakref
from itertools import islice
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    MistralConfig,
    PreTrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3_5TextConfig,
    Qwen3Config,
)
from transformers.modeling_outputs import BaseModelOutputWithPast

from engine.errors import CheckpointError, DeviceLostError, OutOfDeviceMemoryError
from engine.runtime.caches import tensors_of
from engine.runtime.decoder import Step, Stretch
from engine.runtime.device_errors import device_errors
from engine.runtime.transformers_decoder import CacheMemory, TransformersDecoder, decoder_of

NEVER = frozenset({-1})
SIZES = {
    "vocab_size": 300,
    "hidden_size": 48,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.4,
}
HYBRID = {
    "head_dim": 16,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "rope_parameters": {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "partial_rotary_factor": 0.5,
        "mrope_section": [2, 1, 1],
    },
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(**SIZES),
    "qwen2": Qwen2Config(**SIZES),
    "qwen3": Qwen3Config(**SIZES, head_dim=12),
    "sliding": MistralConfig(**SIZES, sliding_window=10),
    "hybrid": Qwen3_5TextConfig(**SIZES, **HYBRID, layer_types=["linear_attention", "full_attention"] * 2),
}
PAGE, QUESTION = 23, 6


@pytest.fixture(params=list(CONFIGS))
def model(request: pytest.FixtureRequest) -> PreTrainedModel:
    torch.manual_seed(7)
    torch.set_num_threads(1)
    made: PreTrainedModel = AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS[request.param]))
    return made.eval()


def ids(count: int, seed: int) -> list[int]:
    return torch.randint(0, 300, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def stretch(decoder: TransformersDecoder, tokens: list[int], start: int = 0) -> Stretch:
    return Stretch(decoder.embed(tokens), torch.arange(start, start + len(tokens))[None])


def generated(model: Any, tokens: list[int], limit: int, stop: int | None = None) -> list[int]:
    written = model.generate(
        torch.tensor([tokens]), max_new_tokens=limit, do_sample=False, eos_token_id=stop, pad_token_id=0
    )
    return written[0, len(tokens) :].tolist()  # type: ignore[no-any-return] # transformers is not followed


def tokens_of(steps: list[Step]) -> list[int]:
    return [step.token for step in steps]


def reference_logits(model: Any, tokens: list[int]) -> Tensor:
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].float()  # type: ignore[no-any-return] # as above


def test_answers_are_what_generate_writes(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page, question = ids(PAGE, 1), ids(QUESTION, 2)
    expected = generated(model, page + question, 12)
    whole = list(decoder.stream(stretch(decoder, page + question), None, 12, NEVER))
    memory = decoder.remember(stretch(decoder, page))
    continued = list(decoder.stream(stretch(decoder, question, PAGE), memory, 12, NEVER))
    assert tokens_of(whole) == tokens_of(continued) == expected


def test_a_page_remembered_in_parts_is_the_same_page(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page, question = ids(PAGE, 1), ids(QUESTION, 2)
    first = decoder.remember(stretch(decoder, page[:9]))
    second = decoder.remember(stretch(decoder, page[9:10], 9), first)
    memory = decoder.remember(stretch(decoder, page[10:], 10), second)
    assert (first.length, second.length, memory.length) == (9, 10, PAGE)
    written = decoder.stream(stretch(decoder, question, PAGE), memory, 8, NEVER)
    assert tokens_of(list(written)) == generated(model, page + question, 8)


def test_logprobs_are_the_models_own(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page, question = ids(PAGE, 1), ids(QUESTION, 2)
    steps = list(decoder.stream(stretch(decoder, page + question), None, 5, NEVER))
    scores = reference_logits(model, page + question + tokens_of(steps)).log_softmax(-1)
    for index, step in enumerate(steps):
        assert step.logprob == pytest.approx(float(scores[PAGE + QUESTION - 1 + index, step.token]), abs=1e-4)


def test_an_answer_ends_with_its_stop_token_or_at_the_limit(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    tokens = ids(PAGE, 3)
    free = generated(model, tokens, 10)
    stop = free[4]
    stopped = tokens_of(list(decoder.stream(stretch(decoder, tokens), None, 10, frozenset({stop, 299}))))
    assert stopped == free[: free.index(stop) + 1] == generated(model, tokens, 10, stop)
    assert len(list(decoder.stream(stretch(decoder, tokens), None, 3, NEVER))) == 3
    assert list(decoder.stream(stretch(decoder, tokens), None, 0, NEVER)) == []


def test_a_batch_of_questions_of_any_length_answers_as_each_alone(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page = ids(PAGE, 1)
    questions = [ids(count, 10 + count) for count in (5, 1, 9, 5)]
    expected = [generated(model, page + question, 8) for question in questions]
    memory = decoder.remember(stretch(decoder, page))
    parts = [stretch(decoder, question, PAGE) for question in questions]
    assert [tokens_of(row) for row in decoder.stream_rows(parts, memory, 8, NEVER)] == expected
    whole = [stretch(decoder, page + question) for question in questions]
    assert [tokens_of(row) for row in decoder.stream_rows(whole, None, 8, NEVER)] == expected
    assert decoder.stream_rows([], memory, 8, NEVER) == []


def test_rows_of_a_batch_end_on_their_own(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page = ids(PAGE, 1)
    questions = [ids(count, 10 + count) for count in (5, 3, 9, 4)]
    free = [generated(model, page + question, 8) for question in questions]
    stop = frozenset({free[0][2], free[2][6], free[3][0]})
    memory = decoder.remember(stretch(decoder, page))
    parts = [stretch(decoder, question, PAGE) for question in questions]
    alone = [tokens_of(list(decoder.stream(part, memory, 8, stop))) for part in parts]
    assert [tokens_of(row) for row in decoder.stream_rows(parts, memory, 8, stop)] == alone
    assert len({len(row) for row in alone}) > 1


def test_logits_of_rows_are_those_of_the_whole_text(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page = ids(PAGE, 1)
    rows = [ids(QUESTION, seed) for seed in (4, 5, 6)]
    memory = decoder.remember(stretch(decoder, page))
    logits = decoder.logits([stretch(decoder, row, PAGE) for row in rows], memory, 3)
    assert logits.shape == (3, 3, 300)
    assert logits.dtype == torch.float32
    for found, row in zip(logits, rows, strict=True):
        torch.testing.assert_close(found, reference_logits(model, page + row)[-3:], atol=2e-4, rtol=1e-4)
    alone = decoder.logits([stretch(decoder, page + rows[0])], None, QUESTION + PAGE)
    torch.testing.assert_close(alone[0], reference_logits(model, page + rows[0]), atol=2e-4, rtol=1e-4)


def test_a_memory_is_never_changed_and_results_are_bit_equal(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    memory = decoder.remember(stretch(decoder, ids(PAGE, 1)))
    assert isinstance(memory, CacheMemory)
    before = [tensor.clone() for tensor in tensors_of(memory.cache)]
    parts = [stretch(decoder, ids(count, count), PAGE) for count in (4, 7)]

    def use() -> tuple[Any, ...]:
        return (
            list(decoder.stream(parts[0], memory, 9, NEVER)),
            decoder.stream_rows(parts, memory, 9, NEVER),
            decoder.logits(parts[:1], memory, 2).tolist(),
            list(islice(decoder.stream(parts[1], memory, 9, NEVER), 2)),
            decoder.remember(parts[1], memory).length,
        )

    assert use() == use()
    after = tensors_of(memory.cache)
    assert len(before) == len(after)
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert memory.size_bytes == sum(tensor.nbytes for tensor in after) > 0


def test_embeddings_can_be_written_into() -> None:
    decoder = decoder_of(AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS["llama"])))
    embeds = decoder.embed([1, 2, 3])
    embeds[1] = 0.0
    assert torch.equal(embeds[1], torch.zeros(decoder.dim))
    assert not torch.equal(decoder.embed([2])[0], embeds[1])


def test_a_closed_stream_leaves_the_thread_as_it_was(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    steps = decoder.stream(stretch(decoder, ids(4, 1)), None, 9, NEVER)
    next(steps)
    assert not torch.is_inference_mode_enabled()
    steps.close()  # type: ignore[attr-defined] # a generator, stated as an iterator
    assert list(steps) == []


def test_attention_is_the_mean_of_the_softmax_layers(model: PreTrainedModel) -> None:
    decoder = decoder_of(model)
    page, question = ids(PAGE, 1), ids(QUESTION, 2)
    implementation = model.config._attn_implementation
    memory = decoder.remember(stretch(decoder, page))
    found = decoder.attention(stretch(decoder, question, PAGE), memory)
    whole = decoder.attention(stretch(decoder, page + question), None)
    assert found is not None
    assert whole is not None
    assert found.shape == (QUESTION, PAGE + QUESTION)
    torch.testing.assert_close(found, whole[PAGE:], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.sum(-1), torch.ones(QUESTION))
    assert torch.equal(whole, whole.tril())
    assert model.config._attn_implementation == implementation != "eager"


def test_a_model_that_shows_no_attention_has_none() -> None:
    decoder = decoder_of(AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS["llama"])))
    decoder._model.forward = lambda **_: BaseModelOutputWithPast(attentions=None)
    assert decoder.attention(stretch(decoder, ids(5, 1)), None) is None


def test_positions_of_several_axes_reach_the_model_in_their_order() -> None:
    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS["hybrid"])).eval()
    decoder = decoder_of(model)
    page, question = ids(PAGE, 1), ids(QUESTION, 2)
    count = torch.arange(PAGE + QUESTION)
    across = torch.cat([torch.arange(PAGE) % 5, torch.arange(QUESTION) + 5])
    four = torch.stack([count, across, across // 2 + across[-1] - across[-1] // 2, across])
    embeds = decoder.embed(page + question)
    for positions in (four, four[1:]):
        with torch.no_grad():
            expected = model(inputs_embeds=embeds[None], position_ids=positions[:, None]).logits[0, -2:]
        memory = decoder.remember(Stretch(embeds[:PAGE], positions[:, :PAGE]))
        part = Stretch(embeds[PAGE:], positions[:, PAGE:])
        torch.testing.assert_close(decoder.logits([part], memory, 2)[0], expected, atol=2e-4, rtol=1e-4)
        steps = tokens_of(list(decoder.stream(part, memory, 4, NEVER)))
        longer = torch.cat([positions, positions[:, -1:] + torch.arange(1, 4)], 1)
        with torch.no_grad():
            scores = model(
                inputs_embeds=torch.cat([embeds, decoder.embed(steps[:3])])[None], position_ids=longer[:, None]
            )
        assert steps == scores.logits[0, -4:].argmax(-1).tolist()
        short = Stretch(embeds[-2:], positions[:, -2:])
        rows = decoder.stream_rows([part, short], memory, 4, NEVER)
        assert [tokens_of(row) for row in rows] == [
            tokens_of(list(decoder.stream(one, memory, 4, NEVER))) for one in (part, short)
        ]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), OutOfDeviceMemoryError),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), OutOfDeviceMemoryError),
        (torch.AcceleratorError("CUDA error: device lost\nmore"), DeviceLostError),
        (RuntimeError("a bug"), RuntimeError),
    ],
)
def test_a_full_or_lost_device_is_said_so(raised: Exception, expected: type[Exception]) -> None:
    decoder = decoder_of(AutoModelForCausalLM.from_config(copy.deepcopy(CONFIGS["llama"])))
    part = stretch(decoder, ids(3, 1))

    def fail(*_: Any, **__: Any) -> None:
        raise raised

    decoder._model.forward = fail
    with pytest.raises(expected) as caught:
        list(decoder.stream(part, None, 3, NEVER))
    assert type(caught.value) is expected


def test_a_full_memory_is_let_go_of_while_its_error_is_held() -> None:
    class Big:
        pass

    held: list[weakref.ref[Big]] = []

    def fill() -> None:
        big = Big()
        held.append(weakref.ref(big))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(OutOfDeviceMemoryError) as caught, device_errors(torch.device("cpu"), "filling"):
        fill()
    assert caught.value.__cause__ is not None
    assert held[0]() is None


def test_a_model_that_changes_its_scores_is_refused() -> None:
    config = copy.deepcopy(CONFIGS["llama"])
    config.logits_scaling = 8.0
    with pytest.raises(CheckpointError, match="logits_scaling"):
        decoder_of(AutoModelForCausalLM.from_config(config))
