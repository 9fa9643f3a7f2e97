"""What a language model is to a reader: a page is remembered once, questions are continued from it.

Two implementations follow this protocol: transformers' own modules (any precision, CPU and CUDA), and the int8 loop
for dense decoders on a CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some consecutive positions of one sequence: `embeds` [length, dim], `positions` [axes, length] (long).

    One axis is the plain count; models with more (M-RoPE) give theirs in the order in which their language model
    takes them as `position_ids`.
    """

    embeds: Tensor
    positions: Tensor

    @property
    def length(self) -> int:
        return int(self.embeds.shape[0])


@dataclass(frozen=True, slots=True)
class Step:
    """One token that a model wrote, and its log-probability (natural log) when it was chosen."""

    token: int
    logprob: float


def nothing() -> None:
    """Where nobody cancels."""


class Memory(Protocol):
    """What a decoder remembers of the positions it has seen. It is never changed: a continuation works on a copy."""

    @property
    def length(self) -> int:
        """Positions remembered."""

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""


class Decoder(Protocol):
    """A causal language model over embeddings. Every call may raise OutOfDeviceMemoryError; none changes its arguments.

    Results of the same call on the same device are bit-equal.
    """

    @property
    def dim(self) -> int:
        """Channels of an embedding."""

    def embed(self, ids: Sequence[int]) -> Tensor:
        """[length, dim]: the embeddings of token ids."""

    def remember(self, part: Stretch, after: Memory | None = None) -> Memory:
        """The memory of `after` (nothing, where None) followed by `part`."""

    def logits(self, parts: Sequence[Stretch], after: Memory | None, keep: int) -> Tensor:
        """[rows, keep, vocabulary] fp32: for continuations of equal length, each of its own row after the one
        `after`, the logits at their last `keep` positions. Rows run as one batch."""

    def stream(self, part: Stretch, after: Memory | None, limit: int, stop: frozenset[int]) -> Iterator[Step]:
        """Greedy tokens after `part`, at most `limit`, ended by (and with) one of `stop`. Closing it cancels."""

    def stream_rows(
        self,
        parts: Sequence[Stretch],
        after: Memory | None,
        limit: int,
        stop: frozenset[int],
        pause: Callable[[], None] = nothing,
    ) -> list[list[Step]]:
        """As `stream`, for several questions on one page run as one batch; parts may differ in length. The tokens
        of a row are those that `stream` gives for it alone. `pause` is called between tokens and raises to cancel."""

    def attention(self, part: Stretch, after: Memory | None) -> Tensor | None:
        """[length, all positions] fp32: what each position of `part` attends to, averaged over heads and softmax
        layers; None where no layer of the model has such weights."""
