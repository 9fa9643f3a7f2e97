"""MiniCPM-OCR 1.0: MiniCPM-V's slices, each of which may keep fewer pixels where its glyphs are large enough.

Sources: transformers 5.23, `models/minicpm_ocr`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers.image_transforms import resize
from transformers.image_utils import ChannelDimension, SizeDict
from transformers.models.minicpm_ocr.image_processing_minicpm_ocr import MiniCPMOcrImageProcessor

from engine.geometry import Size
from engine.readers.native.adapter import register
from engine.readers.native.minicpm_v import MiniCPMV
from engine.slicing.minicpm_v import PATCH_PX
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import ChosenPolicy, parse_policy

OWN_POLICIES = {"adaptive": "minicpm-ocr-adaptive", "never": "minicpm-ocr-native"}
"""The policy of each way to size small images, by the image processor's setting; `always` is MiniCPM-V's own."""


class PilOcrImageProcessor(MiniCPMOcrImageProcessor):
    """The published image processor with Pillow in torchvision's place: resizing and normalising are done here, which
    view gets which size is decided there."""

    def resize(self, image: Tensor, size: SizeDict, resample: Any = None, **_unused: Any) -> Tensor:
        resized = resize(
            image.numpy(),
            size=(size.height, size.width),
            resample=resample,
            data_format=ChannelDimension.FIRST,
            input_data_format=ChannelDimension.FIRST,
        )
        return torch.from_numpy(np.ascontiguousarray(resized))

    def normalize(self, image: Tensor, mean: Any, std: Any, **_unused: Any) -> Tensor:
        mean, std = (torch.as_tensor(values, dtype=image.dtype)[:, None, None] for values in (mean, std))
        return (image - mean) / std

    def patches(self, image: Tensor) -> Tensor:
        """[3, 14, patches x 14] of an image [3, height_px, width_px] (uint8) that has its view's size."""
        normal = self.rescale_and_normalize(
            image.float(), True, self.rescale_factor, True, tuple(self.image_mean), tuple(self.image_std)
        )
        return self.reshape_by_patch(normal, self.patch_size)


@register("minicpm_ocr")
class MiniCPMOcr(MiniCPMV):
    """MiniCPM-OCR 1.0. Runs MiniCPM-V's policies and its own.

    Its adaptive policy looks at glyphs: `plan` of a size alone gives every view its full size, `plan_image` the size
    that the published processor chooses for this very page. `cut` follows whichever plan it gets.
    """

    @classmethod
    def image_processor_class(cls) -> Any:
        return PilOcrImageProcessor

    @property
    def own_policy(self) -> str:
        way = OWN_POLICIES.get(self._images.small_image_upsize)
        return super().own_policy if way is None else parse_policy(f"{way}:{self._images.max_slice_nums}").id

    def policy_for(self, wanted: str) -> str:
        chosen = parse_policy(wanted)
        return chosen.id if chosen.policy.id in OWN_POLICIES.values() else super().policy_for(wanted)

    def options(self, policy: str) -> dict[str, Any]:
        ways = {own: way for way, own in OWN_POLICIES.items()}
        return super().options(policy) | {"small_image_upsize": ways.get(parse_policy(policy).policy.id, "always")}

    @classmethod
    def mode_of(cls, chosen: ChosenPolicy) -> str:
        return "4x" if chosen.policy.id in OWN_POLICIES.values() else super().mode_of(chosen)

    def plan_image(self, image: Image.Image, policy: str) -> SlicePlan:
        full = self.plan(Size(*image.size), policy)
        if parse_policy(policy).policy.id != OWN_POLICIES["adaptive"]:
            return full
        out = self._images(image.convert("RGB"), return_tensors="pt", **self.options(policy))
        return with_sizes(full, [Size(cols * PATCH_PX, rows * PATCH_PX) for rows, cols in out["target_sizes"].tolist()])

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        page = self._images.process_image(image)
        full = self.plan(plan.page, plan.policy)
        tiles = self._tiles(page, full)
        views = []
        for view, tile, whole in zip(plan.views, tiles, full.views, strict=True):
            part = page if view.row is None else self._cell(page, view, plan)
            views.append(self._images.patches(tile if view.size == whole.size else self._resized(part, view.size)))
        return tuple(views)

    def _tiles(self, page: Tensor, full: SlicePlan) -> list[Tensor]:
        """Overview and slices at their full sizes; the slices are cut out of one resized page."""
        tiles = [self._resized(page, full.overview.size)]
        if full.slices:
            size = full.slices[0].size
            whole = self._resized(page, Size(size.width * full.grid.cols, size.height * full.grid.rows))
            rows = whole.split(size.height, dim=1)
            tiles += [tile for row in rows for tile in row.split(size.width, dim=2)]
        return tiles

    def _cell(self, page: Tensor, view: View, plan: SlicePlan) -> Tensor:
        """The slice's own pixels of the page, as the published processor rounds its borders."""
        row, col, grid = view.row or 0, view.col or 0, plan.grid
        top, bottom = (round(plan.page.height * (row + step) / grid.rows) for step in (0, 1))
        left, right = (round(plan.page.width * (col + step) / grid.cols) for step in (0, 1))
        return page[:, top:bottom, left:right]

    def _resized(self, image: Tensor, size: Size) -> Tensor:
        if image.shape[-2:] == (size.height, size.width):
            return image
        return self._images.resize(image, SizeDict(height=size.height, width=size.width), self._images.resample)


def with_sizes(plan: SlicePlan, sizes: Sequence[Size]) -> SlicePlan:
    """`plan` with other sizes of its views, tokens and spans moved accordingly."""
    views: list[View] = []
    moved = 0
    for view, size in zip(plan.views, sizes, strict=True):
        tokens = view.tokens * size.area // view.size.area
        start = view.span[0] + moved
        views.append(replace(view, size=size, tokens=tokens, span=(start, start + tokens)))
        moved += tokens - view.tokens
    return replace(plan, views=tuple(views), tokens=plan.tokens + moved, sequence=plan.sequence + moved)
