"""Keys and values: what a page leaves behind, and what a question that goes on from it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.runtime.int8.shape import DecoderShape


@dataclass(frozen=True, slots=True)
class KeptPositions:
    """The memory of one sequence: `values` [layers, 2, kv_heads, length, head_dim] fp32, keys before values."""

    values: Tensor

    @property
    def length(self) -> int:
        return int(self.values.shape[3])

    @property
    def size_bytes(self) -> int:
        return self.values.numel() * self.values.element_size()


@dataclass(slots=True)
class Continuation:
    """Rows that go on after one memory.

    `own` [layers, 2, rows, kv_heads, capacity, head_dim] holds the first `length` positions of each row, and numbers
    without meaning after them. `seen` [rows, capacity] is False at padding, None where there is none.
    """

    own: Tensor
    length: int
    seen: Tensor | None = None

    @property
    def rows(self) -> int:
        return int(self.own.shape[2])

    @property
    def capacity(self) -> int:
        return int(self.own.shape[4])

    def kept(self) -> KeptPositions:
        """The memory of the only row."""
        return KeptPositions(self.own[:, :, 0, :, : self.length].contiguous())

    def keep(self, rows: Sequence[int]) -> None:
        """Goes on with the rows at these indices alone, in this order; each comes from its place or from behind."""
        for place, row in enumerate(rows):
            if place != row:
                self.own[:, :, place] = self.own[:, :, row]
        self.own = self.own[:, :, : len(rows)]
        self.seen = None if self.seen is None else self.seen[list(rows)]

    def first(self, positions: int) -> Continuation:
        """A copy with room for this many positions alone."""
        seen = None if self.seen is None else self.seen[:, :positions]
        return Continuation(self.own[..., :positions, :].contiguous(), self.length, seen)

    def follow(self, copy: Continuation) -> None:
        """Remembers what a copy of these rows has read since it was made."""
        self.own[..., self.length : copy.length, :] = copy.own[..., self.length : copy.length, :]
        self.length = copy.length

    def mask(self, length: int) -> Tensor:
        """[rows or 1, 1, length, capacity]: what is added to the scores of the next `length` positions, so that they
        see those before them and themselves. Padding sees itself, so that nothing is divided by nothing."""
        places = torch.arange(self.capacity)
        asking = torch.arange(self.length, self.length + length)[:, None]
        allowed = (places <= asking)[None]
        if self.seen is not None:
            allowed = allowed & self.seen[:, None] | (places == asking)
        return torch.zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))[:, None]


def continuation(shape: DecoderShape, after: KeptPositions | None, rows: int, room: int) -> Continuation:
    """`rows` rows after `after`, with room for `room` further positions each."""
    kept = 0 if after is None else after.length
    # Zeros, because what is not yet seen is still multiplied, by nothing.
    own = torch.zeros(shape.layers, 2, rows, shape.kv_heads, kept + room, shape.head_dim)
    if after is not None:
        own[:, :, :, :, :kept] = after.values[:, :, None]
    return Continuation(own, kept)
