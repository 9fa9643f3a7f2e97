"""A dense decoder of transformers as int8 tensors, by name: what the engine runs and what its folders hold.

Layers that read the same input are stacked (queries, keys and values; gate and up), and the channels of each query and
key head are put in the order of their rotary pairs, so that a rotation is one complex product. Neither changes what
the decoder computes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.errors import CheckpointError
from engine.runtime.int8.linear import Int8Layer, Int8Weight, quantize_weight
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


def layer_of(tensors: Mapping[str, Tensor], name: str) -> Int8Layer:
    """The linear layer stored as `name`. Raises CheckpointError where its tensors do not fit together."""
    values, scales = tensor_of(tensors, f"{name}.values"), tensor_of(tensors, f"{name}.scales")
    if values.dtype != torch.int8 or values.ndim != 2 or scales.shape != values.shape[:1]:
        raise CheckpointError(f"The int8 weights of “{name}” do not fit together.")
    return Int8Layer(Int8Weight(values, scales), tensors.get(f"{name}.bias"))


def tensors_of(layer: Int8Layer, name: str) -> Tensors:
    """What `layer_of` takes to make `layer`."""
    bias = {} if layer.bias is None else {f"{name}.bias": layer.bias}
    return {f"{name}.values": layer.weight.values, f"{name}.scales": layer.weight.scales} | bias


def check_sizes(tensors: Mapping[str, Tensor], shape: DecoderShape) -> None:
    """Raises CheckpointError where a tensor of a decoder of `shape` is missing or of another size."""
    turned, heads = shape.heads + shape.kv_heads, shape.heads + 2 * shape.kv_heads
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings": (shape.vocabulary, shape.dim),
        "norm": (shape.dim,),
        "frequencies": (shape.head_dim // 2,),
        "rotary_scale": (),
        "head.values": (shape.vocabulary, shape.dim),
    }
    for index in range(shape.layers):
        name = f"layers.{index}"
        sizes |= {f"{name}.input_norm": (shape.dim,), f"{name}.output_norm": (shape.dim,)}
        sizes |= {f"{name}.head_norms": (turned, shape.head_dim)} if shape.head_norms else {}
        sizes[f"{name}.qkv.values"] = (heads * shape.head_dim, shape.dim)
        sizes[f"{name}.out.values"] = (shape.dim, shape.heads * shape.head_dim)
        sizes[f"{name}.gate_up.values"] = (2 * shape.inner, shape.dim)
        sizes[f"{name}.down.values"] = (shape.dim, shape.inner)
    for name, size in sizes.items():
        if (found := tuple(tensor_of(tensors, name).shape)) != size:
            raise CheckpointError(f"“{name}” of the int8 weights has the size {found}; its configuration says {size}.")


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
        norms = [attention.q_norm.weight] * shape.heads + [attention.k_norm.weight] * shape.kv_heads
        yield "head_norms", torch.stack([norm.detach().float()[order] for norm in norms])
    parts = [attention.q_proj, attention.k_proj, attention.v_proj]
    rows = [_head_rows(order, shape.heads), _head_rows(order, shape.kv_heads), None]
    yield from _layer_tensors("qkv", parts, rows).items()
    yield from _layer_tensors("out", [attention.o_proj]).items()
    yield from _layer_tensors("gate_up", [feed_forward.gate_proj, feed_forward.up_proj]).items()
    yield from _layer_tensors("down", [feed_forward.down_proj]).items()


def _layer_tensors(name: str, parts: Sequence[Any], rows: Sequence[Tensor | None] | None = None) -> Tensors:
    """One int8 layer of linear layers stacked, the output channels of each in the order `rows`."""
    orders = rows or [None] * len(parts)
    weights = [_in_order(part.weight, order) for part, order in zip(parts, orders, strict=True)]
    quantized = [quantize_weight(weight) for weight in weights]
    tensors = {
        f"{name}.values": torch.cat([weight.values for weight in quantized]),
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
