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
from transformers.image_processing_utils import get_patch_output_size, select_best_resolution
from transformers.image_utils import ChannelDimension

from engine.errors import CheckpointError, PlanRefusedError
from engine.geometry import PixelRect, Size
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.readers.native.llava import check_tower, tokens_of_view
from engine.readers.sliced.protocol import Prompt
from engine.slicing.grids import check_page, page_rect
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind

NEWLINE = -1


@register("llava_next")
class LlavaNext(NativeModel):
    """LLaVA-NeXT. `encode` gives all patches of a view; those that lie in padding are left out by `embed`, so a tile
    has `View.tokens` places, at most as many as its features."""

    own_policy = "llava-next"

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        check_tower(files)
        vision = files.config.vision_config
        if tokens_of_view(files.config) != (vision.image_size // vision.patch_size) ** 2:
            raise CheckpointError("This model's features are not one per patch, so its tiles cannot be put together.")
        pinpoints = [list(pair) for pair in files.config.image_grid_pinpoints]
        if pinpoints != [list(pair) for pair in files.images.image_grid_pinpoints]:
            raise CheckpointError("This model's image processor and config.json name different canvases.")

    def plan(self, page: Size, policy: str) -> SlicePlan:
        check_page(page)
        side = self._config.vision_config.image_size
        grid = self._grid(page)
        order = self._order(page)
        per_view = tokens_of_view(self._config)
        views: list[View] = []
        for index in range(1 + grid.cols * grid.rows):
            places = (order // per_view == index).nonzero().flatten()
            span = (int(places[0]), int(places[-1]) + 1) if len(places) else (len(order), len(order))
            row, col = divmod(index - 1, grid.cols) if index else (None, None)
            rect = page_rect(page) if row is None or col is None else self._tile_rect(page, grid, row, col)
            kind = ViewKind.SLICE if index else ViewKind.OVERVIEW
            views.append(View(kind, row, col, rect, Size(side, side), len(places), span))
        return SlicePlan(policy, page, grid, tuple(views), sum(view.tokens for view in views), len(order))

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
        views = self._order(plan.page) // tokens_of_view(self._config)
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

    def _order(self, page: Size) -> Tensor:
        """[sequence]: which token of which view stands where, counted through all views; below 0 for a newline."""
        grid, per_view = self._grid(page), tokens_of_view(self._config)
        views = 1 + grid.cols * grid.rows
        counted = torch.arange(views * per_view).reshape(views, per_view, 1)
        return self._pack(counted, page, torch.tensor([NEWLINE])).flatten()

    def _pack(self, features: Tensor, page: Size, newline: Tensor) -> Tensor:
        """[sequence, dim] of `features` [views, tokens, dim], by the model's own function."""
        packed, _ = self._model.model.pack_image_features(
            [features], [(page.height, page.width)], self._config.vision_feature_select_strategy, newline
        )
        return packed[0]

    def _canvas(self, page: Size) -> tuple[int, int]:
        """Height and width of the canvas that fits the page best."""
        best = select_best_resolution((page.height, page.width), self._config.image_grid_pinpoints)
        if best is None:
            raise PlanRefusedError(f"LLaVA-NeXT has no canvas for a page of {page} px.")
        return int(best[0]), int(best[1])

    def _grid(self, page: Size) -> Grid:
        height, width = self._canvas(page)
        side = self._config.vision_config.image_size
        return Grid(width // side, height // side)

    def _tile_rect(self, page: Size, grid: Grid, row: int, col: int) -> PixelRect:
        """What a tile shows of the page, in page pixels; padding around it left out."""
        side = self._config.vision_config.image_size
        blank = torch.empty(3, page.height, page.width, device="meta")
        canvas = self._canvas(page)
        height, width = get_patch_output_size(blank, canvas, input_data_format=ChannelDimension.FIRST)
        x0, x1 = _shown(col * side, side, (canvas[1] - width) // 2, width, page.width)
        y0, y1 = _shown(row * side, side, (canvas[0] - height) // 2, height, page.height)
        return PixelRect(x0, y0, x1 - x0, y1 - y0)


def _shown(start: int, length: int, padding: int, drawn: int, page: int) -> tuple[float, float]:
    """Where a tile from `start` of `length` px begins and ends on a page of `page` px that is drawn from `padding` on
    over `drawn` px."""
    ends = (start - padding, start + length - padding)
    first, last = (min(max(end, 0), drawn) * page / drawn for end in ends)
    return first, last
