"""What a plan costs a model of a given shape: multiplications, memory, and seconds at measured rates.

A multiplication and an addition are two operations, as publications count them. Counted are the vision transformer
over every view and the language model's prefill over the page's part of the sequence; the bridge between them, the
question and the answer are left out: a few per cent of a page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from engine.geometry import Size
from engine.slicing.plan import SlicePlan
from engine.slicing.shapes import LanguageShape, ModelShape, VisionShape

BYTES_PER_ELEMENT = 2
"""Of keys and values in bf16 or fp16."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Operations per second that this machine reaches, as measured by its self-test."""

    vision: float
    language: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations of the tower and of the language model, and the bytes of keys and values that the page leaves."""

    model: str
    vision_flops: float
    language_flops: float
    cache_bytes: int

    @property
    def flops(self) -> float:
        return self.vision_flops + self.language_flops

    def seconds(self, rates: Rates) -> float:
        """The time until the first word of the answer, estimated."""
        return self.vision_flops / rates.vision + self.language_flops / rates.language


def cost_of(plan: SlicePlan, shape: ModelShape) -> Cost:
    """The cost of reading the page of `plan` with a model of `shape`."""
    sizes = Counter(view.size for view in plan.views)
    return Cost(
        shape.name,
        sum(count * view_flops(size, shape.vision) for size, count in sizes.items()),
        prefill_flops(plan.sequence, shape.language),
        plan.sequence * shape.language.cache_width * BYTES_PER_ELEMENT,
    )


def view_flops(size: Size, shape: VisionShape) -> float:
    """Operations of the tower on a view of `size` px, n patches: per layer 2n (4d² + 2de) for its matrices and 4n²d for
    attention, d wide and e inside the feed-forward network; n falls to a quarter with every merge."""
    patches = (size.width // shape.patch_px) * (size.height // shape.patch_px)
    matrices = 4 * shape.width * shape.width + 2 * shape.width * shape.inner
    flops = 2.0 * patches * 3 * shape.patch_px**2 * shape.width
    done = 0
    for merge in shape.merges:
        flops += (merge.after_layer - done) * _layer_flops(patches, matrices, shape.width)
        patches, done = patches // 4, merge.after_layer
        flops += 2.0 * patches * merge.parameters
    return flops + (shape.layers - done) * _layer_flops(patches, matrices, shape.width)


def prefill_flops(positions: int, shape: LanguageShape) -> float:
    """Operations of the language model on so many positions, each attending to those before it."""
    return 2.0 * positions * shape.parameters + 2.0 * positions**2 * shape.attention_width * shape.attention


def _layer_flops(positions: int, matrices: int, width: int) -> float:
    return 2.0 * positions * matrices + 4.0 * positions**2 * width
