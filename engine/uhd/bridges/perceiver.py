"""`perceiver`: the shared resampler of the LLaVA-UHD paper, 64 queries that each see the whole view.

One layer of cross-attention, after Flamingo's resampler (arXiv 2204.14198) without its feed-forward and depth (see
`flamingo`). Sources: Xu et al., arXiv 2403.11703, section 3.3; the first public code of thunlp/LLaVA-UHD (7a3a1b6).
The code released later windows the queries instead (see `windowed`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, ViewFeatures
from engine.uhd.bridges.init import init_resampler
from engine.uhd.bridges.positions import resize_positions
from engine.uhd.bridges.windowed import LAYER_NORM_EPS


class PerceiverResampler(Bridge):
    """X = LN(F·W); out = LN(attention(LN(query) + pos, X + P, X))·proj over all patches of the view."""

    def __init__(self, vision_dim: int, dim: int, queries: int, heads: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(queries, dim))
        self.pos_embed = nn.Parameter(torch.empty(queries, dim), requires_grad=False)
        self.kv_proj = nn.Linear(vision_dim, dim, bias=False)
        self.attn = Attention(dim, heads)
        self.ln_q = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_kv = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_post = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.proj = nn.Parameter(torch.empty(dim, dim))

    def forward(self, views: ViewFeatures) -> Tensor:
        patches = self.ln_kv(self.kv_proj(views.features))
        queries = (self.ln_q(self.query) + self.pos_embed).expand(patches.shape[0], -1, -1)
        attended = self.attn(queries, patches + resize_positions(self.pos_embed, views.grid), patches)
        return self.ln_post(attended) @ self.proj

    def reset_parameters(self) -> None:
        init_resampler(self)
