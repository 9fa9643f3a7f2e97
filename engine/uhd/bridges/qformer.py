"""`qformer`: BLIP-2's querying transformer over the patches, then one matrix to the language model's width.

The transformer is transformers' own `Blip2QFormerModel`; InstructBLIP's differs by reading the question as well,
which a bridge here does not see. Source: Li et al., arXiv 2301.12597.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import Blip2QFormerConfig, Blip2QFormerModel

from engine.uhd.bridges.base import Bridge, ViewFeatures
from engine.uhd.bridges.init import init_resampler


class QFormerBridge(Bridge):
    def __init__(self, dim: int, queries: int, qformer_config: Blip2QFormerConfig) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(queries, qformer_config.hidden_size))
        self.qformer = Blip2QFormerModel(qformer_config)
        self.language_proj = nn.Linear(qformer_config.hidden_size, dim)

    def forward(self, views: ViewFeatures) -> Tensor:
        queries = self.query.expand(views.features.shape[0], -1, -1)
        read = self.qformer(query_embeds=queries, encoder_hidden_states=views.features).last_hidden_state
        return self.language_proj(read.to(views.features.dtype))

    def reset_parameters(self) -> None:
        init_resampler(self)
