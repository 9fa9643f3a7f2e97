"""The layers of a dense decoder in int8: as few passes over memory as torch's own operations allow.

One position of one row, the step that writes an answer, is memory-bound and pays for every operation; there the
scales are plain numbers. Many positions are cut into blocks that stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor
from torch.nn.functional import silu

from engine.runtime.int8.attention import attend, attention_weights, flash
from engine.runtime.int8.linear import Int8Linear, Rows, pack_layers
from engine.runtime.int8.memory import Continuation
from engine.runtime.int8.shape import DecoderShape
from engine.runtime.int8.weights import Tensors, check_sizes, layer_of, tensor_of, tensors_of

# Positions that go through the feed-forward network at once; their inner activations stay in the last-level cache.
_BLOCK = 128
_PARTS = ("qkv", "out", "gate_up", "down")


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer. `head_norms` [heads + kv_heads, head_dim] is None where heads are not normalized."""

    input_norm: Tensor
    output_norm: Tensor
    head_norms: Tensor | None
    qkv: Int8Linear
    out: Int8Linear
    gate_up: Int8Linear
    down: Int8Linear


class Int8Network:
    """A dense decoder over embeddings; a `compact` one is packed for few rows alone, as every head is.

    Raises CheckpointError where tensors are missing or of the wrong size.
    """

    def __init__(self, shape: DecoderShape, tensors: Mapping[str, Tensor], *, compact: bool = False) -> None:
        check_sizes(tensors, shape)
        self.shape = shape
        self.embeddings = tensor_of(tensors, "embeddings")
        self._norm = tensor_of(tensors, "norm")
        self._frequencies = tensor_of(tensors, "frequencies")
        self._rotary_scale = tensor_of(tensors, "rotary_scale")
        self._head = pack_layers([layer_of(tensors, "head")], Rows.FEW)[0]
        self._layers = _layers(tensors, shape.layers, Rows.FEW if compact else Rows.ANY)
        self._halves = (shape.inner, shape.inner)
        self._nothing = torch.zeros(())

    def tensors(self) -> Tensors:
        """What the network was made of."""
        tensors: Tensors = {
            "embeddings": self.embeddings,
            "norm": self._norm,
            "frequencies": self._frequencies,
            "rotary_scale": self._rotary_scale,
        }
        tensors.update(tensors_of(self._head.layer, "head"))
        for index, layer in enumerate(self._layers):
            name = f"layers.{index}"
            tensors |= {f"{name}.input_norm": layer.input_norm, f"{name}.output_norm": layer.output_norm}
            if layer.head_norms is not None:
                tensors[f"{name}.head_norms"] = layer.head_norms
            for part in _PARTS:
                tensors.update(tensors_of(getattr(layer, part).layer, f"{name}.{part}"))
        return tensors

    def embed(self, ids: Tensor) -> Tensor:
        """[..., dim] fp32 for `ids` [...]."""
        return self.embeddings[ids].float()

    def rotation(self, positions: Tensor) -> Tensor:
        """[..., 1, head_dim / 2] complex: how heads at `positions` [...] are turned."""
        angles = positions[..., None, None] * self._frequencies
        return torch.polar(self._rotary_scale.expand_as(angles), angles)

    def read(
        self, hidden: Tensor, rotation: Tensor, rows: Continuation, keep: int, seen_by: list[Tensor] | None = None
    ) -> Tensor:
        """[rows, keep, dim]: `hidden` [rows, length, dim] after all layers, at its last `keep` positions; `rows`
        remembers all of it. With `seen_by`, each layer adds to it what `attention_weights` says of the first row."""
        count, length, _ = hidden.shape
        flat = hidden.reshape(count * length, -1).clone()
        last = len(self._layers) - 1
        for index, layer in enumerate(self._layers):
            qkv = self._heads(layer, flat, rotation).view(count, length, -1, self.shape.head_dim)
            queries, new = qkv.split((self.shape.heads, 2 * self.shape.kv_heads), 2)
            rows.own[index, :, :, rows.length : rows.length + length] = new.transpose(1, 2)
            if seen_by is not None:
                seen_by.append(attention_weights(queries, rows, index))
            if index == last and keep < length:
                queries = queries[:, length - keep :]
                flat = flat.view(count, length, -1)[:, length - keep :].reshape(count * keep, self.shape.dim)
            if flat.shape[0]:
                mixed = attend(queries, rows, index, length)
                flat += layer.out(mixed.reshape(flat.shape[0], -1))
                self._feed_forward(layer, flat)
        rows.length += length
        return flat.view(count, keep, self.shape.dim)

    def step(self, hidden: Tensor, rotation: Tensor, rows: Continuation) -> Tensor:
        """[1, dim]: as `read` for one position `hidden` [1, dim] of the only row, which has nothing hidden. `rotation`
        is that of a position."""
        shape, at = self.shape, rows.length
        turns = self._step_turns(rotation)
        flat = hidden.clone()
        for layer, (own, keys, values) in zip(self._layers, rows.by_layer(), strict=True):
            qkv = layer.qkv(self._normalized(flat, layer.input_norm))
            if layer.head_norms is not None:
                turned = qkv.view(-1, shape.head_dim)[: shape.heads + shape.kv_heads]
                turned.mul_(self._inverse_sizes(turned)).mul_(layer.head_norms)
            qkv.view(torch.complex64).mul_(turns)
            queries, new = qkv.view(-1, shape.head_dim).split_with_sizes((shape.heads, 2 * shape.kv_heads))
            own.select(1, at).copy_(new)
            mixed = flash(
                queries.view(1, shape.kv_heads, -1, shape.head_dim), keys[:, :, : at + 1], values[:, :, : at + 1]
            )
            flat += layer.out(mixed[0].view(1, -1))
            self._feed_forward_block(layer, flat)
        rows.length += 1
        return flat

    def _step_turns(self, rotation: Tensor) -> Tensor:
        """[1, channels of queries, keys and values / 2] complex: `rotation` for each head; values stay as they are."""
        turned = self.shape.heads + self.shape.kv_heads
        turns = torch.ones(turned + self.shape.kv_heads, rotation.shape[-1], dtype=torch.complex64)
        turns[:turned] = rotation.view(1, -1)
        return turns.view(1, -1)

    def scores(self, hidden: Tensor) -> Tensor:
        """[rows, vocabulary] for `hidden` [rows, dim]."""
        return self._head(self._normalized(hidden, self._norm))

    def _heads(self, layer: Layer, flat: Tensor, rotation: Tensor) -> Tensor:
        """[positions, heads + 2 · kv_heads, head_dim]: queries, keys and values, the first two turned."""
        shape = self.shape
        qkv = layer.qkv(self._normalized(flat, layer.input_norm)).view(flat.shape[0], -1, shape.head_dim)
        turned = qkv[:, : shape.heads + shape.kv_heads]
        if layer.head_norms is not None:
            turned.mul_(self._inverse_sizes(turned)).mul_(layer.head_norms)
        torch.view_as_complex(turned.unflatten(-1, (-1, 2))).mul_(rotation)
        return qkv

    def _feed_forward(self, layer: Layer, flat: Tensor) -> None:
        for block in flat.split(_BLOCK):
            self._feed_forward_block(layer, block)

    def _feed_forward_block(self, layer: Layer, block: Tensor) -> None:
        gate, up = layer.gate_up(self._normalized(block, layer.output_norm)).split_with_sizes(self._halves, 1)
        block += layer.down(silu(gate).mul_(up))

    def _normalized(self, x: Tensor, weight: Tensor) -> Tensor:
        if x.shape[0] > 1:
            return (x * self._inverse_sizes(x)).mul_(weight)
        size = torch.linalg.vector_norm(x).item()
        inverse = 1 / sqrt(size * size / x.shape[1] + self.shape.epsilon)
        return torch.addcmul(self._nothing, x, weight, value=inverse)

    def _inverse_sizes(self, x: Tensor) -> Tensor:
        return torch.linalg.vector_norm(x, 2, -1, True).square_().div_(x.shape[-1]).add_(self.shape.epsilon).rsqrt_()


def _layers(tensors: Mapping[str, Tensor], count: int, rows: Rows) -> list[Layer]:
    names = [f"layers.{index}" for index in range(count)]
    linears = iter(pack_layers([layer_of(tensors, f"{name}.{part}") for name in names for part in _PARTS], rows))
    return [
        Layer(
            tensor_of(tensors, f"{name}.input_norm"),
            tensor_of(tensors, f"{name}.output_norm"),
            tensors.get(f"{name}.head_norms"),
            **{part: next(linears) for part in _PARTS},
        )
        for name in names
    ]
