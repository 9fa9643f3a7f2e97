"""The int8 engine as a reader sees it: a Decoder (engine.runtime.decoder) on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.runtime.decoder import Memory, Step, Stretch, nothing
from engine.runtime.device_errors import device_errors
from engine.runtime.int8.memory import Continuation, KeptPositions, continuation
from engine.runtime.int8.network import Block, Int8Network

_CPU = torch.device("cpu")
# Positions of all rows that are held at once while a batch of answers is written.
_POSITIONS = 8192


@dataclass(slots=True)
class _Answers:
    """Answers being written: `rows` names the questions that still run, in the order of `after`'s rows. `scores`
    [rows, vocabulary] are those after the last position, `last` [rows, 1] is where that is, and `block` takes the next
    one through the network, None before the first."""

    rows: list[int]
    after: Continuation
    scores: Tensor
    last: Tensor
    block: Block | None = None

    def keep(self, chosen: Sequence[int]) -> list[int]:
        """Goes on with the rows at these ascending indices alone; gives them in the order that rows have then."""
        if len(chosen) == len(self.rows):
            return list(chosen)
        behind = [index for index in chosen if index >= len(chosen)]
        order = [index if index in chosen else behind.pop() for index in range(len(chosen))]
        self.after.keep(order)
        self.last = self.last[order]
        self.rows = [self.rows[one] for one in order]
        self.block = None
        return order


class Int8Decoder:
    """A Decoder over an Int8Network. Positions have one axis; a token's is that of the one before it plus one."""

    def __init__(self, network: Int8Network) -> None:
        self._network = network

    @property
    def dim(self) -> int:
        return self._network.shape.dim

    def embed(self, ids: Sequence[int]) -> Tensor:
        with _running("the question was being embedded"):
            return self._network.embed(torch.tensor(ids, dtype=torch.long))

    def remember(self, part: Stretch, after: Memory | None = None) -> Memory:
        with _running("the page was being read"):
            rows = self._continued(after, 1, part.length)
            self._read([part], rows, keep=0)
            return rows.kept()

    def logits(self, parts: Sequence[Stretch], after: Memory | None, keep: int) -> Tensor:
        with _running("an answer was being scored"):
            length = parts[0].length
            return self._read(parts, self._continued(after, len(parts), length), min(keep, length))

    def stream(self, part: Stretch, after: Memory | None, limit: int, stop: frozenset[int]) -> Iterator[Step]:
        for written in self._write((part,), after, limit, stop):
            yield written[0]

    def stream_rows(
        self,
        parts: Sequence[Stretch],
        after: Memory | None,
        limit: int,
        stop: frozenset[int],
        pause: Callable[[], None] = nothing,
    ) -> list[list[Step]]:
        answers: list[list[Step]] = [[] for _ in parts]
        positions = (0 if after is None else after.length) + limit + max((part.length for part in parts), default=0)
        together = max(_POSITIONS // positions, 1)
        for first in range(0, len(parts), together):
            for written in self._write(parts[first : first + together], after, limit, stop):
                pause()
                for row, step in written.items():
                    answers[first + row].append(step)
        return answers

    def attention(self, part: Stretch, after: Memory | None) -> Tensor | None:
        with _running("the attention was being read"):
            blocks: list[Tensor] = []
            self._read([part], self._continued(after, 1, part.length), keep=0, seen_by=blocks)
            return torch.cat(blocks)

    def _write(
        self, parts: Sequence[Stretch], after: Memory | None, limit: int, stop: frozenset[int]
    ) -> Iterator[dict[int, Step]]:
        """Per step, the token that each question still running got."""
        if limit < 1 or not parts:
            return
        with _running("a question was being read"):
            answers = self._begin(parts, after, limit)
        for count in range(1, limit + 1):
            with _running("an answer was being written"):
                steps = _best(answers.scores)
            yield dict(zip(answers.rows, steps, strict=True))
            unfinished = [index for index, step in enumerate(steps) if step.token not in stop]
            if not unfinished or count == limit:
                return
            with _running("an answer was being written"):
                order = answers.keep(unfinished)
                self._advance(answers, [steps[index].token for index in order])

    def _begin(self, parts: Sequence[Stretch], after: Memory | None, limit: int) -> _Answers:
        length = max(part.length for part in parts)
        rows = self._continued(after, len(parts), length + limit)
        lengths = torch.tensor([part.length for part in parts])
        if int(lengths.min()) < length:
            places = torch.arange(rows.capacity) - rows.length
            rows.seen = (places < 0) | (places >= (length - lengths)[:, None])
        scores = self._read([_padded(part, length) for part in parts], rows, keep=1)[:, 0]
        last = torch.stack([_line(part)[-1:] for part in parts])
        return _Answers(list(range(len(parts))), rows, scores, last)

    def _advance(self, answers: _Answers, tokens: Sequence[int]) -> None:
        if answers.block is None:
            answers.block = self._network.step(answers.after)
        answers.last = answers.last + 1
        answers.block.run(self._network.embed(torch.tensor(tokens))[:, None], answers.last)
        answers.scores = answers.block.scores(1)[:, 0]

    def _read(
        self, parts: Sequence[Stretch], rows: Continuation, keep: int, seen_by: list[Tensor] | None = None
    ) -> Tensor:
        embeds = torch.stack([part.embeds.to(_CPU, torch.float32) for part in parts])
        positions = torch.stack([_line(part) for part in parts])
        return self._network.read(embeds, positions, rows, keep, seen_by)

    def _continued(self, after: Memory | None, rows: int, room: int) -> Continuation:
        if after is not None and not isinstance(after, KeptPositions):
            raise TypeError(f"this memory was made by another decoder: {type(after).__name__}")
        return continuation(self._network.shape, after, rows, room)


def _best(scores: Tensor) -> list[Step]:
    """The likeliest token of each of `scores` [rows, vocabulary]. In numpy, whose one thread leaves none behind that
    waits for more while onnxruntime's want the processor."""
    steps = []
    for row in scores.numpy():
        token = int(row.argmax())
        steps.append(Step(token, -math.log(float(np.exp(row - row[token]).sum()))))
    return steps


def _line(part: Stretch) -> Tensor:
    """[length]: the positions of `part`, which these decoders count on one axis."""
    if part.positions.shape[0] != 1:
        raise ValueError(f"these decoders take one axis of positions, not {part.positions.shape[0]}")
    return part.positions[0].to(_CPU)


def _padded(part: Stretch, length: int) -> Stretch:
    """`part` at the end of `length` positions, so that all rows write their answers at the same place."""
    before = length - part.length
    return Stretch(pad(part.embeds, (0, 0, before, 0)), pad(part.positions, (before, 0)))


@contextmanager
def _running(doing: str) -> Iterator[None]:
    """One use of the network. Never held over a yield: the mode belongs to the thread, not to us."""
    with device_errors(_CPU, doing), torch.inference_mode():
        yield
