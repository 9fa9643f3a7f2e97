"""InternVL: up to twelve square tiles of the grid nearest to the page's aspect, then the overview.

Sources: transformers 5.23, `models/internvl`, `models/got_ocr2/image_processing_pil_got_ocr2.py`.
"""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import get_optimal_tiled_canvas

from engine.errors import CheckpointError
from engine.geometry import PixelRect, Size
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.slicing.grids import UNSLICED, check_page, page_rect, slice_rects
from engine.slicing.plan import Grid, SlicePlan, View, ViewKind

START_TOKENS = 1
END_TOKENS = 1


@register("internvl")
class InternVL(NativeModel):
    """InternVL 2.5, 3 and 3.5 in transformers' layout. A page that one tile holds is not sliced."""

    own_policy = "internvl"
    required_tokens = ("start_image_token", "end_image_token", "context_image_token")

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        size, images = files.config.vision_config.image_size, files.images.size
        if [images.height, images.width] != list(size) or size[0] != size[1]:
            raise CheckpointError(
                f"This model's image processor makes tiles of {images.width} x {images.height} px, its vision tower "
                f"takes {size[1]} x {size[0]} px."
            )

    @classmethod
    def image_token(cls, tokenizer: Any) -> str:
        return str(tokenizer.context_image_token)

    def plan(self, page: Size, policy: str) -> SlicePlan:
        check_page(page)
        grid = self._grid(page)
        side = self._config.vision_config.image_size[0]
        placed: list[tuple[int | None, int | None, PixelRect]] = []
        if grid != UNSLICED:
            placed += [(*divmod(index, grid.cols), rect) for index, rect in enumerate(slice_rects(page, grid))]
        placed.append((None, None, page_rect(page)))
        tokens = self._tokens_of_view
        views = []
        for index, (row, col, rect) in enumerate(placed):
            start = START_TOKENS + index * tokens
            kind = ViewKind.OVERVIEW if row is None else ViewKind.SLICE
            views.append(View(kind, row, col, rect, Size(side, side), tokens, (start, start + tokens)))
        total = len(views) * tokens
        return SlicePlan(policy, page, grid, tuple(views), total, START_TOKENS + total + END_TOKENS)

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        # The published processor asks for tiles whatever the image processor was saved with.
        return tuple(self._images(image, crop_to_patches=True, return_tensors="pt")["pixel_values"])

    def features(self, view: View, pixels: Tensor) -> Tensor:
        return self._model.model.get_image_features(pixels[None]).pooler_output[0]

    def image_text(self, plan: SlicePlan) -> str:
        tokens = self._tokenizer
        return tokens.start_image_token + tokens.context_image_token * plan.tokens + tokens.end_image_token

    @property
    def _tokens_of_view(self) -> int:
        vision, ratio = self._config.vision_config, self._config.downsample_ratio
        across = vision.image_size[0] // vision.patch_size[0]
        return int(across * ratio) ** 2

    def _grid(self, page: Size) -> Grid:
        images = self._images
        if images.max_patches <= 1:
            return UNSLICED
        tile = (images.size.height, images.size.width)
        cols, rows = get_optimal_tiled_canvas((page.height, page.width), tile, images.min_patches, images.max_patches)
        return Grid(cols, rows) if cols * rows > 1 else UNSLICED
