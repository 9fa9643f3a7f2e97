"""`flamingo`: Flamingo's perceiver resampler, several layers of attention and feed-forward on learned queries.

Source: Alayrac et al., arXiv 2204.14198, section 3.1.1 and its listing: the queries are among the keys, each part
is added to what it read, and the feed-forward is four times as wide. Positions of the patches come from the tower.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, ViewFeatures
from engine.uhd.bridges.init import init_resampler

EXPANSION = 4


class FlamingoLayer(nn.Module):
    """queries += attention(queries; patches and queries); queries += feed-forward(queries)."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.ln_patches = nn.LayerNorm(dim)
        self.ln_queries = nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, EXPANSION * dim), nn.GELU(), nn.Linear(EXPANSION * dim, dim)
        )

    def forward(self, queries: Tensor, patches: Tensor) -> Tensor:
        asked = self.ln_queries(queries)
        seen = torch.cat([self.ln_patches(patches), asked], dim=1)
        queries = queries + self.attn(asked, seen, seen)
        return queries + self.feed_forward(queries)


class FlamingoResampler(Bridge):
    def __init__(self, vision_dim: int, dim: int, queries: int, heads: int, depth: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(queries, dim))
        self.kv_proj = nn.Linear(vision_dim, dim)
        self.layers = nn.ModuleList(FlamingoLayer(dim, heads) for _ in range(depth))
        self.ln_post = nn.LayerNorm(dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        patches = self.kv_proj(views.features)
        queries = self.query.expand(patches.shape[0], -1, -1)
        for layer in self.layers:
            queries = layer(queries, patches)
        return self.ln_post(queries)

    def reset_parameters(self) -> None:
        init_resampler(self)
