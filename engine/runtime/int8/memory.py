"""Keys and values: what a page leaves behind, shared by its questions, and what each question adds."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.runtime.int8.shape import DecoderShape


@dataclass(frozen=True, slots=True)
class KeptPositions:
    """The memory of one sequence: `values` [layers, 2 · kv_heads, length, head_dim] fp32, keys before values."""

    values: Tensor

    @property
    def length(self) -> int:
        return int(self.values.shape[2])

    @property
    def size_bytes(self) -> int:
        return self.values.numel() * self.values.element_size()


@dataclass(slots=True)
class Continuation:
    """Rows that go on after one memory.

    `own` [layers, rows, 2 · kv_heads, capacity, head_dim] holds the first `length` positions of each row. `prefix` is
    the memory that all rows see before their own positions; a single row has it copied into `own` instead, where one
    attention over both is faster. `seen` [rows, capacity] is False at padding, None where there is none.
    """

    prefix: KeptPositions | None
    own: Tensor
    length: int
    seen: Tensor | None = None
    _views: list[tuple[Tensor, Tensor, Tensor]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return int(self.own.shape[1])

    @property
    def alone(self) -> bool:
        """Whether it is one row that sees its own positions and nothing else."""
        return self.rows == 1 and self.prefix is None and self.seen is None

    def kept(self) -> KeptPositions:
        """The memory of the only row."""
        return KeptPositions(self.own[:, 0, :, : self.length].contiguous())

    def by_layer(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Per layer, of the only row: keys and values [2 · kv_heads, capacity, head_dim]; the keys alone and the values
        alone, each with an axis before. Views cost as much as arithmetic on one position, so they are made once."""
        if not self._views:
            half = self.own.shape[2] // 2
            self._views = [(layer[0], layer[:, :half], layer[:, half:]) for layer in self.own.unbind()]
        return self._views

    def keep(self, rows: Tensor) -> None:
        """Goes on with the rows at these indices alone."""
        self.own = self.own[:, rows]
        self._views = []
        self.seen = None if self.seen is None else self.seen[rows]


def continuation(shape: DecoderShape, after: KeptPositions | None, rows: int, room: int) -> Continuation:
    """`rows` rows after `after`, with room for `room` further positions each."""
    copied = after.length if after is not None and rows == 1 else 0
    own = torch.empty(shape.layers, rows, 2 * shape.kv_heads, copied + room, shape.head_dim)
    if after is None or rows > 1:
        return Continuation(after, own, 0)
    own[:, 0, :, :copied] = after.values
    return Continuation(None, own, copied)
