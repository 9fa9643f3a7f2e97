"""The strip tower as engine.uhd takes a tower: normalised views in, features of the words on them out."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.errors import CheckpointError
from engine.slicing.plan import Grid
from engine.uhd.bridges.base import PatchGrid, ViewFeatures
from engine.uhd.nano.tokens import WIDTH, empty_token, word_token
from engine.uhd.pixels import shown
from engine.uhd.reading import read_view


class StripTower(nn.Module):
    """Reads views strip by strip, on the CPU. It has no weights of its own. Raises CheckpointError where the features
    are said to be of another width than a word's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        if width != WIDTH:
            raise CheckpointError(f"A tower of strips gives features of {WIDTH} channels, not {width}.")

    @property
    def weight(self) -> Tensor:
        """It computes on the CPU in fp32."""
        return torch.empty(0)

    def forward(self, pixels: Tensor, slices: Grid | None = None) -> ViewFeatures:  # noqa: ARG002 - slices are not joined
        """The words of each view of one size, for `pixels` [views, 3, height_px, width_px]; views with fewer words than
        the fullest are filled up with empty tokens."""
        size = (pixels.shape[-1], pixels.shape[-2])
        read = [
            [word_token(word.letters, word.box, size, word.confidence) for word in read_view(shown(view))]
            for view in pixels
        ]
        most = max(len(words) for words in read)
        filled = [torch.stack([*words, *[empty_token(size)] * (most - len(words))]) for words in read if most]
        features = torch.stack(filled) if most else torch.zeros(len(read), 0, WIDTH)
        return ViewFeatures(features, PatchGrid(1, most), pixels)
