"""One engine of engine_speed.py in its own process: reads names of tasks from stdin, writes their times to stdout.

python tests/bench/engine_speed_engines.py NAME SHAPE THREADS FOLDER

Weights are random, drawn tensor by tensor, so that no two are alike; FOLDER holds the quantized ones.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from onnx_decoder import step_of, write_step
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedConfig, Qwen2Config

from engine.runtime.decoder import Stretch
from engine.runtime.int8.model import Int8CausalLM

PROMPT, PAGE, ANSWER, BATCH, STEPS = 600, 576, 32, 8, 8
_LLAMA_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 32.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
Tasks = dict[str, Callable[[], None]]


def config_of(shape: str) -> PreTrainedConfig:
    """Qwen2.5-0.5B or Llama-3.2-1B, from their published configurations."""
    common = {"tie_word_embeddings": True, "max_position_embeddings": 32768}
    if shape == "0.5B":
        sizes = {"vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}
        return Qwen2Config(**sizes, **common, num_attention_heads=14, num_key_value_heads=2)
    sizes = {"vocab_size": 128256, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16}
    return LlamaConfig(
        **sizes, **common, num_attention_heads=32, num_key_value_heads=8, head_dim=64, rope_parameters=_LLAMA_ROPE
    )


def random_model(shape: str) -> Any:
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(config_of(shape)).eval()
    # No end of text: every answer is written to its full length.
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    return model


def prepare(shape: str, folder: Path) -> None:
    Int8CausalLM.quantized(random_model(shape).to(torch.bfloat16), four_bits=True).save_pretrained(folder)


def transformers_tasks(shape: str) -> Tasks:
    """Plain `generate` on the whole prompt each time, which is what a user of transformers writes."""
    model = random_model(shape)
    ids = torch.arange(PROMPT)[None] * 17 + 3
    kept: list[Any] = []

    def prefill() -> None:
        with torch.inference_mode():
            kept[:] = [model(ids, use_cache=True, logits_to_keep=1).past_key_values]

    def decode() -> None:
        with torch.inference_mode():
            for _ in range(STEPS):
                model(ids[:, :1], past_key_values=kept[0], use_cache=True)

    def first() -> None:
        model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=ANSWER, do_sample=False)

    return {"prefill": prefill, "decode": decode, "first": first}


def own_tasks(folder: Path, *, four_bits: bool) -> Tasks:
    """Our engine; with `four_bits` it writes answers with weights of 4 bits."""
    decoder = Int8CausalLM.from_pretrained(folder, four_bits=four_bits).decoder
    whole = [number * 17 + 3 for number in range(PROMPT)]
    nothing: frozenset[int] = frozenset()

    def part(start: int, end: int, shift: int = 0) -> Stretch:
        ids = [number + shift for number in whole[start:end]]
        return Stretch(decoder.embed(ids), torch.arange(start, end)[None])

    page = decoder.remember(part(0, PAGE))
    steps: list[Any] = []

    def prefill() -> None:
        steps[:] = [decoder.stream(part(0, PROMPT), None, 10_000 // 32, nothing)]
        next(steps[0])

    def decode() -> None:
        for _ in range(STEPS):
            next(steps[0])

    def first() -> None:
        kept = decoder.remember(part(0, PAGE))
        assert len(list(decoder.stream(part(PAGE, PROMPT), kept, ANSWER, nothing))) == ANSWER

    def following() -> None:
        assert len(list(decoder.stream(part(PAGE, PROMPT, 1), page, ANSWER, nothing))) == ANSWER

    def batch() -> None:
        decoder.stream_rows([part(PAGE, PROMPT, shift) for shift in range(BATCH)], page, ANSWER, nothing)

    return {"prefill": prefill, "decode": decode, "first": first, "next": following, "batch": batch}


def onnx_tasks(shape: str, threads: int, folder: Path) -> Tasks:
    """The decode step alone: its blocks of four bits are another, coarser, quantization."""
    path, config = folder / "step.onnx", config_of(shape)
    if not path.is_file():
        write_step(config, 2 * PROMPT, path)
    step = step_of(config, path, threads, PROMPT, 2 * PROMPT)

    def decode() -> None:
        for _ in range(STEPS):
            step()

    return {"decode": decode}


def llama_tasks(shape: str, threads: int, kind: str, folder: Path) -> Tasks | str:
    """Random weights of the shape as llama.cpp runs them."""
    for package in ("llama_cpp", "gguf"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package} is not installed"
    from engine_speed_gguf import write_gguf
    from llama_cpp import Llama

    file = folder / f"{kind}.gguf"
    if not file.is_file():
        write_gguf(config_of(shape), kind, file)
    model = Llama(str(file), n_ctx=2 * PROMPT, n_threads=threads, n_threads_batch=threads, verbose=False)
    ids = [number * 17 + 3 for number in range(PROMPT)]

    def prefill() -> None:
        model.reset()
        model.eval(ids)

    def decode() -> None:
        for _ in range(STEPS):
            model.eval([5])

    def answer() -> None:
        for _ in range(ANSWER - 1):
            model.eval([model.sample(temp=0.0)])

    def first() -> None:
        prefill()
        answer()

    def following() -> None:
        # It forgets what comes after as many positions as it counts.
        model.n_tokens = PAGE
        model.eval([number + 1 for number in ids[PAGE:]])
        answer()

    return {"prefill": prefill, "decode": decode, "first": first, "next": following}


# How many of what a row counts one call of its task does.
SHARES = {"decode": STEPS, "batch": BATCH}


def tasks_of(name: str, shape: str, threads: int, folder: Path) -> Tasks | str:
    """The tasks of the engine, or why there are none."""
    if name == "transformers fp32":
        return transformers_tasks(shape)
    if name in ("int8", "int4"):
        return own_tasks(folder, four_bits=name == "int4")
    if name == "onnxruntime int4":
        return onnx_tasks(shape, threads, folder)
    return llama_tasks(shape, threads, name.rpartition(" ")[2], folder)


def memory() -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    lines = Path("/proc/self/status").read_text().splitlines()
    mapped = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssFile")), 0)
    return {"peak": peak, "mapped": mapped}


def timed(task: Callable[[], None], share: int) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return {"wall": (time.perf_counter() - wall) / share, "cpu": (time.process_time() - cpu) / share}


def main() -> None:
    name, shape, threads, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    torch.set_num_threads(threads)
    if name == "prepare":
        prepare(shape, folder)
        return
    start = time.perf_counter()
    tasks = tasks_of(name, shape, threads, folder)
    load = time.perf_counter() - start
    if isinstance(tasks, str):
        print(json.dumps({"tasks": [], "load": load, "skipped": tasks}), flush=True)
        return
    for warm in ("prefill", "decode"):
        tasks.get(warm, lambda: None)()
    print(json.dumps({"tasks": list(tasks), "load": load}), flush=True)
    for line in sys.stdin:
        task = line.strip()
        answer = memory() if task == "memory" else timed(tasks[task], SHARES.get(task, 1))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
