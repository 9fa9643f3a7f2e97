"""The spatial schema: in which order views stand in the sequence, and what separates them.

As published, each slice is followed by a separator, "," inside a row and a newline after its last slice, also after
the last row; the overview follows and nothing after it. An unsliced page is its overview alone. Source:
`llava/model/llava_arch.py` of thunlp/LLaVA-UHD dd7f6cc. The released Qwen2 models use Llama's separator ids, which
mean other pieces there; a schema holds ids, so it repeats that exactly. HiRes-LLaVA and SliME begin with the overview
and separate it from the slices; SliME separates nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.slicing.layout import Layout, Picture, whole
from engine.slicing.llava_uhd import PATCH_PX
from engine.slicing.plan import SlicePlan, View, ViewKind

COMMA, NEWLINE = ",", "\n"


@dataclass(frozen=True, slots=True)
class SpatialSchema:
    """`tokens_per_view` is None where each patch is a token; `overview_tokens` is None where the overview has as many
    as a slice. `overview_separator_id` stands between a leading overview and the slices, if given. With `raster` the
    slices' tokens stand row by row over the whole page, without separators. Ids are of the language model's vocabulary.
    """

    tokens_per_view: int | None
    overview_first: bool
    column_separator_id: int
    row_separator_id: int
    image_token_id: int
    overview_tokens: int | None = None
    overview_separator_id: int | None = None
    raster: bool = False

    def lay_out(self, plan: SlicePlan) -> SlicePlan:
        """`plan` with its views in this schema's order, and their tokens and spans as this schema lays them out."""
        layout = Layout()
        if self.overview_first:
            layout.add(_picture(plan.overview), self._tokens(plan.overview))
            if plan.slices and self.overview_separator_id is not None:
                layout.skip()
        if self.raster:
            layout.add_raster([_picture(view) for view in plan.slices], self._side, whole(self._side, plan.grid), 0)
        else:
            for view in plan.slices:
                layout.add(_picture(view), self._tokens(view))
                layout.skip()
        if not self.overview_first:
            layout.add(_picture(plan.overview), self._tokens(plan.overview))
        return layout.plan(plan.policy, plan.page, plan.grid)

    def token_ids(self, plan: SlicePlan) -> list[int]:
        """The ids of the image's part of the sequence for a `plan` that was laid out."""
        ids = [self.image_token_id] * plan.sequence
        if self.overview_first and self.overview_separator_id is not None and plan.slices:
            ids[plan.overview.span[1]] = self.overview_separator_id
        for view in () if self.raster else plan.slices:
            ids[view.span[1]] = self.row_separator_id if view.col == plan.grid.cols - 1 else self.column_separator_id
        return ids

    def places(self, plan: SlicePlan) -> tuple[Tensor, ...]:
        """Per view of a `plan` that was laid out, where each of its tokens stands in the image's part (long)."""
        return tuple(self._places(plan, view) for view in plan.views)

    def _places(self, plan: SlicePlan, view: View) -> Tensor:
        if not self.raster or view.kind is ViewKind.OVERVIEW:
            return torch.arange(*view.span)
        rows = torch.arange(self._side)[:, None] * (self._side * plan.grid.cols)
        return (view.span[0] + rows + torch.arange(self._side)).flatten()

    def _tokens(self, view: View) -> int:
        if view.kind is ViewKind.OVERVIEW and self.overview_tokens is not None:
            return self.overview_tokens
        patches = (view.size.width // PATCH_PX) * (view.size.height // PATCH_PX)
        return patches if self.tokens_per_view is None else self.tokens_per_view

    @property
    def _side(self) -> int:
        return math.isqrt(self.tokens_per_view or 0)


def _picture(view: View) -> Picture:
    return Picture(view.rect, view.size, view.row, view.col, view.drawn)


def separator_ids(tokenizer: Any) -> tuple[int, int]:
    """The ids of "," and newline in a transformers `tokenizer`, for a model that is trained here.

    Raises CheckpointError where either is not a piece of its own.
    """
    found = []
    for text, name in ((COMMA, "a comma"), (NEWLINE, "a newline")):
        ids = tokenizer.encode(text, add_special_tokens=False)
        if len(ids) != 1 or ids[0] == tokenizer.unk_token_id:
            raise CheckpointError(
                f"This tokenizer has no single piece for {name}, which separates the slices of a page.",
                "Choose a tokenizer that has one, or give the separator ids in the configuration.",
            )
        found.append(ids[0])
    return found[0], found[1]


def check_separator_ids(tokenizer: Any, ids: tuple[int, ...]) -> None:
    """Raises CheckpointError where `tokenizer` has no piece for one of the schema's `ids`."""
    missing = [id_ for id_ in ids if not 0 <= id_ < len(tokenizer)]
    if missing:
        raise CheckpointError(
            f"The tokenizer has no piece with id {missing[0]}, which separates the slices of a page for this model.",
            "The folder may hold another model's tokenizer; fetch the model again.",
        )
