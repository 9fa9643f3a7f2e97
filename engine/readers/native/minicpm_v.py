"""MiniCPM-V 4.6 and 4.7: slices by the MiniCPM-V policies, views of any size, for 4.7 positions on one canvas.

Sources: transformers 5.23, `models/minicpmv4_6` and `models/minicpmv4_7`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from engine.errors import CheckpointError
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.slicing.minicpm_v import BASE_PX, PATCH_PX
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import ChosenPolicy, parse_policy

POLICIES = ("minicpm-v-16x", "minicpm-v-4x")


@register("minicpmv4_6")
class MiniCPMV(NativeModel):
    """MiniCPM-V 4.6. Runs both of its compressions and any cap of slices, whichever it was saved with."""

    required_tokens = (
        "image_token",
        "image_start_token",
        "image_end_token",
        "slice_start_token",
        "slice_end_token",
        "image_id_start_token",
        "image_id_end_token",
    )

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        images = files.images
        found = (images.scale_resolution, images.patch_size, images.slice_mode, images.use_image_id)
        if found != (BASE_PX, PATCH_PX, True, True) or files.config.vision_config.patch_size != PATCH_PX:
            raise CheckpointError(
                f"This model was saved for views of {images.scale_resolution} px with patches of {images.patch_size} "
                f"px, slicing {'on' if images.slice_mode else 'off'} and image ids "
                f"{'on' if images.use_image_id else 'off'}; MiniCPM-V is read with views of {BASE_PX} px, patches of "
                f"{PATCH_PX} px, slices and image ids."
            )

    @property
    def own_policy(self) -> str:
        return parse_policy(f"minicpm-v-{self._images.downsample_mode}:{self._images.max_slice_nums}").id

    def policy_for(self, wanted: str) -> str:
        chosen = parse_policy(wanted)
        return chosen.id if chosen.policy.id in POLICIES else self.own_policy

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        packed = self._images(image, return_tensors="pt", **self.options(plan.policy))["pixel_values"][0]
        return packed.split([view.size.area // PATCH_PX for view in plan.views], dim=-1)

    def features(self, view: View, pixels: Tensor) -> Tensor:
        grid = torch.tensor([[view.size.height // PATCH_PX, view.size.width // PATCH_PX]], device=pixels.device)
        mode = f"{view.size.area // PATCH_PX**2 // view.tokens}x"
        out = self._model.model.get_image_features(pixels[None], grid, downsample_mode=mode)
        return out.pooler_output[0]

    def image_text(self, plan: SlicePlan) -> str:
        tokens = self._tokenizer
        text = f"{tokens.image_id_start_token}0{tokens.image_id_end_token}"
        for view in plan.views:
            places = tokens.image_token * view.tokens
            if view.row is None:
                text += tokens.image_start_token + places + tokens.image_end_token
            else:
                newline = "\n" if view.row > 0 and view.col == 0 else ""
                text += newline + tokens.slice_start_token + places + tokens.slice_end_token
        return text

    def options(self, policy: str) -> dict[str, Any]:
        """What the image processor is told of a policy id that `policy_for` gave."""
        chosen = parse_policy(policy)
        return {"downsample_mode": self.mode_of(chosen), "max_slice_nums": chosen.cap}

    @classmethod
    def mode_of(cls, chosen: ChosenPolicy) -> str:
        """`16x` or `4x`: the patches merged into a token, as the published classes name it."""
        return chosen.policy.id.rpartition("-")[2]


@register("minicpmv4_7")
class MiniCPMV47(MiniCPMV):
    """MiniCPM-V 4.7: as 4.6, with the tokens of all views at their places on one canvas."""

    required_ids = (
        "image_token_id",
        "image_start_id",
        "image_end_id",
        "slice_start_id",
        "slice_end_id",
        "newline_id",
    )

    def positions(self, plan: SlicePlan, ids: Sequence[int]) -> Tensor:
        """[4, length]: text, time, height and width, as the model's own generation gives them to its decoder."""
        whole = torch.tensor(ids)[None]
        kinds = (whole == self._config.image_token_id).int()
        sizes = [(view.size.height // PATCH_PX, view.size.width // PATCH_PX) for view in plan.views]
        canvas, _ = self._model.model.get_rope_index(
            whole,
            mm_token_type_ids=kinds,
            target_sizes=torch.tensor(sizes),
            downsample_mode=self.mode_of(parse_policy(plan.policy)),
        )
        return torch.cat([torch.arange(len(ids))[None], canvas[:, 0]])
