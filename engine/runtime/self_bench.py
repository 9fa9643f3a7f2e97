"""How fast this machine runs a language model and a vision tower, in a few seconds: small ones with random weights, as
each engine runs them. Nothing is read from disk; what was found is kept for the estimates of the slicing lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from transformers import CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

from engine.errors import TesseraError
from engine.geometry import Size
from engine.runtime.decoder import Decoder, Stretch
from engine.runtime.device_errors import device_errors
from engine.runtime.int8.model import Int8CausalLM
from engine.runtime.int8.vision import quantize_tower
from engine.runtime.machine import Gpu, Speed
from engine.runtime.probe import probe_machine
from engine.runtime.speeds import Measured, keep
from engine.runtime.torch_machine import cuda_gpus
from engine.runtime.transformers_decoder import decoder_of
from engine.slicing.cost import prefill_flops, view_flops
from engine.slicing.shapes import VisionShape, dense

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
_TOWER = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 2,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
}


def measure() -> Iterator[Speed]:
    """Every engine that this machine has, one after another: fp32, int8 and int4 on the CPU, 16 bits on the first
    GPU."""
    torch.manual_seed(0)
    model: Any = LlamaForCausalLM(LlamaConfig(**_SHAPE)).eval()
    tower: Any = CLIPVisionModel(CLIPVisionConfig(**_TOWER)).eval()
    parameters = sum(one.numel() for one in model.parameters())
    yield _speed(Speed("fp32 on the CPU", parameters), lambda: decoder_of(model), lambda: tower)
    yield _speed(
        Speed("int8 on the CPU", parameters), lambda: Int8CausalLM.quantized(model).decoder, lambda: _in_int8(tower)
    )
    coarse = _speed(
        Speed("int4 on the CPU", parameters),
        lambda: Int8CausalLM.quantized(model, four_bits=True).decoder,
        lambda: _in_int8(tower),
    )
    # What it reads, it reads in int8, whose rates are those to estimate with.
    yield replace(coarse, language_flops_per_s=0.0, vision_flops_per_s=0.0)
    for gpu in cuda_gpus()[:1]:
        yield _on_gpu(gpu, parameters, model, tower)


def _on_gpu(gpu: Gpu, parameters: int, model: Any, tower: Any) -> Speed:
    half = torch.bfloat16 if gpu.bf16 else torch.float16
    plain = Speed(f"{'bf16' if gpu.bf16 else 'fp16'} on the {gpu.name}", parameters, device="cuda")
    return _speed(plain, lambda: decoder_of(model.to("cuda", half)), lambda: tower.to("cuda", half))


def measure_and_keep(on_speed: Callable[[Speed], None]) -> Measured:
    """Measure every engine and keep what was found; `on_speed` hears of each, and may raise to cancel.

    Raises OutputError."""
    speeds = []
    for speed in measure():
        speeds.append(speed)
        on_speed(speed)
    return keep(probe_machine(), speeds, torch.get_num_threads())


def _in_int8(tower: Any) -> Any:
    copy = deepcopy(tower)
    quantize_tower(copy)
    return copy


def _speed(named: Speed, made: Callable[[], Decoder], made_tower: Callable[[], Any]) -> Speed:
    try:
        with device_errors(torch.device(named.device), "the self-test ran"):
            decoder, tower = made(), made_tower()
            _run(decoder)
            page_s, answer_s = _run(decoder)
            _see(tower)
            view_s = _see(tower)
    except TesseraError as error:
        return Speed(named.engine, named.parameters, problem=str(error.info), device=named.device)
    return Speed(
        named.engine,
        named.parameters,
        PAGE_TOKENS / page_s,
        ANSWER_TOKENS / answer_s,
        device=named.device,
        language_flops_per_s=_page_flops() / page_s,
        vision_flops_per_s=_tower_flops() / view_s,
    )


def _page_flops() -> float:
    kv_width = _SHAPE["hidden_size"] // _SHAPE["num_attention_heads"] * _SHAPE["num_key_value_heads"]
    shape = dense(_SHAPE["num_hidden_layers"], _SHAPE["hidden_size"], _SHAPE["intermediate_size"], kv_width)
    return prefill_flops(PAGE_TOKENS, shape)


def _tower_flops() -> float:
    shape = VisionShape(
        _TOWER["num_hidden_layers"], _TOWER["hidden_size"], _TOWER["intermediate_size"], _TOWER["patch_size"]
    )
    return view_flops(Size(_TOWER["image_size"], _TOWER["image_size"]), shape)


def _see(tower: Any) -> float:
    """Seconds for a view."""
    weight = tower.embeddings.patch_embedding.weight
    pixels = torch.zeros(1, 3, _TOWER["image_size"], _TOWER["image_size"], device=weight.device, dtype=weight.dtype)
    began = time.perf_counter()
    with torch.inference_mode():
        # A GPU has finished when a value is known.
        tower(pixel_values=pixels).last_hidden_state[0, 0, 0].item()
    return time.perf_counter() - began


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
