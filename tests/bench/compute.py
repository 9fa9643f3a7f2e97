"""LLaVA-UHD's claim as a number: what a page of 672x1008 costs next to LLaVA-1.5. `python -m tests.bench.compute`

The paper (arXiv 2403.11703) reads such a page with 64 queries a view at 94 % of the computation that LLaVA-1.5 spends
on 336x336. Both models are built at their real size without weights (meta device) and read the page and one question
of the published prompt; floating-point operations (2 per multiply-add) are counted twice: from the shapes that reach
each linear layer, convolution and attention, and by torch's own counter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.geometry import Size
from engine.slicing.plan import SlicePlan
from engine.slicing.policies import plan
from engine.uhd.config import UhdConfig
from engine.uhd.model import UhdForConditionalGeneration
from engine.uhd.schema import SpatialSchema
from engine.uhd.vision import layers_used

RESULTS = Path(__file__).parent / "results" / "compute.txt"
PAGE, SQUARE = Size(672, 1008), Size(336, 336)
TEXT_TOKENS = 60
"""The published Vicuna prompt has 42 tokens around the image, a question some 18."""
PAPERS_CAP = 6
MAX_DISAGREEMENT = 0.01
VICUNA_7B = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
VICUNA_13B = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a page: the sizes of its views, and the positions that they take among the words."""

    name: str
    bridge: str
    views: tuple[Size, ...]
    tokens: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations of the vision tower with its bridge, and of the language model; `counter` is torch's own total."""

    vision: int
    language: int
    counter: int

    @property
    def total(self) -> int:
        return self.vision + self.language


def readings() -> tuple[Reading, ...]:
    sliced = _laid_out(plan(f"llava-uhd-v1:{PAPERS_CAP}", PAGE))
    whole = tuple(view.size for view in sliced.views)
    return (
        Reading("LLaVA-1.5 at 336x336", "mlp", (SQUARE,), *_patches(SQUARE)),
        Reading("LLaVA-UHD at 672x1008, 64 queries", "perceiver", whole, sliced.tokens, sliced.sequence),
        Reading("LLaVA-1.5's bridge at 672x1008", "mlp", (PAGE,), *_patches(PAGE)),
    )


def _laid_out(made: SlicePlan) -> SlicePlan:
    return SpatialSchema(64, False, 0, 0, 0).lay_out(made)


def _patches(size: Size) -> tuple[int, int]:
    patches = (size.width // 14) * (size.height // 14)
    return patches, patches


def model_of(bridge: str, text: dict[str, Any]) -> UhdForConditionalGeneration:
    """The whole model at its real size, without weights."""
    config = UhdConfig(
        bridge=bridge,
        queries=64,
        text_config=text
        | {"model_type": "llama", "vocab_size": 32000, "num_key_value_heads": text["num_attention_heads"]},
    )
    with torch.device("meta"):
        return UhdForConditionalGeneration(config).eval()


def cost_of(reading: Reading, text: dict[str, Any]) -> Cost:
    model = model_of(reading.bridge, text)
    views = [torch.empty(3, size.height, size.width, device="meta") for size in reading.views]
    length = reading.sequence + TEXT_TOKENS
    embeds = torch.empty(1, length, model.config.dim, device="meta")
    # A ready mask: transformers looks at the values of positions to make one, and these have none.
    mask = torch.empty(1, 1, length, length, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        with layers_counted(model.vision_tower, model.bridge) as vision:
            tokens = sum(len(model.view_features([view])[0]) for view in views)
        with layers_counted(model.language_model) as language:
            model(inputs_embeds=embeds, attention_mask=mask, logits_to_keep=1, use_cache=False)
    if tokens != reading.tokens:
        raise SystemExit(f"{reading.name}: {tokens} tokens where {reading.tokens} were planned")
    vision_total = sum(vision) + sum(_view_attention(model.config, size, reading.bridge) for size in reading.views)
    language_total = sum(language) + _attention(length, model.config.text_config)
    return Cost(vision_total, language_total, counter.get_total_flops())


@contextmanager
def layers_counted(*parts: nn.Module) -> Iterator[list[int]]:
    """Operations of every linear layer and convolution in `parts`, call by call, from the shapes that reach it."""
    counts: list[int] = []

    def count(layer: nn.Module, _given: tuple[Tensor, ...], made: Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        counts.append(2 * made.numel() * weight[0].numel())

    layers = [layer for part in parts for layer in part.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()


def _view_attention(config: UhdConfig, size: Size, bridge: str) -> int:
    """Attention of the tower's layers that are used, and of the resampler: its queries over the view's patches, and
    the square matrix that follows it."""
    patches, _ = _patches(size)
    tower = layers_used(config.vision_config, config.vision_feature_layer)
    own = 4 * (patches + 1) ** 2 * config.vision_dim * tower
    resampler = 4 * config.queries * patches * config.dim + 2 * config.queries * config.dim**2
    return own + (resampler if bridge == "perceiver" else 0)


def _attention(length: int, config: Any) -> int:
    """Scores and sums of all layers, not halved for causality, as kernels without it compute them."""
    return int(4 * length**2 * config.hidden_size * config.num_hidden_layers)


@click.command(help=__doc__)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=RESULTS)
def main(out: Path) -> None:
    console = Console(record=True, width=130)
    for name, text in (("Vicuna-13B, as in the paper", VICUNA_13B), ("Vicuna-7B", VICUNA_7B)):
        console.print(table_of(name, text))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(console.export_text(), encoding="utf-8")


def table_of(name: str, text: dict[str, Any]) -> Table:
    caption = f"Reading the page and {TEXT_TOKENS} tokens of text once; TFLOP, 2 per multiply-add"
    table = Table(title=f"CLIP ViT-L/14-336 and {name}", caption=caption)
    for column in ("", "views", "image positions", "vision", "language", "total", "of LLaVA-1.5", "torch's counter"):
        table.add_column(column, justify="left" if not column else "right")
    base = None
    for reading in readings():
        cost = cost_of(reading, text)
        base = base or cost.total
        apart = cost.counter / cost.total - 1
        if abs(apart) > MAX_DISAGREEMENT:
            raise SystemExit(f"{reading.name}: torch counts {cost.counter}, the layers' shapes give {cost.total}")
        figures = [f"{value / 1e12:.2f}" for value in (cost.vision, cost.language, cost.total)]
        shares = (f"{100 * cost.total / base:.1f} %", f"{100 * apart:+.2f} %")
        table.add_row(reading.name, str(len(reading.views)), str(reading.sequence), *figures, *shares)
    return table


if __name__ == "__main__":
    main()
