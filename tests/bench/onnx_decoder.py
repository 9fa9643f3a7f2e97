"""One step of a dense decoder as an ONNX graph with int4 weights, written without the onnx package.

The graph is what onnxruntime-genai's builder makes of such a decoder: MatMulNBits (blocks of 32, int8 activations),
GroupQueryAttention over a shared buffer with rotary positions, SkipSimplifiedLayerNormalization. Weights are random.
Field numbers are those of onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

CONTRIB, BLOCK = "com.microsoft", 32
_FLOAT, _UINT8, _INT32 = 1, 2, 6
_TYPES = {np.dtype(np.float32): _FLOAT, np.dtype(np.uint8): _UINT8, np.dtype(np.int32): _INT32}


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _bytes(number: int, payload: bytes | str) -> bytes:
    data = payload.encode() if isinstance(payload, str) else payload
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _attribute(name: str, value: float) -> bytes:
    if isinstance(value, int):
        return _bytes(1, name) + _int(3, value) + _int(20, 2)
    return _bytes(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _int(20, 1)


def _value(name: str, kind: int, shape: Sequence[int]) -> bytes:
    dims = b"".join(_bytes(1, _int(1, size)) for size in shape)
    return _bytes(1, name) + _bytes(2, _bytes(1, _int(1, kind) + _bytes(2, dims)))


class Graph:
    """A graph being written."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.random = np.random.default_rng(3)

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **settings: Any) -> str:
        parts = [_bytes(1, name) for name in inputs] + [_bytes(2, name) for name in outputs]
        parts += [_bytes(3, outputs[0]), _bytes(4, kind), _bytes(7, domain)]
        parts += [_bytes(5, _attribute(name, value)) for name, value in settings.items()]
        self.parts.append(_bytes(1, b"".join(parts)))
        return outputs[0]

    def constant(self, name: str, array: np.ndarray) -> str:
        dims = b"".join(_int(1, size) for size in array.shape)
        data = dims + _int(2, _TYPES[array.dtype]) + _bytes(8, name) + _bytes(9, array.tobytes())
        self.parts.append(_bytes(5, data))
        return name

    def linear(self, name: str, source: str, width: int, out: int) -> str:
        """`source` [1, 1, width] times random int4 weights: [1, 1, out]."""
        blocks = width // BLOCK
        weights = self.random.integers(0, 256, (out, blocks, BLOCK // 2), np.uint8)
        scales = self.random.random((out, blocks), np.float32) * 1e-2
        inputs = [source, self.constant(f"{name}.w", weights), self.constant(f"{name}.s", scales)]
        settings = {"K": width, "N": out, "bits": 4, "block_size": BLOCK, "accuracy_level": 4}
        return self.node("MatMulNBits", inputs, [name], CONTRIB, **settings)

    def norm(self, name: str, source: str, added: str, dim: int) -> tuple[str, str]:
        """The normalized sum of two tensors, and the sum."""
        weight = self.constant(f"{name}.g", np.ones(dim, np.float32))
        outputs = [name, "", "", f"{name}.sum"]
        self.node("SkipSimplifiedLayerNormalization", [source, added, weight], outputs, CONTRIB, epsilon=1e-6)
        return name, f"{name}.sum"


def write_step(config: Any, room: int, path: Path) -> None:
    """The graph of one step of the decoder that `config` describes, with `room` positions of keys and values."""
    graph, dim, inner = Graph(), config.hidden_size, config.intermediate_size
    heads, kv_heads = config.num_attention_heads, config.num_key_value_heads
    head_dim, size = dim // heads, (1, kv_heads, room, dim // heads)
    for name in ("cos", "sin"):
        graph.constant(name, graph.random.random((room, head_dim // 2), np.float32))
    inputs = [_value("hidden", _FLOAT, (1, 1, dim)), _value("before", _INT32, (1,)), _value("total", _INT32, (1,))]
    outputs = [_value("scores", _FLOAT, (1, 1, config.vocab_size))]
    total, added = "hidden", graph.constant("nothing", np.zeros((1, 1, dim), np.float32))
    for index in range(config.num_hidden_layers):
        tag = f"l{index}."
        inputs += [_value(f"{tag}{part}", _FLOAT, size) for part in ("k", "v")]
        outputs += [_value(f"{tag}{part}.new", _FLOAT, size) for part in ("k", "v")]
        x, total = graph.norm(f"{tag}n1", total, added, dim)
        qkv = graph.linear(f"{tag}qkv", x, dim, (heads + 2 * kv_heads) * head_dim)
        asked = [qkv, "", "", f"{tag}k", f"{tag}v", "before", "total", "cos", "sin"]
        settings = {"num_heads": heads, "kv_num_heads": kv_heads, "do_rotary": 1}
        graph.node("GroupQueryAttention", asked, [f"{tag}a", f"{tag}k.new", f"{tag}v.new"], CONTRIB, **settings)
        x, total = graph.norm(f"{tag}n2", total, graph.linear(f"{tag}o", f"{tag}a", dim, dim), dim)
        gate, up = (graph.linear(f"{tag}{part}", x, dim, inner) for part in ("gate", "up"))
        gated = graph.node("Mul", [gate, graph.node("Sigmoid", [gate], [f"{tag}sig"])], [f"{tag}silu"])
        added = graph.linear(f"{tag}down", graph.node("Mul", [gated, up], [f"{tag}gu"]), inner, dim)
    graph.linear("scores", graph.norm("last", total, added, dim)[0], dim, config.vocab_size)
    parts = [_bytes(2, "step"), *(_bytes(11, one) for one in inputs), *(_bytes(12, one) for one in outputs)]
    opsets = [_bytes(8, _bytes(1, name) + _int(2, version)) for name, version in (("", 21), (CONTRIB, 1))]
    path.write_bytes(_int(1, 10) + b"".join(opsets) + _bytes(7, b"".join([*graph.parts, *parts])))


def step_of(config: Any, path: Path, threads: int, before: int, room: int) -> Callable[[], None]:
    """One token after `before` positions, by the graph at `path`."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    binding = session.io_binding()
    size = (1, config.num_key_value_heads, room, config.hidden_size // config.num_attention_heads)
    random = np.random.default_rng(4)
    for index in range(config.num_hidden_layers):
        for part in ("k", "v"):
            kept = onnxruntime.OrtValue.ortvalue_from_numpy(random.standard_normal(size, np.float32))
            binding.bind_ortvalue_input(f"l{index}.{part}", kept)
            binding.bind_ortvalue_output(f"l{index}.{part}.new", kept)
    binding.bind_cpu_input("hidden", random.standard_normal((1, 1, config.hidden_size), np.float32))
    binding.bind_cpu_input("before", np.array([before], np.int32))
    binding.bind_cpu_input("total", np.array([before + 1], np.int32))
    binding.bind_output("scores")
    return lambda: session.run_with_iobinding(binding)
