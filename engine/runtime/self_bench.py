"""How fast this machine runs a language model, in a few seconds: a small one with random weights, as each engine runs
it. Nothing is read from disk and nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from engine.errors import TesseraError
from engine.runtime.decoder import Decoder, Stretch
from engine.runtime.int8.model import Int8CausalLM
from engine.runtime.machine import Speed
from engine.runtime.torch_machine import cuda_gpus
from engine.runtime.transformers_decoder import decoder_of

PAGE_TOKENS, ANSWER_TOKENS = 300, 12
_NEVER: frozenset[int] = frozenset()
_SHAPE = {
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_hidden_layers": 4,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "vocab_size": 8000,
}


def measure() -> Iterator[Speed]:
    """Every engine that this machine has, one after another: fp32 and int8 on the CPU, 16 bits on the first GPU."""
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(LlamaConfig(**_SHAPE)).eval()
    parameters = sum(one.numel() for one in model.parameters())
    yield _speed("fp32 on the CPU", parameters, lambda: decoder_of(model))
    yield _speed("int8 on the CPU", parameters, lambda: Int8CausalLM.quantized(model).decoder)
    for gpu in cuda_gpus()[:1]:
        half = torch.bfloat16 if gpu.bf16 else torch.float16
        name = f"{'bf16' if gpu.bf16 else 'fp16'} on the {gpu.name}"
        yield _speed(name, parameters, lambda half=half: decoder_of(model.to("cuda", half)))


def _speed(engine: str, parameters: int, made: Any) -> Speed:
    try:
        decoder: Decoder = made()
        _run(decoder)
        page_s, answer_s = _run(decoder)
    except TesseraError as error:
        return Speed(engine, parameters, problem=str(error.info))
    return Speed(engine, parameters, PAGE_TOKENS / page_s, ANSWER_TOKENS / answer_s)


def _run(decoder: Decoder) -> tuple[float, float]:
    """Seconds for the page, and for the answer to a question of one token."""
    embeds = decoder.embed([index * 7 % 8000 for index in range(PAGE_TOKENS + 1)])
    positions = torch.arange(PAGE_TOKENS + 1)[None]
    began = time.perf_counter()
    # A GPU has finished when the first token is known.
    memory = decoder.remember(Stretch(embeds[:PAGE_TOKENS], positions[:, :PAGE_TOKENS]))
    steps = decoder.stream(Stretch(embeds[-1:], positions[:, -1:]), memory, ANSWER_TOKENS + 1, _NEVER)
    next(steps)
    read = time.perf_counter()
    for _ in steps:
        pass
    return read - began, time.perf_counter() - read
