"""`windowed`: the released LLaVA-UHD v1 resampler, 144 queries that each see their own window of the view.

Source: `AdaptSpatialResampler` of thunlp/LLaVA-UHD, branch LLaVA-UHD-v1, commit dd7f6cc. The paper's text describes
a plain perceiver with 64 queries instead (see `perceiver`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, ViewFeatures
from engine.uhd.bridges.init import init_resampler
from engine.uhd.bridges.windows import pool_grid, pool_positions, pool_windows

LAYER_NORM_EPS = 1e-6


class WindowedResampler(Bridge):
    """X = LN(F·W); V = pool(X), K = pool(X + P) by window; out = LN(attention(LN(query) + pos, K, V))·proj.

    Pooling is linear: K is V and the pooled positions.
    """

    def __init__(self, vision_dim: int, dim: int, queries: int, heads: int) -> None:
        super().__init__()
        self.side = round(queries**0.5)
        self.query = nn.Parameter(torch.empty(queries, dim))
        self.pos_embed = nn.Parameter(torch.empty(queries, dim), requires_grad=False)
        self.kv_proj = nn.Linear(vision_dim, dim, bias=False)
        self.attn = Attention(dim, heads)
        self.ln_q = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_kv = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_post = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.proj = nn.Parameter(torch.empty(dim, dim))

    def forward(self, views: ViewFeatures) -> Tensor:
        count, grid, pool = views.features.shape[0], views.grid, pool_grid(views.grid)
        patches = self.ln_kv(self.kv_proj(views.features))
        values = pool_windows(patches, grid, pool, self.side)
        keys = values + pool_positions(self.pos_embed, grid, pool, self.side).repeat(count, 1, 1)
        queries = (self.ln_q(self.query) + self.pos_embed)[:, None]
        attended = self.attn.windows(queries, keys, values).unflatten(0, (count, -1))[:, :, 0]
        return self.ln_post(attended) @ self.proj

    def reset_parameters(self) -> None:
        init_resampler(self)
