"""A dense decoder of transformers as int8 tensors, by name: what the engine runs and what its folders hold.

Queries, keys and values, which read the same input, are stacked; queries come scaled, so that attention has one
operation less; and the channels of each query and key head are put in the order of their rotary pairs. None of it
changes what the decoder computes. Weights lie as the graphs multiply with them, [in, out], so that they are used where
a file is mapped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.runtime.int8.linear import quantize_weight
from engine.runtime.int8.shape import DecoderShape, shape_of

Tensors = dict[str, Tensor]


def quantize_decoder(text_model: Any, head: Any) -> Tensors:
    """The tensors of the text model and the head of a causal LM of transformers, quantized; the embeddings as they are.

    Raises CheckpointError where the engine does not run such a decoder.
    """
    shape = shape_of(text_model.config)
    rotary = text_model.rotary_emb
    tensors: Tensors = {
        "embeddings": text_model.embed_tokens.weight.detach(),
        "norm": text_model.norm.weight.detach().float(),
        "frequencies": rotary.inv_freq.detach().float() + 0,
        "rotary_scale": torch.tensor(float(rotary.attention_scaling)),
    }
    tensors.update(_layer_tensors("head", [head]))
    for index, layer in enumerate(text_model.layers):
        tensors.update((f"layers.{index}.{name}", tensor) for name, tensor in _block(layer, shape))
    return tensors


def biased_layers(tensors: Mapping[str, Tensor]) -> frozenset[str]:
    """The names of the linear layers that have a bias."""
    return frozenset(name.removesuffix(".bias") for name in tensors if name.endswith(".bias"))


def check_sizes(tensors: Mapping[str, Tensor], shape: DecoderShape) -> None:
    """Raises CheckpointError where a tensor of a decoder of `shape` is missing, of another size or of another type."""
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings": (shape.vocabulary, shape.dim),
        "norm": (shape.dim,),
        "frequencies": (shape.head_dim // 2,),
        "rotary_scale": (),
    }
    linear = {"head": (shape.dim, shape.vocabulary)}
    mixing, channels = shape.heads * shape.head_dim, (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    for index in range(shape.layers):
        name = f"layers.{index}"
        sizes |= {f"{name}.input_norm": (shape.dim,), f"{name}.output_norm": (shape.dim,)}
        if shape.head_norms:
            sizes |= {f"{name}.query_norm": (shape.head_dim,), f"{name}.key_norm": (shape.head_dim,)}
        linear |= {f"{name}.qkv": (shape.dim, channels), f"{name}.out": (mixing, shape.dim)}
        linear |= {f"{name}.{half}": (shape.dim, shape.inner) for half in ("gate", "up")}
        linear[f"{name}.down"] = (shape.inner, shape.dim)
    for name, (width, out) in linear.items():
        sizes |= {f"{name}.values": (width, out), f"{name}.scales": (out,)}
        sizes |= {f"{name}.bias": (out,)} if f"{name}.bias" in tensors else {}
    for name, size in sizes.items():
        found, kind = tensor_of(tensors, name), torch.int8 if name.endswith(".values") else None
        if tuple(found.shape) != size or (found.dtype != kind if kind else not found.is_floating_point()):
            raise CheckpointError(
                f"“{name}” of the int8 weights is {tuple(found.shape)} of {found.dtype}; its configuration says {size}."
            )


def tensor_of(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """Raises CheckpointError where there is none of that name."""
    if name not in tensors:
        raise CheckpointError(f"The int8 weights lack “{name}”.")
    return tensors[name]


def _block(layer: Any, shape: DecoderShape) -> Iterator[tuple[str, Tensor]]:
    attention, feed_forward = layer.self_attn, layer.mlp
    yield "input_norm", layer.input_layernorm.weight.detach().float()
    yield "output_norm", layer.post_attention_layernorm.weight.detach().float()
    order = _rotary_order(shape)
    if shape.head_norms:
        yield "query_norm", attention.q_norm.weight.detach().float()[order] * shape.head_dim**-0.5
        yield "key_norm", attention.k_norm.weight.detach().float()[order]
    parts = [attention.q_proj, attention.k_proj, attention.v_proj]
    rows = [_head_rows(order, shape.heads), _head_rows(order, shape.kv_heads), None]
    for name, tensor in _layer_tensors("qkv", parts, rows).items():
        if not shape.head_norms and not name.endswith("values"):
            tensor[: shape.heads * shape.head_dim] *= shape.head_dim**-0.5
        yield name, tensor
    yield from _layer_tensors("out", [attention.o_proj]).items()
    yield from _layer_tensors("gate", [feed_forward.gate_proj]).items()
    yield from _layer_tensors("up", [feed_forward.up_proj]).items()
    yield from _layer_tensors("down", [feed_forward.down_proj]).items()


def _layer_tensors(name: str, parts: Sequence[Any], rows: Sequence[Tensor | None] | None = None) -> Tensors:
    """One int8 layer of linear layers stacked, the output channels of each in the order `rows`."""
    orders = rows or [None] * len(parts)
    weights = [_in_order(part.weight, order) for part, order in zip(parts, orders, strict=True)]
    quantized = [quantize_weight(weight) for weight in weights]
    tensors = {
        f"{name}.values": torch.cat([weight.values for weight in quantized]).t().contiguous(),
        f"{name}.scales": torch.cat([weight.scales for weight in quantized]),
    }
    if any(part.bias is not None for part in parts):
        biases = [torch.zeros(len(part.weight)) if part.bias is None else part.bias for part in parts]
        tensors[f"{name}.bias"] = torch.cat(
            [_in_order(bias, order).float() for bias, order in zip(biases, orders, strict=True)]
        )
    return tensors


def _in_order(tensor: Tensor, order: Tensor | None) -> Tensor:
    return tensor.detach() if order is None else tensor.detach()[order]


def _rotary_order(shape: DecoderShape) -> Tensor:
    """Channels of a head, each beside the one that transformers rotates it with (`rotate_half`)."""
    half = shape.head_dim // 2
    return torch.arange(shape.head_dim).view(2, half).t().reshape(-1)


def _head_rows(order: Tensor, heads: int) -> Tensor:
    return (torch.arange(heads)[:, None] * len(order) + order).reshape(-1)
