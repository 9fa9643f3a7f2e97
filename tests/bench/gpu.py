"""What a UHD model of 1.3 billion parameters costs on a GPU in each precision. `python -m tests.bench.gpu`

A model of LLaVA-UHD's shape with random weights (CLIP ViT-L/14-336, 64 queries a view, a language model of Llama 3.2's
1 B shape) is saved once in bf16 and loaded in bf16, nf4 and int8; each reads a page of 672 x 1008 px in its slices,
answers, and hides every slice in turn. Weights are random, so times and bytes are real and words are not. Medians of
several runs after a first one that does not count. `--tiny --device cpu` runs the same steps on a small model.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from engine.evidence.hidden_views import Asked, HiddenViews, ViewReplacements
from engine.geometry import Size
from engine.readers.sliced.protocol import Prompt
from engine.runtime.decoder import Stretch
from engine.runtime.model_shape import shape_of
from engine.runtime.precision import Precision, need_on_cpu, need_on_cuda
from engine.runtime.quantization import check_quantized, quantization_config
from engine.runtime.transformers_decoder import TransformersDecoder, decoder_of
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan
from engine.uhd.config import CLIP_L_336, UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.schema import SpatialSchema

RESULTS = Path(__file__).parent / "results" / "gpu.json"
PAGE, QUERIES, CAP = Size(672, 1008), 64, 6
BEFORE, QUESTION, ANSWER, QUESTIONS, RUNS = 40, 20, 32, 8, 5
NEVER: frozenset[int] = frozenset()
LLAMA_1B = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}
TINY = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
TINY_TOWER = CLIP_L_336 | {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
}
QUANTIZED = (Precision.NF4, Precision.INT8)


class Bench:
    """One precision: the model loaded, a page planned, and what reading it takes."""

    def __init__(self, model: Any, device: torch.device, planned: SlicePlan) -> None:
        self.model = model
        self.device = device
        self.plan = planned
        self.decoder: TransformersDecoder = decoder_of(model)
        random = torch.Generator().manual_seed(1)
        self.pixels = tuple(torch.randn(3, v.size.height, v.size.width, generator=random) for v in planned.views)
        ids = torch.randint(3, 31_000, (BEFORE + planned.sequence + QUESTION,), generator=random).tolist()
        places = tuple(torch.arange(*view.span) + BEFORE for view in planned.views)
        self.prompt = Prompt(tuple(ids), places, torch.arange(len(ids))[None], BEFORE + planned.sequence)

    def embed(self, _plan: SlicePlan, prompt: Prompt, features: tuple[Tensor, ...]) -> Tensor:
        embeds = self.decoder.embed(prompt.ids).clone()
        for place, feature in zip(prompt.places, features, strict=True):
            embeds[place.to(self.device)] = feature.to(embeds)
        return embeds

    @torch.inference_mode()
    def encode(self, pixels: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(self.model.view_features([view])[0] for view in pixels)

    def figures(self) -> dict[str, float]:
        features = self.encode(self.pixels)
        embeds = self.embed(self.plan, self.prompt, features)
        length, total = self.prompt.page_length, len(self.prompt.ids)
        page = Stretch(embeds[:length], self.prompt.positions[:, :length])
        question = Stretch(embeds[length:], self.prompt.positions[:, length:total])
        memory = self.decoder.remember(page)
        written = [step.token for step in self.decoder.stream(question, memory, ANSWER, NEVER)]
        encode_s = self.timed(lambda: self.encode(self.pixels))
        prefill_s = self.timed(lambda: self.decoder.remember(page))
        first_s = self.timed(lambda: list(self.decoder.stream(question, memory, 1, NEVER)))
        answer_s = self.timed(lambda: list(self.decoder.stream(question, memory, ANSWER, NEVER)))
        batch_s = self.timed(lambda: self.decoder.stream_rows([question] * QUESTIONS, memory, ANSWER, NEVER))
        evidence_s = self.timed(lambda: self.evidence(features, tuple(written), memory))
        return {
            "encode_page_s": encode_s,
            "prefill_tokens_per_s": length / prefill_s,
            "first_token_after_question_s": first_s,
            "decode_tokens_per_s": (ANSWER - 1) / max(answer_s - first_s, 1e-9),
            "question_on_read_page_s": answer_s,
            f"question_in_batch_of_{QUESTIONS}_s": batch_s / QUESTIONS,
            "leave_one_out_page_s": evidence_s,
        }

    def evidence(self, features: tuple[Tensor, ...], answer: tuple[int, ...], memory: Any) -> list[float]:
        """All contributions of the page, blank views and painted overviews encoded too."""
        blank = self.encode(tuple(torch.zeros_like(view) for view in self.pixels))
        overview = self.pixels[self.plan.views.index(self.plan.overview)]
        painted = self.encode(tuple(overview * 0.5 for _ in self.plan.slices))
        stand_in: Any = SimpleNamespace(decoder=self.decoder, embed=self.embed)
        asked = Asked(stand_in, self.plan, self.prompt, features, answer)
        length = self.prompt.page_length
        blank_page = Stretch(self.embed(self.plan, self.prompt, blank)[:length], self.prompt.positions[:, :length])
        views = HiddenViews(asked, blank, memory, self.decoder.remember(blank_page))
        return [float(fall.joint.sum()) for fall in views.falls(ViewReplacements(blank, painted), lambda: None)]

    def timed(self, work: Callable[[], object]) -> float:
        """Median seconds of `work`, after a first run."""
        seconds = []
        for _ in range(RUNS + 1):
            self.settle()
            began = time.perf_counter()
            work()
            self.settle()
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds[1:])

    def settle(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def config_of(tiny: bool) -> UhdConfig:
    shape = TINY if tiny else LLAMA_1B
    text = shape | {"model_type": "llama", "vocab_size": 32_000, "tie_word_embeddings": True}
    tower = TINY_TOWER if tiny else CLIP_L_336
    return UhdConfig(vision_config=tower, text_config=text, bridge="perceiver", queries=QUERIES)


def rows(folder: Path, config: UhdConfig, device: torch.device, plain: torch.dtype) -> Iterator[dict[str, Any]]:
    """Per precision what it took; the checkpoint is in `folder`."""
    shape = shape_of(config)
    made = plan(f"llava-uhd-v1:{CAP}", PAGE)
    planned = SpatialSchema(QUERIES, False, 0, 0, 0).lay_out(made)
    sequence = BEFORE + planned.sequence + QUESTION + ANSWER
    first = Precision.BF16 if plain is torch.bfloat16 else Precision.FP32
    for precision in (first, *(QUANTIZED if importlib.util.find_spec("bitsandbytes") else ())):
        base = _reset(device)
        began = time.perf_counter()
        model = _load(folder, config, precision, device, plain)
        load_s = time.perf_counter() - began
        weights = _allocated(device) - base if device.type == "cuda" else model.get_memory_footprint()
        bench = Bench(model, device, planned)
        figures = bench.figures()
        need = (need_on_cuda if device.type == "cuda" else need_on_cpu)(shape, precision, sequence)
        yield {
            "precision": str(precision),
            "load_s": load_s,
            "weights_gb": weights / 1e9,
            "weights_gb_per_billion": weights / shape.parameters,
            "estimated_weights_gb": need.weights / 1e9,
            "peak_gb": (torch.cuda.max_memory_allocated(device) - base) / 1e9 if device.type == "cuda" else None,
            "estimated_need_gb": need.total / 1e9,
            **figures,
        }
        del bench, model


def _load(folder: Path, config: UhdConfig, precision: Precision, device: torch.device, plain: torch.dtype) -> Any:
    quantization = quantization_config(config, precision, plain)
    options = {} if quantization is None else {"quantization_config": quantization}
    model = UhdForConditionalGeneration.from_pretrained(folder, dtype=plain, device_map={"": device}, **options)
    if quantization is not None:
        check_quantized(model)
    return model.eval()


def _reset(device: torch.device) -> int:
    gc.collect()
    if device.type != "cuda":
        return 0
    torch.cuda.synchronize(device)
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _allocated(device: torch.device) -> int:
    torch.cuda.synchronize(device)
    return torch.cuda.memory_allocated(device)


@click.command(help=__doc__)
@click.option("--device", "wanted", default="cuda", show_default=True)
@click.option("--tiny", is_flag=True, help="A small model, to try the steps.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=RESULTS, show_default=True)
def main(wanted: str, tiny: bool, out: Path) -> None:
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise click.ClickException("torch sees no CUDA device here.")
    if device.type == "cuda":
        torch.cuda.init()
    plain = torch.bfloat16 if device.type == "cuda" else torch.float32
    torch.manual_seed(0)
    config = config_of(tiny)
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as made:
        with torch.device(device):
            model = UhdForConditionalGeneration(config)
        model.to(plain).save_pretrained(made)
        parameters = sum(one.numel() for one in model.parameters())
        del model
        result: dict[str, Any] = {
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "packages": versions(),
            "parameters": parameters,
            "page": f"{PAGE.width} x {PAGE.height} px",
            "rows": [],
        }
        out.parent.mkdir(parents=True, exist_ok=True)
        for row in rows(Path(made), config, device, plain):
            result["rows"].append(row)
            # Written after each: a precision that fails takes nothing of the others with it.
            out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    Console(width=110).print(table_of(result))
    if len(result["rows"]) == 1:
        raise click.ClickException("bitsandbytes is not installed here: nf4 and int8 were left out.")


def versions() -> dict[str, str | None]:
    """Of the packages that the figures depend on; None for one that is missing."""
    names = ("torch", "transformers", "bitsandbytes")
    return {name: importlib.metadata.version(name) if importlib.util.find_spec(name) else None for name in names}


def table_of(result: dict[str, Any]) -> Table:
    title = f"{result['parameters'] / 1e9:.2f} billion parameters on {result['device']}, page {result['page']}"
    table = Table("", *(row["precision"] for row in result["rows"]), title=title)
    for name in result["rows"][0]:
        if name != "precision":
            values = [row[name] for row in result["rows"]]
            table.add_row(name, *("–" if value is None else f"{value:.4g}" for value in values))
    return table


if __name__ == "__main__":
    main()
