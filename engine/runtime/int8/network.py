"""The layers of a dense decoder in int8, run by onnxruntime.

With one copy of the weights its kernels read them at nearly the speed of memory for one position, and multiply as fast
as oneDNN's for many. One position pays for every operation; a graph's cost less than torch's, which Python calls.

Answers can be written with weights of 4 bits: a position alone waits for weights to be read, and half as many bytes are
read sooner. Many positions at once do not wait for them, and are read in int8 all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import onnxruntime
import torch
from onnxruntime import InferenceSession, OrtValue, SessionOptions
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException
from torch import Tensor

from engine.runtime.int8.graph import layers_graph, scores_graph
from engine.runtime.int8.linear import activation_levels
from engine.runtime.int8.memory import Continuation
from engine.runtime.int8.shape import DecoderShape
from engine.runtime.int8.weights import biased_layers, check_sizes, tensor_of
from engine.runtime.int8.writer import EightBits, FourBits, Graph

# Positions that go through the layers at once: enough to multiply fast, few enough to stay in the processor's cache.
_BLOCK = 128
# Asking so many positions costs as much as copying one.
_ASKED_PER_COPY = 8
# The turns of positions are reckoned for so many at a time.
_PLACES = 1024
_LAST = ("hidden.last", "mixed.last")
# onnxruntime's operation for a whole attention takes heads whose channels are a multiple of so many.
_FUSED_HEADS = 16


class Sessions(NamedTuple):
    """The graphs of `layers_graph` and of `scores_graph`, ready to run."""

    layers: InferenceSession
    scores: InferenceSession


class Int8Network:
    """A dense decoder over embeddings. `nibbles` are those of `four_bit_tensors` where answers are to be written with
    them.

    Raises CheckpointError where tensors are missing or of the wrong size.
    """

    def __init__(
        self, shape: DecoderShape, tensors: Mapping[str, Tensor], nibbles: Mapping[str, Tensor] | None = None
    ) -> None:
        check_sizes(tensors, shape)
        self.shape = shape
        self.embeddings = tensor_of(tensors, "embeddings")
        self._frequencies = tensor_of(tensors, "frequencies")
        self._rotary_scale = tensor_of(tensors, "rotary_scale")
        self._turns = self._turns_until(_PLACES)
        levels = activation_levels()
        self.reading = _sessions(shape, tensors, lambda: EightBits(levels))
        self.writing = self.reading
        if nibbles is not None:
            fused = shape.head_dim % _FUSED_HEADS == 0
            self.writing = _sessions(shape, {**tensors, **nibbles}, FourBits, alone=fused)

    def embed(self, ids: Tensor) -> Tensor:
        """[..., dim] fp32 for `ids` [...]."""
        return self.embeddings[ids].float()

    def read(
        self, hidden: Tensor, positions: Tensor, rows: Continuation, keep: int, seen_by: list[Tensor] | None = None
    ) -> Tensor:
        """[rows, keep, vocabulary]: the scores after the last `keep` of `hidden` [rows, length, dim] at `positions`
        [rows, length]; `rows` remembers all of it. To `seen_by` each block of positions adds [length, capacity]: what
        the first row sees, averaged over heads and layers."""
        count, length, _ = hidden.shape
        size = max(_BLOCK // count, 1)
        scores = [torch.empty(count, 0, self.shape.vocabulary)]
        for start in range(0, length, size):
            end = min(start + size, length)
            near = rows if seen_by is not None else _needed(rows, end - start)
            block = Block(self, self.reading, near, end - start, weighed=seen_by is not None)
            block.run(hidden[:, start:end], positions[:, start:end])
            if near is not rows:
                rows.follow(near)
            if seen_by is not None:
                seen_by.append(block.weights())
            kept = min(end - (length - keep), end - start)
            if kept > 0:
                scores.append(block.scores(kept))
        return torch.cat(scores, 1)

    def step(self, rows: Continuation) -> Block:
        """Runs one position of each of `rows` after another, as long as they stay the same rows."""
        return Block(self, self.writing, rows, 1)

    def turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines [places, head_dim / 2] of at least all `positions`."""
        wanted = int(positions.max()) + 1
        if wanted > len(self._turns[0]):
            self._turns = self._turns_until(-(-wanted // _PLACES) * _PLACES)
        return self._turns

    def _turns_until(self, places: int) -> tuple[Tensor, Tensor]:
        angles = torch.arange(places)[:, None] * self._frequencies
        return angles.cos() * self._rotary_scale, angles.sin() * self._rotary_scale


class Block:
    """`length` positions of each of `rows` on their way through the network, in places that stay the same."""

    def __init__(
        self, network: Int8Network, sessions: Sessions, rows: Continuation, length: int, *, weighed: bool = False
    ) -> None:
        shape, count = network.shape, rows.rows
        self._network, self._rows, self._length = network, rows, length
        self._sessions, self._binding = sessions, sessions.layers.io_binding()
        self._hidden = torch.empty(count, length, shape.dim)
        self._positions = torch.zeros(count, length, dtype=torch.long)
        self._start = torch.zeros(count, dtype=torch.long)
        self._mask = rows.mask(length)
        self._last = (torch.empty(count * length, shape.dim), torch.empty(count * length, shape.heads * shape.head_dim))
        self._weights = [torch.empty(0)] * 0
        if weighed:
            sizes = (shape.layers, count, shape.heads, length, rows.capacity)
            self._weights = list(torch.empty(sizes).unbind())
        self._turns = network.turns(self._positions)
        self._bind()

    def run(self, hidden: Tensor, positions: Tensor) -> None:
        """`hidden` [rows, length, dim] at `positions` [rows, length] through the layers; `rows` remembers them."""
        rows, network = self._rows, self._network
        self._hidden.copy_(hidden)
        self._positions.copy_(positions)
        self._start.fill_(rows.length)
        if self._length == 1:
            self._mask[..., rows.length] = 0
        if (turns := network.turns(positions)) is not self._turns:
            self._turns = turns
            self._bind_turns()
        _run(self._sessions.layers, self._binding)
        rows.length += self._length

    def scores(self, keep: int) -> Tensor:
        """[rows, keep, vocabulary]: the scores after the last `keep` positions."""
        count = self._rows.rows
        kept = [part.view(count, self._length, -1)[:, -keep:].flatten(0, 1).contiguous() for part in self._last]
        scores = torch.empty(count * keep, self._network.shape.vocabulary)
        binding = self._sessions.scores.io_binding()
        for name, part in zip(_LAST, kept, strict=True):
            binding.bind_ortvalue_input(name, OrtValue.from_dlpack(part))
        binding.bind_ortvalue_output("scores", OrtValue.from_dlpack(scores))
        _run(self._sessions.scores, binding)
        return scores.view(count, keep, -1)

    def weights(self) -> Tensor:
        """[length, capacity]: what the first row's positions saw, averaged over heads and layers."""
        return torch.stack([layer[0].mean(0) for layer in self._weights]).mean(0)

    def _bind(self) -> None:
        inputs = {
            "hidden": self._hidden, "positions": self._positions, "start": self._start, "mask": self._mask,
        }  # fmt: skip
        for name, tensor in inputs.items():
            self._binding.bind_ortvalue_input(name, OrtValue.from_dlpack(tensor))
        for name, tensor in zip(_LAST, self._last, strict=True):
            self._binding.bind_ortvalue_output(name, OrtValue.from_dlpack(tensor))
        for index, layer in enumerate(self._rows.own):
            for part, memory in zip(("keys", "values"), layer, strict=True):
                place = OrtValue.from_dlpack(memory)
                self._binding.bind_ortvalue_input(f"{part}.{index}", place)
                self._binding.bind_ortvalue_output(f"{part}.{index}.new", place)
        for index, weights in enumerate(self._weights):
            self._binding.bind_ortvalue_output(f"weights.{index}", OrtValue.from_dlpack(weights))
        self._bind_turns()

    def _bind_turns(self) -> None:
        for name, turns in zip(("cos", "sin"), self._turns, strict=True):
            self._binding.bind_ortvalue_input(name, OrtValue.from_dlpack(turns))


def _needed(rows: Continuation, length: int) -> Continuation:
    """`rows`, or a copy that ends with the next `length` positions: those ask all that there is room for."""
    until = rows.length + length
    return rows.first(until) if (rows.capacity - until) * length > _ASKED_PER_COPY * until else rows


def _run(session: InferenceSession, binding: onnxruntime.IOBinding) -> None:
    # A softmax gives what is masked the smallest of numbers, which processors multiply a hundred times slower than 0.
    torch.set_flush_denormal(True)
    try:
        session.run_with_iobinding(binding)
    except (Fail, RuntimeException) as error:
        if "alloc" in str(error):
            raise MemoryError(str(error)) from error
        raise
    finally:
        torch.set_flush_denormal(False)


def _sessions(
    shape: DecoderShape, tensors: Mapping[str, Tensor], made: Callable[[], Graph], *, alone: bool = False
) -> Sessions:
    """Those of a decoder of `shape` whose linear layers multiply as the graphs do that `made` makes. `alone` as for
    `layers_graph`."""
    biased = biased_layers(tensors)
    layers, scores = made(), made()
    models = layers_graph(shape, layers, biased, alone=alone), scores_graph(shape, scores, biased)
    sessions = [
        _session(model, {name: tensors[name] for name in graph.weights})
        for model, graph in zip(models, (layers, scores), strict=True)
    ]
    return Sessions(*sessions)


def _session(model: bytes, weights: Mapping[str, Tensor]) -> InferenceSession:
    """Runs `model` with `weights`. It copies them into an order of its own, and holds on to them all the same: those
    of a file stay mapped, and take no memory that others want."""
    options = SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that wait for work spin; between two runs they leave the processor to others.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Its own threads; `_run` sees to the calling one.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.add_external_initializers(list(weights), [OrtValue.from_dlpack(one) for one in weights.values()])
    return InferenceSession(model, options, ["CPUExecutionProvider"])
