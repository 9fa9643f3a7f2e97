"""LLaVA-1.5: one square view, padded as first published, or cropped where the checkpoint was saved so.

Sources: transformers 5.23, `models/llava`, `models/clip/image_processing_pil_clip.py`.
"""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

from engine.errors import CheckpointError
from engine.readers.native.adapter import ModelFiles, NativeModel, register
from engine.slicing.llava import BASE_PX, TOKENS_PER_SIDE
from engine.slicing.plan import SlicePlan, View

CLS_TOKENS = {"clip_vision_model": 1, "siglip_vision_model": 0}
"""Vision towers whose views are squares, and the tokens that each puts before its patches."""


@register("llava")
class Llava(NativeModel):
    """LLaVA-1.5. The release padded pages to squares; checkpoints in transformers' layout crop them, so that a page's
    ends are not seen."""

    separable = False

    @classmethod
    def check(cls, files: ModelFiles) -> None:
        super().check(files)
        check_tower(files)
        images, tokens = files.images, tokens_of_view(files.config)
        if tokens != TOKENS_PER_SIDE**2:
            raise CheckpointError(
                f"This model makes {tokens} tokens of a page; LLaVA-1.5 is read with {TOKENS_PER_SIDE**2}."
            )
        if not pads(images) and (not images.do_center_crop or images.size.shortest_edge != BASE_PX):
            raise CheckpointError(
                "This model's image processor neither pads pages nor crops them, which Tessera does not follow."
            )

    @property
    def own_policy(self) -> str:
        return "llava-1.5" if pads(self._images) else "llava-1.5-crop"

    def view_pixels(self, image: Image.Image, plan: SlicePlan) -> tuple[Tensor, ...]:
        return tuple(self._images(image, return_tensors="pt")["pixel_values"])

    def features(self, view: View, pixels: Tensor) -> Tensor:
        return self._model.model.get_image_features(pixels[None]).pooler_output[0]

    def image_text(self, plan: SlicePlan) -> str:
        return self.image_token(self._tokenizer) * plan.tokens


def pads(images: Any) -> bool:
    """Whether pages are padded to squares first. CLIP's own image processor names another step alike."""
    return isinstance(images, LlavaImageProcessorPil) and bool(images.do_pad)


def check_tower(files: ModelFiles) -> None:
    """Raises CheckpointError for a vision tower whose views are not squares of one size."""
    vision = files.config.vision_config
    if vision.model_type not in CLS_TOKENS:
        raise CheckpointError(
            f"This model sees through a {vision.model_type}; Tessera reads {' and '.join(CLS_TOKENS)} in this family."
        )
    if {square_side(files), vision.image_size} != {BASE_PX}:
        raise CheckpointError(
            f"This model's image processor makes views of {square_side(files)} px, its vision tower takes "
            f"{vision.image_size} px; LLaVA is read with {BASE_PX} px."
        )


def square_side(files: ModelFiles) -> int | None:
    """The side of the views that the image processor makes, in px; None where they are not squares."""
    images: Any = files.images
    size = images.crop_size if images.do_center_crop else images.size
    width = size.width if size.width is not None else size.shortest_edge
    height = size.height if size.height is not None else size.shortest_edge
    return int(width) if width == height and width is not None else None


def tokens_of_view(config: Any) -> int:
    """Visual tokens of one view: its patches, and the tower's first token where the strategy keeps it."""
    vision = config.vision_config
    dropped = 1 if config.vision_feature_select_strategy == "default" else 0
    return int((vision.image_size // vision.patch_size) ** 2) + CLS_TOKENS[vision.model_type] - dropped
