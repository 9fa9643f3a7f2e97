"""The vision tower: CLIP's ViT over views of any aspect, positions interpolated to the view's own patch grid.

Stock `CLIPVisionModel` with `interpolate_pos_encoding=True` computes what the released encoder does. The features
are a hidden state before the last (-2), so the layers above it are not even built.
"""

from __future__ import annotations

from copy import deepcopy

from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from engine.uhd.bridges.base import PatchGrid, ViewFeatures


def layers_used(config: CLIPVisionConfig, feature_layer: int) -> int:
    """How many of the tower's layers lead to hidden state `feature_layer`; 0 is the embeddings, -1 the last layer's."""
    hidden_states = int(config.num_hidden_layers) + 1
    return feature_layer % hidden_states


class VisionTower(nn.Module):
    """From normalised views to patch features; the class token is dropped, no layer norm follows."""

    def __init__(self, config: CLIPVisionConfig, feature_layer: int) -> None:
        super().__init__()
        used = deepcopy(config)
        used.num_hidden_layers = layers_used(config, feature_layer)
        self.patch_size = int(config.patch_size)
        self.clip = CLIPVisionModel(used)

    def forward(self, pixels: Tensor) -> ViewFeatures:
        """The patch features of views of one size, for `pixels` [views, 3, height_px, width_px]."""
        outputs = self.clip(pixel_values=pixels, interpolate_pos_encoding=True)
        grid = PatchGrid(pixels.shape[-2] // self.patch_size, pixels.shape[-1] // self.patch_size)
        return ViewFeatures(outputs.last_hidden_state[:, 1:], grid, pixels)
