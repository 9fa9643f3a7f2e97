"""`linear` and `mlp`: every patch becomes one visual token, as in LLaVA and LLaVA-1.5.

Sources: Liu et al., arXiv 2304.08485 (one matrix) and arXiv 2310.03744 (`mlp2x_gelu`: two, with a GELU between).
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.uhd.bridges.base import Bridge, ViewFeatures


class LinearBridge(Bridge):
    def __init__(self, vision_dim: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear(vision_dim, dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        return self.proj(views.features)

    def reset_parameters(self) -> None:
        """Nothing: the matrix is drawn as any linear layer is."""


class MlpBridge(Bridge):
    def __init__(self, vision_dim: int, dim: int) -> None:
        super().__init__()
        self.up = nn.Linear(vision_dim, dim)
        self.gelu = nn.GELU()
        self.proj = nn.Linear(dim, dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        return self.proj(self.gelu(self.up(views.features)))

    def reset_parameters(self) -> None:
        """Nothing: the matrices are drawn as any linear layer is."""
