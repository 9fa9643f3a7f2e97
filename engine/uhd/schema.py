"""The spatial schema: in which order views stand in the sequence, and what separates them.

As published, each slice is followed by a separator, "," inside a row and a newline after its last slice, also after
the last row; the overview follows and nothing after it. An unsliced page is its overview alone. Source:
`llava/model/llava_arch.py` of thunlp/LLaVA-UHD dd7f6cc. The released Qwen2 models use Llama's separator ids, which
mean other pieces there; a schema holds ids, so it repeats that exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.errors import CheckpointError
from engine.slicing.llava_uhd import PATCH_PX
from engine.slicing.plan import SlicePlan, View, ViewKind

COMMA, NEWLINE = ",", "\n"


@dataclass(frozen=True, slots=True)
class SpatialSchema:
    """`tokens_per_view` is None where each patch is a token. Ids are of the language model's vocabulary."""

    tokens_per_view: int | None
    overview_first: bool
    column_separator_id: int
    row_separator_id: int
    image_token_id: int

    def lay_out(self, plan: SlicePlan) -> SlicePlan:
        """`plan` with its views in this schema's order, and their tokens and spans as this schema lays them out."""
        order = (plan.overview, *plan.slices) if self.overview_first else (*plan.slices, plan.overview)
        views: list[View] = []
        position = 0
        for view in order:
            tokens = self._tokens(view)
            views.append(replace(view, tokens=tokens, span=(position, position + tokens)))
            position += tokens + (view.kind is ViewKind.SLICE)
        return replace(plan, views=tuple(views), tokens=sum(view.tokens for view in views), sequence=position)

    def token_ids(self, plan: SlicePlan) -> list[int]:
        """The ids of the image's part of the sequence for a `plan` that was laid out."""
        ids: list[int] = []
        for view in plan.views:
            ids += [self.image_token_id] * view.tokens
            if view.kind is ViewKind.SLICE:
                ids.append(self.row_separator_id if view.col == plan.grid.cols - 1 else self.column_separator_id)
        return ids

    def _tokens(self, view: View) -> int:
        patches = (view.size.width // PATCH_PX) * (view.size.height // PATCH_PX)
        return patches if self.tokens_per_view is None else self.tokens_per_view


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
