"""Multi-head attention of the bridges, in the plain order and in a cheaper one for windows with few queries."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """softmax(q·kᵀ/√d)·v over `heads` heads of dim/heads channels, as `torch.nn.MultiheadAttention` computes it."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """[batch, queries, dim] for queries [batch, queries, dim] and keys and values [batch, keys, dim]."""
        q, k, v = self._split(self.query(queries)), self._split(self.key(keys)), self._split(self.value(values))
        attended = functional.scaled_dot_product_attention(q, k, v)
        return self.out(attended.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def windows(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """[views·windows, queries, dim] for each window's own queries [windows, queries, dim], the same in all views,
        and keys and values [views·windows, keys, dim].

        The same sum as `forward`, bracketed otherwise: the key matrix is applied to the few queries and the value
        matrix to what they attended to, not to all keys and values. The key bias moves all scores of a query alike
        and drops out. For the released resamplers this saves three quarters of the bridge's work.
        """
        heads = self._split(self.query(queries)).transpose(1, 2) * (queries.shape[-1] // self.heads) ** -0.5
        key_weight, value_weight = (layer.weight.unflatten(0, (self.heads, -1)) for layer in (self.key, self.value))
        asked = torch.einsum("wqhd,hdc->wqhc", heads, key_weight).flatten(1, 2)
        attended = []
        for k, v in zip(keys.split(queries.shape[0]), values.split(queries.shape[0]), strict=True):
            seen = (asked @ k.transpose(1, 2)).softmax(-1) @ v
            attended.append(torch.einsum("wqhc,hdc->wqhd", seen.unflatten(1, (-1, self.heads)), value_weight))
        return self.out(torch.cat(attended).flatten(2) + self.value.bias)
