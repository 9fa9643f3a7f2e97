"""InternVL: up to twelve square tiles of the grid nearest to the page's aspect, then the overview.

Sources: transformers 5.23, `models/internvl`, `models/got_ocr2/image_processing_pil_got_ocr2.py`.
"""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor

from engine.errors import CheckpointError
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.slicing.nearest import INTERNVL_PX, INTERNVL_TOKENS
from engine.slicing.plan import SlicePlan, View
from engine.slicing.policies import parse_policy


@register("internvl")
class InternVL(NativeModel):
    """InternVL 2.5, 3 and 3.5 in transformers' layout, under any cap of tiles. A page that one tile holds is not
    sliced."""

    required_tokens = ("start_image_token", "end_image_token", "context_image_token")

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        vision, images = files.config.vision_config, files.images
        if {*vision.image_size, images.size.height, images.size.width} != {INTERNVL_PX}:
            raise CheckpointError(
                f"This model's image processor makes tiles of {images.size.width} x {images.size.height} px and its "
                f"vision tower takes {vision.image_size[1]} x {vision.image_size[0]} px; InternVL is read with "
                f"{INTERNVL_PX} px."
            )
        tokens = int(INTERNVL_PX // vision.patch_size[0] * files.config.downsample_ratio) ** 2
        if tokens != INTERNVL_TOKENS or images.min_patches != 1:
            raise CheckpointError(
                f"This model makes {tokens} tokens of a tile and at least {images.min_patches} tiles; InternVL is read "
                f"with {INTERNVL_TOKENS} tokens and one."
            )

    @classmethod
    def image_token(cls, tokenizer: Any) -> str:
        return str(tokenizer.context_image_token)

    @property
    def own_policy(self) -> str:
        return parse_policy(f"internvl:{self._images.max_patches}").id

    def policy_for(self, wanted: str) -> str:
        chosen = parse_policy(wanted)
        return chosen.id if chosen.policy.id == "internvl" else self.own_policy

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        # The published processor asks for tiles whatever the image processor was saved with.
        out = self._images(image, crop_to_patches=True, return_tensors="pt", **self.options(plan.policy))
        return tuple(out["pixel_values"])

    def options(self, policy: str) -> dict[str, Any]:
        """What the image processor is told of a policy id that `policy_for` gave."""
        return {"max_patches": parse_policy(policy).cap}

    def features(self, view: View, pixels: Tensor) -> Tensor:
        return self._model.model.get_image_features(pixels[None]).pooler_output[0]

    def image_text(self, plan: SlicePlan) -> str:
        tokens = self._tokenizer
        text = tokens.start_image_token + tokens.context_image_token * plan.tokens + tokens.end_image_token
        return str(text)
