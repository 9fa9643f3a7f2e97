"""Pixels as CLIP takes them: less a mean, by a standard deviation, per channel."""

from __future__ import annotations

import torch
from torch import Tensor

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def normalised(pixels: Tensor) -> Tensor:
    """[3, height_px, width_px] of RGB in 0–1, less CLIP's mean, by CLIP's standard deviation."""
    mean, std = _channels()
    return (pixels - mean) / std


def shown(pixels: Tensor) -> Tensor:
    """RGB in 0–1 again."""
    mean, std = _channels()
    return pixels * std + mean


def _channels() -> tuple[Tensor, Tensor]:
    mean, std = (torch.tensor(values)[:, None, None] for values in (CLIP_MEAN, CLIP_STD))
    return mean, std
