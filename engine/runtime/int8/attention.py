"""Attention of new positions over a shared memory and over each row's own positions.

The heads that share keys and values are taken as further positions that ask the same keys, so that nothing is
repeated in memory. Two stretches of keys are attended to apart and joined by their normalizers, as
FlashAttention-2 does (arXiv 2307.08691, section 3.1).
"""

from __future__ import annotations

import torch
from torch import Tensor

from engine.runtime.int8.memory import Continuation

flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default


def attend(queries: Tensor, rows: Continuation, layer: int, length: int) -> Tensor:
    """[rows, asking, heads, head_dim]: what `queries` of that shape see, which are the last of `length` new positions
    that `rows` already holds behind its `rows.length`."""
    own, sizes = _over_own(queries, rows, layer, length)
    if rows.prefix is None:
        return own
    prefix, prefix_sizes = _over_prefix(queries, rows.prefix.values[layer])
    share = torch.sigmoid(prefix_sizes - sizes).unsqueeze(-1)
    return torch.lerp(own, prefix, share)


def attention_weights(queries: Tensor, rows: Continuation, layer: int) -> Tensor:
    """[length, seen]: the softmax weights of the only row's new positions, averaged over heads."""
    _, length, heads, head_dim = queries.shape
    seen = rows.length + length
    keys = rows.own[layer, 0, : rows.own.shape[2] // 2, :seen].repeat_interleave(2 * heads // rows.own.shape[2], 0)
    scores = torch.matmul(queries[0].transpose(0, 1), keys.transpose(1, 2)).mul_(head_dim**-0.5)
    scores.masked_fill_(~_causal(length, seen), float("-inf"))
    return scores.softmax(-1).mean(0)


def _over_own(queries: Tensor, rows: Continuation, layer: int, length: int) -> tuple[Tensor, Tensor]:
    """What `queries` see of their own rows [rows, asking, heads, head_dim], and the log of the sum of their
    exponentials [rows, asking, heads]."""
    count, asking, heads, head_dim = queries.shape
    seen = rows.length + length
    keys, values = rows.own[layer, :, :, :seen].chunk(2, 1)
    kv_heads = keys.shape[1]
    mask = _mask(rows, asking, seen)
    if asking == 1:
        grouped = queries.reshape(count, kv_heads, -1, head_dim)
        out, sizes = flash(grouped, keys, values, attn_mask=mask)
        return out.reshape(count, 1, heads, head_dim), sizes.reshape(count, 1, heads)
    repeated = [part.repeat_interleave(heads // kv_heads, 1) for part in (keys, values)]
    plain = mask is None and asking == seen
    out, sizes = flash(queries.transpose(1, 2), *repeated, is_causal=plain, attn_mask=mask)
    return out.transpose(1, 2), sizes.transpose(1, 2)


def _over_prefix(queries: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """As `_over_own`, over the memory of one layer that all rows share."""
    count, asking, heads, head_dim = queries.shape
    keys, values = memory[None].chunk(2, 1)
    kv_heads = keys.shape[1]
    grouped = queries.reshape(count * asking, kv_heads, -1, head_dim).transpose(0, 1).reshape(1, kv_heads, -1, head_dim)
    out, sizes = flash(grouped, keys, values)
    out = out.reshape(kv_heads, count, asking, -1, head_dim).permute(1, 2, 0, 3, 4)
    sizes = sizes.reshape(kv_heads, count, asking, -1).permute(1, 2, 0, 3)
    return out.reshape(queries.shape), sizes.reshape(count, asking, heads)


def _mask(rows: Continuation, asking: int, seen: int) -> Tensor | None:
    """What is added to the scores so that only positions seen count, None where a plain (causal) attention says the
    same. A padded position sees itself, so that nothing is divided by nothing."""
    if rows.seen is None:
        return None if asking in (1, seen) else _added(_causal(asking, seen))
    real = rows.seen[:, None, None, :seen]
    return _added(real if asking == 1 else (_causal(asking, seen) & real) | _causal(asking, seen).triu(seen - asking))


def _added(allowed: Tensor) -> Tensor:
    return torch.zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))


def _causal(asking: int, seen: int) -> Tensor:
    return torch.ones(asking, seen, dtype=torch.bool).tril_(seen - asking)
