"""Copies, rows and size of what transformers keeps of a sequence, for dense, sliding and linear attention alike.

transformers' own row calls differ by layer kind: `batch_repeat_interleave` is missing from linear attention layers,
`reorder_cache` is the one that every kind has.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers.cache_utils import Cache, DynamicLayer, LinearAttentionCacheLayerMixin


def copied(cache: Cache) -> Cache:
    """A cache that can go on without changing `cache`. Plain layers grow by concatenation and share their tensors;
    others are written in place and are copied whole."""
    other = copy.copy(cache)
    other.layers = [copy.copy(layer) if type(layer) is DynamicLayer else copy.deepcopy(layer) for layer in cache.layers]
    return other


def select_rows(cache: Cache, rows: Tensor) -> None:
    """Keeps the `rows` [count] (long) of `cache`, in their order; a row named twice is kept twice."""
    cache.reorder_cache(rows)


def joined(caches: Sequence[Cache]) -> Cache:
    """One cache with the rows of `caches` one after another, shorter ones padded at their beginning, where the
    attention mask has to hide them. The arguments must not be used afterwards."""
    first = caches[0]
    for layers in zip(*(cache.layers for cache in caches), strict=True):
        if isinstance(layers[0], LinearAttentionCacheLayerMixin):
            _join_states(layers)
        if isinstance(layers[0], DynamicLayer) and layers[0].is_initialized:
            _join_keys(layers)
    return first


def _join_keys(layers: Sequence[Any]) -> None:
    length = max(layer.keys.shape[-2] for layer in layers)
    into = layers[0]
    for name in ("keys", "values"):
        padded = [pad(kept, (0, 0, length - kept.shape[-2], 0)) for kept in (getattr(one, name) for one in layers)]
        setattr(into, name, torch.cat(padded))
    if into.is_sliding:
        into.cumulative_length = max(layer.cumulative_length for layer in layers)


def _join_states(layers: Sequence[Any]) -> None:
    for name in ("conv_states", "recurrent_states"):
        states = getattr(layers[0], name)
        for index, state in states.items():
            if state is not None:
                states[index] = torch.cat([getattr(layer, name)[index] for layer in layers])


def tensors_of(cache: Cache) -> list[Tensor]:
    """Every tensor that `cache` holds."""
    found: list[Tensor] = []
    for layer in cache.layers:
        for value in vars(layer).values():
            values = value.values() if isinstance(value, dict) else (value,)
            found += [one for one in values if isinstance(one, Tensor)]
    return found


def size_bytes(cache: Cache) -> int:
    """What the tensors of `cache` take."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors_of(cache))
