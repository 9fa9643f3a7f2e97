"""The vision tower: CLIP's ViT over views of any aspect, positions interpolated to the view's own patch grid.

Stock `CLIPVisionModel` with `interpolate_pos_encoding=True` computes what the released encoder does. The features
are a hidden state before the last (-2), so the layers above it are not even built.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModel

from engine.errors import CheckpointError
from engine.slicing.plan import Grid
from engine.uhd.bridges.base import PatchGrid, ViewFeatures
from engine.uhd.restore import SliceRestore


def layers_used(config: CLIPVisionConfig, feature_layer: int) -> int:
    """How many of the tower's layers lead to hidden state `feature_layer`; 0 is the embeddings, -1 the last layer's."""
    hidden_states = int(config.num_hidden_layers) + 1
    return feature_layer % hidden_states


class VisionTower(nn.Module):
    """From normalised views to patch features; the class token is dropped, no layer norm follows.

    `restore_layers` are those, counted from 1, whose attention is followed by SliceRestore where the slices of a page
    come together. Raises CheckpointError where the tower has no such layer.
    """

    def __init__(self, config: CLIPVisionConfig, feature_layer: int, restore_layers: Sequence[int] = ()) -> None:
        super().__init__()
        used = deepcopy(config)
        used.num_hidden_layers = layers_used(config, feature_layer)
        if beyond := [layer for layer in restore_layers if not 1 <= layer <= used.num_hidden_layers]:
            raise CheckpointError(
                f"This model restores slices after layer {beyond[0]}, but its features are those of layer "
                f"{used.num_hidden_layers}."
            )
        self.patch_size = int(config.patch_size)
        self.clip = CLIPVisionModel(used)
        self.restore = nn.ModuleDict(
            {str(layer): SliceRestore(used.hidden_size, used.num_attention_heads) for layer in restore_layers}
        )

    @property
    def weight(self) -> Tensor:
        """Where and in which type it computes is where and what this is."""
        return self.clip.embeddings.patch_embedding.weight

    def forward(self, pixels: Tensor, slices: Grid | None = None) -> ViewFeatures:
        """The patch features of views of one size, for `pixels` [views, 3, height_px, width_px].

        With `slices` the views are all the slices of each page, row-major; restore layers then join them.
        """
        grid = PatchGrid(pixels.shape[-2] // self.patch_size, pixels.shape[-1] // self.patch_size)
        if slices is None or not self.restore:
            hidden = self.clip(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state
        else:
            hidden = self._joined(pixels, grid, slices)
        return ViewFeatures(hidden[:, 1:], grid, pixels)

    def _joined(self, pixels: Tensor, grid: PatchGrid, slices: Grid) -> Tensor:
        """The layers as CLIP runs them, with what SliceRestore adds to the attention of some; the class tokens of
        the slices stay apart."""
        hidden = self.clip.pre_layrnorm(self.clip.embeddings(pixels, interpolate_pos_encoding=True))
        for number, layer in enumerate(self.clip.encoder.layers, start=1):
            if str(number) not in self.restore:
                hidden = layer(hidden, None)
                continue
            attended, _ = layer.self_attn(layer.layer_norm1(hidden))
            restored = self.restore[str(number)](attended[:, 1:], grid, slices)
            hidden = hidden + torch.cat([attended[:, :1], restored], dim=1)
            hidden = hidden + layer.mlp(layer.layer_norm2(hidden))
        return hidden
