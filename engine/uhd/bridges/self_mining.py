"""`self-mining`: HiRes-LLaVA's sampler, whose queries are the view itself, pooled.

out = W · attention(Q = pool(p), K = V = p): each token keeps its place, and nothing is learned of what to ask. Source:
Huang et al., arXiv 2407.08706. Pooling to a square of queries is its pooling with kernel k where the view is square
and k divides it (24 x 24 patches, 144 queries: k = 2); other views are pooled to as many.
"""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, ViewFeatures


class SelfMiningSampler(Bridge):
    def __init__(self, vision_dim: int, dim: int, queries: int, heads: int) -> None:
        super().__init__()
        self.side = math.isqrt(queries)
        self.attn = Attention(vision_dim, heads)
        self.proj = nn.Linear(vision_dim, dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        patches = views.features
        maps = patches.transpose(1, 2).unflatten(2, (views.grid.rows, views.grid.cols))
        queries = functional.adaptive_avg_pool2d(maps, self.side).flatten(2).transpose(1, 2)
        return self.proj(self.attn(queries, patches, patches))

    def reset_parameters(self) -> None:
        """Nothing: the matrices are drawn as any linear layer is."""
