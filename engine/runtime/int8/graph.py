"""A dense decoder as two ONNX graphs that onnxruntime runs: one for all positions, one for those that are scored.

Weights are external: the graphs name them, the session gets them from memory. What the layers compute is stated in
`_Graph.scaled`: activations are quantized per token, sums of products are whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import TensorProto, helper

from engine.runtime.int8.shape import DecoderShape

_CONTRIB = "com.microsoft"
_OPSETS = (("", 24), (_CONTRIB, 1))
_IR_VERSION = 12
# Below this an activation row counts as zero; its quotient would not be finite.
_SMALLEST_SCALE = 1e-30
_FLOAT, _INT32, _INT64, _UINT8 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.UINT8
_SILU = {"alpha": 1.0, "domain": _CONTRIB}


class _Graph:
    """A graph being written. `levels` is how far a quantized activation goes from zero."""

    def __init__(self, levels: int) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._outside: dict[str, Any] = {}
        self.constant("one", _FLOAT, [], [1.0])
        self.constant("step", _FLOAT, [], [1 / levels])
        self.constant("smallest", _FLOAT, [], [_SMALLEST_SCALE])
        self.constant("zero", _UINT8, [], [levels + 1])
        self.constant("last axis", _INT64, [1], [1])
        self._levels = levels

    def constant(self, name: str, kind: int, dims: Sequence[int], values: Sequence[float]) -> None:
        self.constants.append(helper.make_tensor(name, kind, dims, values))

    def weight(self, name: str, kind: int, dims: Sequence[int]) -> str:
        """A tensor that the session gets from memory."""
        outside = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
        outside.external_data.add(key="location", value="memory")
        self._outside[name] = outside
        return name

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, **settings))
        return outputs[0]

    def quantized(self, source: str) -> tuple[str, str]:
        """`source` [rows, in] as bytes around the zero, and the scales [rows, 1] of their rows."""
        tag = f"{source}/"
        size = self.node("Abs", [source], [f"{tag}size"])
        peak = self.node("ReduceMax", [size, "last axis"], [f"{tag}peak"], keepdims=0)
        scales = self.node("Max", [self.node("Mul", [peak, "step"], [f"{tag}scaled"]), "smallest"], [f"{tag}scales"])
        values = self.node("QuantizeLinear", [source, scales, "zeros"], [f"{tag}bytes"], axis=0)
        return values, self.node("Unsqueeze", [scales, "last axis"], [f"{tag}column"])

    def zeros(self, source: str) -> None:
        """Writes the zero of each of `source`'s rows, which every layer quantizes with."""
        count = self.node("Shape", [source], ["flat count"], start=0, end=1)
        zero = helper.make_tensor("zero", _UINT8, [1], [self._levels + 1])
        self.node("ConstantOfShape", [count], ["zeros"], value=zero)

    def scaled(self, name: str, source: tuple[str, str], sizes: tuple[int, int], biased: bool) -> str:
        """[rows, out]: `source`, quantized, through the layer `name` of `sizes` (in, out)."""
        values = self.weight(f"{name}.values", TensorProto.INT8, sizes)
        scales = self.weight(f"{name}.scales", _FLOAT, sizes[1:])
        product = self.node(
            "MatMulIntegerToFloat", [source[0], values, "one", scales, "zero"], [f"{name}.product"], domain=_CONTRIB
        )
        y = self.node("Mul", [product, source[1]], [f"{name}.scaled"])
        return self.node("Add", [y, self.weight(f"{name}.bias", _FLOAT, sizes[1:])], [f"{name}.y"]) if biased else y

    def linear(self, name: str, source: str, sizes: tuple[int, int], biased: bool) -> str:
        """[rows, out]: `source` [rows, in] through the layer `name`."""
        return self.scaled(name, self.quantized(source), sizes, biased)

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> bytes:
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, [*self.constants, *self._outside.values()])
        opsets = [helper.make_opsetid(*one) for one in _OPSETS]
        model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()
        return model


