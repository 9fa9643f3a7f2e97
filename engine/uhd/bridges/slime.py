"""`slime`: SliME's two ways from patches to tokens, a soft mixture of two adapters for the overview and compression to
144 queries for a slice, through one shared pair of matrices.

Source: Zhang et al., arXiv 2406.08487; yfzhang114/SliME 5c89ec9, `multimodal_projector/builder.py` (`GatedBlock`) and
`multimodal_resampler/sampler.py`. Its noise of the gate in training is scaled by the gate's own matrix, though a matrix
of its own is saved for it; that is repeated here, and the unused matrix is not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import initialization as init

from engine.errors import PlanRefusedError
from engine.uhd.bridges.attention import Attention
from engine.uhd.bridges.base import Bridge, PatchGrid, ViewFeatures
from engine.uhd.bridges.init import init_resampler
from engine.uhd.bridges.linear import MlpBridge
from engine.uhd.bridges.positions import resize_positions
from engine.uhd.bridges.windowed import LAYER_NORM_EPS

EXPERTS = 2
NO_EXPERT = -1
"""The gate decides."""
NOISE_FLOOR = 1e-2
SUM_FLOOR = 1e-6


class SlimeResampler(nn.Module):
    """LN(attention(LN(query) + pos, LN(x) + P, LN(x))) over all patches, in the tower's width."""

    def __init__(self, dim: int, queries: int, heads: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(queries, dim))
        self.pos_embed = nn.Parameter(torch.empty(queries, dim), requires_grad=False)
        self.attn = Attention(dim, heads)
        self.ln_q = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_kv = nn.LayerNorm(dim, LAYER_NORM_EPS)
        self.ln_post = nn.LayerNorm(dim, LAYER_NORM_EPS)

    def forward(self, patches: Tensor, grid: PatchGrid) -> Tensor:
        """[views, queries, dim] for `patches` [views, patches, dim]."""
        values = self.ln_kv(patches)
        queries = (self.ln_q(self.query) + self.pos_embed).expand(values.shape[0], -1, -1)
        return self.ln_post(self.attn(queries, values + resize_positions(self.pos_embed, grid), values))


class SlimeBridge(Bridge):
    """Overview: g₁·MLP(x) + g₂·MLP(mixer(x)), g = softmax(x·gate) per token. Slice: MLP(compressor(x)).

    `forced_expert` 0 or 1 takes that adapter alone, as the first stages of training do; -1 mixes.
    """

    def __init__(self, vision_dim: int, dim: int, queries: int, overview_queries: int, heads: int) -> None:
        super().__init__()
        self.forced_expert = NO_EXPERT
        self.gate = nn.Parameter(torch.empty(vision_dim, EXPERTS))
        self.mixer = SlimeResampler(vision_dim, overview_queries, heads)
        self.compressor = SlimeResampler(vision_dim, queries, heads)
        self.mlp = MlpBridge(vision_dim, dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        """Raises PlanRefusedError for an overview that has not as many patches as the mixer has queries."""
        patches = views.features
        if not views.overview:
            return self._project(self.compressor(patches, views.grid), views)
        if patches.shape[1] != self.mixer.query.shape[0]:
            raise PlanRefusedError(
                f"SliME takes overviews of {self.mixer.query.shape[0]} patches, not of {patches.shape[1]}.",
                "Slice the page by the policy slime.",
            )
        if self.forced_expert == 0:
            return self._project(patches, views)
        mixed = self._project(self.mixer(patches, views.grid), views)
        if self.forced_expert == 1:
            return mixed
        shares = self._shares(patches)
        return shares[..., :1] * self._project(patches, views) + shares[..., 1:] * mixed

    def _project(self, features: Tensor, views: ViewFeatures) -> Tensor:
        return self.mlp(ViewFeatures(features, views.grid, views.pixels))

    def _shares(self, patches: Tensor) -> Tensor:
        """[views, patches, 2]: how much of each adapter a token takes."""
        logits = patches @ self.gate
        if self.training:
            logits = logits + torch.randn_like(logits) * (functional.softplus(logits) + NOISE_FLOOR)
        shares = logits.softmax(-1)
        return shares / (shares.sum(-1, keepdim=True) + SUM_FLOOR)

    def reset_parameters(self) -> None:
        """The gate begins undecided."""
        init.zeros_(self.gate)
        init_resampler(self.mixer)
        init_resampler(self.compressor)
