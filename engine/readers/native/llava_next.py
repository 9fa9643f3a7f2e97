"""LLaVA-NeXT (v1.6): an overview and square tiles of the best of a few canvases, padding cut off again after encoding.

Sources: transformers 5.23, `models/llava_next`. The tiles' features are laid out as one map, so a row of tokens runs
through all tiles beside each other, ends with a learned newline, and a tile's `span` holds tokens of its neighbours:
`Prompt.places` says exactly which are its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from engine.errors import CheckpointError
from engine.geometry import Size
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.readers.native.llava import check_tower, tokens_of_view
from engine.readers.sliced.protocol import Prompt
from engine.slicing.llava import BASE_PX, TOKENS_PER_SIDE
from engine.slicing.plan import SlicePlan, View

NEWLINE = -1
"""Stands for a row's end where tokens are counted through."""

CANVASES = [[rows * BASE_PX, cols * BASE_PX] for rows, cols in ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))]


@register("llava_next")
class LlavaNext(NativeModel):
    """LLaVA-NeXT. `encode` gives all patches of a view; those that lie in padding are left out by `embed`, so a tile
    has `View.tokens` places, at most as many as its features."""

    own_policy = "llava-next"
    separable = False

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        check_tower(files)
        if tokens_of_view(files.config) != TOKENS_PER_SIDE**2:
            raise CheckpointError(
                f"This model makes {tokens_of_view(files.config)} tokens of a view; LLaVA-NeXT is read with "
                f"{TOKENS_PER_SIDE**2}."
            )
        named = [[list(pair) for pair in one.image_grid_pinpoints] for one in (files.config, files.images)]
        if named != [CANVASES, CANVASES]:
            raise CheckpointError("This model was saved for other canvases than LLaVA-NeXT's five.")

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        return tuple(self._images(image, return_tensors="pt")["pixel_values"][0])

    def features(self, view: View, pixels: Tensor) -> Tensor:
        inner = self._model.model
        hidden = inner.vision_tower(pixels[None], output_hidden_states=True).hidden_states
        layers = self._config.vision_feature_layer
        chosen = [hidden[layer] for layer in ([layers] if isinstance(layers, int) else layers)]
        # As get_image_features does: with several layers, too, the first token is dropped once they are joined.
        joined = torch.cat(chosen, dim=-1)
        first = 1 if self._config.vision_feature_select_strategy == "default" else 0
        return inner.multi_modal_projector(joined[:, first:])[0]

    def image_text(self, plan: SlicePlan) -> str:
        return self.image_token(self._tokenizer) * plan.sequence

    def view_places(self, plan: SlicePlan) -> tuple[Tensor, ...]:
        views = self._order(plan) // TOKENS_PER_SIDE**2
        return tuple((views == index).nonzero().flatten() for index in range(len(plan.views)))

    def embed(self, plan: SlicePlan, prompt: Prompt, features: Sequence[Tensor]) -> Tensor:
        embeds = self.decoder.embed(prompt.ids).clone()
        newline = self._model.model.image_newline
        stacked = torch.stack([tokens.to(newline.device, newline.dtype) for tokens in features])
        packed = self._pack(stacked, plan.page, newline)
        start = int(prompt.places[0][0]) - plan.views[0].span[0]
        embeds[start : start + plan.sequence] = packed.to(embeds.device, embeds.dtype)
        return embeds

    def _image_mask(self, plan: SlicePlan) -> Tensor:
        # The newline of a row is the language model's image token as well.
        return torch.ones(plan.sequence, dtype=torch.bool)

    def _order(self, plan: SlicePlan) -> Tensor:
        """[sequence]: which token of which view stands where, counted through all views; below 0 for a newline."""
        counted = torch.arange(len(plan.views) * TOKENS_PER_SIDE**2).reshape(len(plan.views), -1, 1)
        return self._pack(counted, plan.page, torch.tensor([NEWLINE])).flatten()

    def _pack(self, features: Tensor, page: Size, newline: Tensor) -> Tensor:
        """[sequence, dim] of `features` [views, tokens, dim], by the model's own function."""
        packed, _ = self._model.model.pack_image_features(
            [features], [(page.height, page.width)], self._config.vision_feature_select_strategy, newline
        )
        return packed[0]
