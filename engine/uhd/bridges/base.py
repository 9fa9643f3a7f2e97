"""What every bridge is: patch features of one view in, visual tokens of the language model's width out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class PatchGrid:
    """How many patches a view has downwards and across."""

    rows: int
    cols: int

    @property
    def patches(self) -> int:
        return self.rows * self.cols


@dataclass(frozen=True, slots=True)
class ViewFeatures:
    """Views of one size: patch features [views, patches, vision width], row-major over `grid`, and the normalised
    pixels [views, 3, height_px, width_px] that they were made of. Where a bridge treats them differently, `overview`
    says that they are overviews, not slices."""

    features: Tensor
    grid: PatchGrid
    pixels: Tensor
    overview: bool = False


class Bridge(nn.Module, ABC):
    """From patch features to visual tokens [views, tokens, language width]."""

    @abstractmethod
    def forward(self, views: ViewFeatures) -> Tensor:
        """The visual tokens of each view."""

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draws the initial weights that no module inside draws by itself."""
