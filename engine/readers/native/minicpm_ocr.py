"""MiniCPM-OCR 1.0: MiniCPM-V's slices, which may each keep fewer pixels where their glyphs are large.

Sources: transformers 5.23, `models/minicpm_ocr`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers.image_transforms import resize
from transformers.image_utils import ChannelDimension, SizeDict
from transformers.models.minicpm_ocr.image_processing_minicpm_ocr import MiniCPMOcrImageProcessor

from engine.readers.native.adapter import register
from engine.readers.native.minicpm_v import MiniCPMV


class PilOcrImageProcessor(MiniCPMOcrImageProcessor):
    """The published image processor with Pillow in torchvision's place: resizing and normalising are done here, which
    slice gets which size is decided there."""

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


@register("minicpm_ocr")
class MiniCPMOcr(MiniCPMV):
    """MiniCPM-OCR 1.0."""

    @classmethod
    def image_processor_class(cls) -> Any:
        return PilOcrImageProcessor