def layers_graph(shape: DecoderShape, levels: int, biased: frozenset[str]) -> bytes:
    """The decoder's layers, but for what of the last one `scores_graph` runs, over new positions of rows. `biased`
    names the linear layers that have a bias.

    Takes `hidden` [rows, length, dim], `positions` [rows, length], the turns `cos` and `sin` [places, head_dim / 2] of
    positions, `start` [rows] (where a row's new positions go) and `mask` [rows or 1, 1, length, capacity] (added to
    the scores), and per layer `keys.i` and `values.i` [rows, kv_heads, capacity, head_dim], which it writes the new
    positions into. Gives `weights.i` [rows, heads, length, capacity] per layer, and what `scores_graph` takes.
    """
    graph = _Graph(levels)
    value, memory = helper.make_tensor_value_info, ["rows", shape.kv_heads, "capacity", shape.head_dim]
    inputs = [
        value("hidden", _FLOAT, ["rows", "length", shape.dim]),
        value("positions", _INT64, ["rows", "length"]),
        value("cos", _FLOAT, ["places", shape.head_dim // 2]),
        value("sin", _FLOAT, ["places", shape.head_dim // 2]),
        value("start", _INT64, ["rows"]),
        value("mask", _FLOAT, ["masks", 1, "length", "capacity"]),
    ]
    outputs = [
        value("hidden.last", _FLOAT, ["flat", shape.dim]),
        value("mixed.last", _FLOAT, ["flat", shape.heads * shape.head_dim]),
    ]
    _sizes(graph, shape)
    total, added = graph.node("Reshape", ["hidden", "as hidden"], ["flat hidden"]), ""
    graph.zeros(total)
    for index in range(shape.layers):
        inputs += [value(f"{part}.{index}", _FLOAT, memory) for part in ("keys", "values")]
        outputs += [value(f"{part}.{index}.new", _FLOAT, memory) for part in ("keys", "values")]
        outputs.append(value(f"weights.{index}", _FLOAT, ["rows", shape.heads, "length", "capacity"]))
        total, mixed = _attention(graph, shape, index, (total, added), biased)
        if index < shape.layers - 1:
            total, added = _feed_forward(graph, shape, index, (total, mixed), biased)
    graph.node("Identity", [total], ["hidden.last"])
    graph.node("Identity", [mixed], ["mixed.last"])
    return graph.model(inputs, outputs)


def _sizes(graph: _Graph, shape: DecoderShape) -> None:
    """The sizes that tensors are given: parts that do not depend on rows and length, and those that do."""
    width, turned = shape.head_dim, shape.heads + shape.kv_heads
    sizes = {
        "as hidden": (-1, shape.dim),
        "flat mixed": (-1, shape.heads * width),
        "turned and values": (turned * width, shape.kv_heads * width),
        "queries and keys": (shape.heads * width, shape.kv_heads * width),
        "any": (-1,),
        "query heads": (shape.heads, width),
        "key heads": (shape.kv_heads, width),
        "groups": (shape.kv_heads, -1, width),
        "by head": (shape.heads,),
        "by group": (shape.kv_heads, -1),
        "flat": (0, -1),
    }
    if not shape.head_norms:
        del sizes["flat"]
    for name, sizes_of in sizes.items():
        graph.constant(name, _INT64, [len(sizes_of)], sizes_of)
    graph.node("Shape", ["hidden"], ["rows"], start=0, end=1)
    graph.node("Shape", ["hidden"], ["length"], start=1, end=2)
    graph.node("Shape", ["mask"], ["capacity"], start=3, end=4)
    joined = {
        "sequence": ("rows", "length", "any"),
        "as queries": ("rows", "length", "query heads"),
        "as keys": ("rows", "length", "key heads"),
        "as groups": ("rows", "groups"),
        "as scores": ("rows", "by head", "length", "capacity"),
        "as shares": ("rows", "by group", "capacity"),
        "as mixed": ("rows", "by head", "length", "any"),
    }
    for name, parts in joined.items():
        graph.node("Concat", parts, [name], axis=0)


def scores_graph(shape: DecoderShape, levels: int, biased: frozenset[str]) -> bytes:
    """The rest of the last layer, the norm and the head, which only the positions that are asked for run through.

    Takes `hidden.last` [rows, dim] and `mixed.last` [rows, heads · head_dim]; gives `scores` [rows, vocabulary].
    """
    graph, value = _Graph(levels), helper.make_tensor_value_info
    graph.zeros("hidden.last")
    last = _feed_forward(graph, shape, shape.layers - 1, ("hidden.last", "mixed.last"), biased)
    x, _ = _norm(graph, shape, "norm", last)
    graph.node("Identity", [graph.linear("head", x, (shape.dim, shape.vocabulary), "head" in biased)], ["scores"])
    inputs = [
        value("hidden.last", _FLOAT, ["rows", shape.dim]),
        value("mixed.last", _FLOAT, ["rows", shape.heads * shape.head_dim]),
    ]
    return graph.model(inputs, [value("scores", _FLOAT, ["rows", shape.vocabulary])])


def _attention(
    graph: _Graph, shape: DecoderShape, index: int, hidden: tuple[str, str], biased: frozenset[str]
) -> tuple[str, str]:
    """The sum of `hidden`, and [rows · length, heads · head_dim]: what the new positions see.

    The heads that share keys and values are taken as further positions that ask the same keys, so that nothing is
    repeated in memory; queries come scaled.
    """
    tag = f"layers.{index}"
    x, total = _norm(graph, shape, f"{tag}.input_norm", hidden)
    channels = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    qkv = graph.linear(f"{tag}.qkv", x, (shape.dim, channels), f"{tag}.qkv" in biased)
    queries, keys, values = _turned(graph, shape, tag, qkv)
    kept = [_kept(graph, f"{name}.{index}", part) for name, part in (("keys", keys), ("values", values))]
    queries = graph.node("Reshape", [queries, "as queries"], [f"{tag}.asking"])
    queries = graph.node("Transpose", [queries], [f"{tag}.by head"], perm=(0, 2, 1, 3))
    grouped = graph.node("Reshape", [queries, "as groups"], [f"{tag}.grouped"])
    scores = graph.node("FusedMatMul", [grouped, kept[0]], [f"{tag}.scores"], domain=_CONTRIB, transB=1)
    scores = graph.node("Reshape", [scores, "as scores"], [f"{tag}.scored"])
    allowed = graph.node("Add", [scores, "mask"], [f"{tag}.allowed"])
    weights = graph.node("Softmax", [allowed], [f"weights.{index}"], axis=-1)
    shares = graph.node("Reshape", [weights, "as shares"], [f"{tag}.shares"])
    seen = graph.node("MatMul", [shares, kept[1]], [f"{tag}.seen"])
    seen = graph.node("Reshape", [seen, "as mixed"], [f"{tag}.seen by head"])
    seen = graph.node("Transpose", [seen], [f"{tag}.seen in turn"], perm=(0, 2, 1, 3))
    return total, graph.node("Reshape", [seen, "flat mixed"], [f"{tag}.mixed"])


def _turned(graph: _Graph, shape: DecoderShape, tag: str, qkv: str) -> tuple[str, str, str]:
    """Queries, keys and values of `qkv`; the first two turned to their positions."""
    parts = [f"{tag}.{part}" for part in ("turning", "values", "queries", "keys")]
    graph.node("Split", [qkv, "turned and values"], parts[:2], axis=1)
    turning = _normalized_heads(graph, shape, tag, parts[0]) if shape.head_norms else parts[0]
    apart = graph.node("Reshape", [turning, "sequence"], [f"{tag}.sequence"])
    turned = graph.node(
        "RotaryEmbedding", [apart, "positions", "cos", "sin"], [f"{tag}.turned"], domain=_CONTRIB,
        interleaved=1, num_heads=shape.heads + shape.kv_heads,
    )  # fmt: skip
    graph.node("Split", [turned, "queries and keys"], parts[2:], axis=2)
    return parts[2], parts[3], parts[1]


def _kept(graph: _Graph, place: str, part: str) -> str:
    """The memory `place` with the new keys or values `part` written into it."""
    apart = graph.node("Reshape", [part, "as keys"], [f"{part}.apart"])
    new = graph.node("Transpose", [apart], [f"{part}.by head"], perm=(0, 2, 1, 3))
    return graph.node("TensorScatter", [place, new, "start"], [f"{place}.new"], axis=2)


def _feed_forward(
    graph: _Graph, shape: DecoderShape, index: int, parts: tuple[str, str], biased: frozenset[str]
) -> tuple[str, str]:
    """The rest of a layer over its residual and what its attention saw; gives the two whose sum is its result."""
    name, dim, inner = f"layers.{index}", shape.dim, shape.inner
    out = graph.linear(f"{name}.out", parts[1], (shape.heads * shape.head_dim, dim), f"{name}.out" in biased)
    x, total = _norm(graph, shape, f"{name}.output_norm", (parts[0], out))
    source = graph.quantized(x)
    halves = [
        graph.scaled(f"{name}.{half}", source, (dim, inner), f"{name}.{half}" in biased) for half in ("gate", "up")
    ]
    gate = graph.node("QuickGelu", halves[:1], [f"{name}.silu"], **_SILU)
    inside = graph.node("Mul", [gate, halves[1]], [f"{name}.inside"])
    return total, graph.linear(f"{name}.down", inside, (inner, dim), f"{name}.down" in biased)


def _norm(graph: _Graph, shape: DecoderShape, name: str, hidden: tuple[str, str]) -> tuple[str, str]:
    """The sum of `hidden`, normalized, and the sum; one of the two may be missing."""
    weight = graph.weight(name, _FLOAT, [shape.dim])
    if not hidden[1]:
        return _rms_norm(graph, shape, hidden[0], weight), hidden[0]
    outputs = [f"{name}.x", "", "", f"{name}.sum"]
    graph.node("SkipSimplifiedLayerNormalization", [*hidden, weight], outputs, domain=_CONTRIB, epsilon=shape.epsilon)
    return outputs[0], outputs[3]


def _normalized_heads(graph: _Graph, shape: DecoderShape, name: str, turned: str) -> str:
    """`turned` [rows, channels] of queries and keys with each head normalized."""
    parts = [f"{name}.heads.{part}" for part in ("queries", "keys")]
    graph.node("Split", [turned, "queries and keys"], parts, axis=1)
    done = []
    for part, norm, heads in zip(parts, ("query_norm", "key_norm"), ("query heads", "key heads"), strict=True):
        size = graph.node("Concat", ["any", heads], [f"{part}.size"], axis=0)
        apart = graph.node("Reshape", [part, size], [f"{part}.apart"])
        weight = graph.weight(f"{name}.{norm}", _FLOAT, [shape.head_dim])
        x = _rms_norm(graph, shape, apart, weight)
        done.append(graph.node("Reshape", [x, "flat"], [f"{part}.flat"]))
    return graph.node("Concat", done, [f"{name}.heads"], axis=1)


def _rms_norm(graph: _Graph, shape: DecoderShape, source: str, weight: str) -> str:
    return graph.node("SimplifiedLayerNormalization", [source, weight], [f"{weight}.x"], axis=-1, epsilon=shape.epsilon)
