"""A dense decoder as two ONNX graphs that onnxruntime runs: one for all positions, one for those that are scored.

How their linear layers multiply is said by the graph that they are written into: engine.runtime.int8.writer.
"""

from __future__ import annotations

from typing import Any

from onnx import helper

from engine.runtime.int8.shape import DecoderShape
from engine.runtime.int8.writer import CONTRIB, FLOAT, INT32, INT64, Graph

_SILU = {"alpha": 1.0, "domain": CONTRIB}


def layers_graph(shape: DecoderShape, graph: Graph, biased: frozenset[str], *, alone: bool = False) -> bytes:
    """The decoder's layers, but for what of the last one `scores_graph` runs, over new positions of rows, written
    into the empty `graph`. `biased` names the linear layers that have a bias.

    Takes `hidden` [rows, length, dim], `positions` [rows, length], the turns `cos` and `sin` [places, head_dim / 2] of
    positions, `start` [rows] (where a row's new positions go) and `mask` [rows or 1, 1, length, capacity] (added to
    the scores), and per layer `keys.i` and `values.i` [rows, kv_heads, capacity, head_dim], which it writes the new
    positions into. Gives `weights.i` [rows, heads, length, capacity] per layer, and what `scores_graph` takes.

    With `alone` rows have one new position each, which all go to the same place; one operation does what attention
    does, and there are no `weights.i`.
    """
    _sizes(graph, shape)
    if alone:
        _reach(graph)
    total, added = graph.node("Reshape", ["hidden", "as hidden"], ["flat hidden"]), ""
    graph.begin(total)
    for index in range(shape.layers):
        x, total = _norm(graph, shape, f"layers.{index}.input_norm", (total, added))
        qkv = _queries_keys_values(graph, shape, index, x, biased)
        mixed = _attention_alone(graph, shape, index, qkv) if alone else _attention(graph, shape, index, qkv)
        if index < shape.layers - 1:
            total, added = _feed_forward(graph, shape, index, (total, mixed), biased)
    graph.node("Identity", [total], ["hidden.last"])
    graph.node("Identity", [mixed], ["mixed.last"])
    return graph.model(*_borders(shape, weighed=not alone))


def _borders(shape: DecoderShape, *, weighed: bool) -> tuple[list[Any], list[Any]]:
    """What `layers_graph` takes and gives."""
    value, memory = helper.make_tensor_value_info, ["rows", shape.kv_heads, "capacity", shape.head_dim]
    inputs = [
        value("hidden", FLOAT, ["rows", "length", shape.dim]),
        value("positions", INT64, ["rows", "length"]),
        value("cos", FLOAT, ["places", shape.head_dim // 2]),
        value("sin", FLOAT, ["places", shape.head_dim // 2]),
        value("start", INT64, ["rows"]),
        value("mask", FLOAT, ["masks", 1, "length", "capacity"]),
    ]
    outputs = [
        value("hidden.last", FLOAT, ["flat", shape.dim]),
        value("mixed.last", FLOAT, ["flat", shape.heads * shape.head_dim]),
    ]
    for index in range(shape.layers):
        inputs += [value(f"{part}.{index}", FLOAT, memory) for part in ("keys", "values")]
        outputs += [value(f"{part}.{index}.new", FLOAT, memory) for part in ("keys", "values")]
        if weighed:
            outputs.append(value(f"weights.{index}", FLOAT, ["rows", shape.heads, "length", "capacity"]))
    return inputs, outputs


def _sizes(graph: Graph, shape: DecoderShape) -> None:
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
    for name, sizes_of in sizes.items():
        graph.constant(name, INT64, [len(sizes_of)], sizes_of)
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


def _reach(graph: Graph) -> None:
    """Where the new positions of rows go and how many places they see, as `GroupQueryAttention` takes them."""
    graph.constant("1", INT32, [1], [1])
    graph.constant("0", INT64, [1], [0])
    graph.constant("last of four axes", INT64, [1], [3])
    before = graph.node("Cast", ["start"], ["before"], to=INT32)
    reach = graph.node("Add", [graph.node("ReduceMax", [before], ["furthest"], keepdims=0), "1"], ["reach"])
    until = graph.node("Cast", [reach], ["until"], to=INT64)
    graph.node("Slice", ["mask", "0", until, "last of four axes"], ["reached mask"])


def scores_graph(shape: DecoderShape, graph: Graph, biased: frozenset[str]) -> bytes:
    """The rest of the last layer, the norm and the head, which only the positions that are asked for run through.

    Takes `hidden.last` [rows, dim] and `mixed.last` [rows, heads · head_dim]; gives `scores` [rows, vocabulary].
    """
    value = helper.make_tensor_value_info
    graph.begin("hidden.last")
    last = _feed_forward(graph, shape, shape.layers - 1, ("hidden.last", "mixed.last"), biased)
    x, _ = _norm(graph, shape, "norm", last)
    graph.node("Identity", [graph.linear("head", x, (shape.dim, shape.vocabulary), "head" in biased)], ["scores"])
    inputs = [
        value("hidden.last", FLOAT, ["rows", shape.dim]),
        value("mixed.last", FLOAT, ["rows", shape.heads * shape.head_dim]),
    ]
    return graph.model(inputs, [value("scores", FLOAT, ["rows", shape.vocabulary])])


def _queries_keys_values(graph: Graph, shape: DecoderShape, index: int, x: str, biased: frozenset[str]) -> str:
    """[rows · length, channels] of `x`: queries, which come scaled, keys and values."""
    tag = f"layers.{index}"
    channels = (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    qkv = graph.linear(f"{tag}.qkv", x, (shape.dim, channels), f"{tag}.qkv" in biased)
    if not shape.head_norms:
        return qkv
    parts = [f"{tag}.unturned", f"{tag}.untouched"]
    graph.node("Split", [qkv, "turned and values"], parts, axis=1)
    return graph.node("Concat", [_normalized_heads(graph, shape, tag, parts[0]), parts[1]], [f"{tag}.normed"], axis=1)


def _attention(graph: Graph, shape: DecoderShape, index: int, qkv: str) -> str:
    """[rows · length, heads · head_dim]: what the new positions see.

    The heads that share keys and values are taken as further positions that ask the same keys, so that nothing is
    repeated in memory.
    """
    tag = f"layers.{index}"
    queries, keys, values = _turned(graph, shape, tag, qkv)
    kept = [_kept(graph, f"{name}.{index}", part) for name, part in (("keys", keys), ("values", values))]
    queries = graph.node("Reshape", [queries, "as queries"], [f"{tag}.asking"])
    queries = graph.node("Transpose", [queries], [f"{tag}.by head"], perm=(0, 2, 1, 3))
    grouped = graph.node("Reshape", [queries, "as groups"], [f"{tag}.grouped"])
    scores = graph.node("FusedMatMul", [grouped, kept[0]], [f"{tag}.scores"], domain=CONTRIB, transB=1)
    scores = graph.node("Reshape", [scores, "as scores"], [f"{tag}.scored"])
    allowed = graph.node("Add", [scores, "mask"], [f"{tag}.allowed"])
    weights = graph.node("Softmax", [allowed], [f"weights.{index}"], axis=-1)
    shares = graph.node("Reshape", [weights, "as shares"], [f"{tag}.shares"])
    seen = graph.node("MatMul", [shares, kept[1]], [f"{tag}.seen"])
    seen = graph.node("Reshape", [seen, "as mixed"], [f"{tag}.seen by head"])
    seen = graph.node("Transpose", [seen], [f"{tag}.seen in turn"], perm=(0, 2, 1, 3))
    return graph.node("Reshape", [seen, "flat mixed"], [f"{tag}.mixed"])


def _attention_alone(graph: Graph, shape: DecoderShape, index: int, qkv: str) -> str:
    """[rows, heads · head_dim]: what the only new position of each row sees."""
    tag = f"layers.{index}"
    packed = graph.node("Reshape", [qkv, "sequence"], [f"{tag}.packed"])
    memory = [f"keys.{index}", f"values.{index}"]
    inputs = [packed, "", "", *memory, "before", "reach", "cos", "sin", "positions", "reached mask"]
    outputs = [f"{tag}.seen", *(f"{name}.new" for name in memory)]
    graph.node(
        "GroupQueryAttention", inputs, outputs, domain=CONTRIB, num_heads=shape.heads, kv_num_heads=shape.kv_heads,
        do_rotary=1, rotary_interleaved=1, scale=1.0,
    )  # fmt: skip
    return graph.node("Reshape", [outputs[0], "flat mixed"], [f"{tag}.mixed"])


def _turned(graph: Graph, shape: DecoderShape, tag: str, qkv: str) -> tuple[str, str, str]:
    """Queries, keys and values of `qkv`; the first two turned to their positions."""
    parts = [f"{tag}.{part}" for part in ("turning", "values", "queries", "keys")]
    graph.node("Split", [qkv, "turned and values"], parts[:2], axis=1)
    apart = graph.node("Reshape", [parts[0], "sequence"], [f"{tag}.sequence"])
    turned = graph.node(
        "RotaryEmbedding", [apart, "positions", "cos", "sin"], [f"{tag}.turned"], domain=CONTRIB,
        interleaved=1, num_heads=shape.heads + shape.kv_heads,
    )  # fmt: skip
    graph.node("Split", [turned, "queries and keys"], parts[2:], axis=2)
    return parts[2], parts[3], parts[1]


def _kept(graph: Graph, place: str, part: str) -> str:
    """The memory `place` with the new keys or values `part` written into it."""
    apart = graph.node("Reshape", [part, "as keys"], [f"{part}.apart"])
    new = graph.node("Transpose", [apart], [f"{part}.by head"], perm=(0, 2, 1, 3))
    return graph.node("TensorScatter", [place, new, "start"], [f"{place}.new"], axis=2)


def _feed_forward(
    graph: Graph, shape: DecoderShape, index: int, parts: tuple[str, str], biased: frozenset[str]
) -> tuple[str, str]:
    """The rest of a layer over its residual and what its attention saw; gives the two whose sum is its result."""
    name, dim, inner = f"layers.{index}", shape.dim, shape.inner
    out = graph.linear(f"{name}.out", parts[1], (shape.heads * shape.head_dim, dim), f"{name}.out" in biased)
    x, total = _norm(graph, shape, f"{name}.output_norm", (parts[0], out))
    source = graph.taken(x)
    halves = [
        graph.layer(f"{name}.{half}", source, (dim, inner), f"{name}.{half}" in biased) for half in ("gate", "up")
    ]
    gate = graph.node("QuickGelu", halves[:1], [f"{name}.silu"], **_SILU)
    inside = graph.node("Mul", [gate, halves[1]], [f"{name}.inside"])
    return total, graph.linear(f"{name}.down", inside, (inner, dim), f"{name}.down" in biased)


def _norm(graph: Graph, shape: DecoderShape, name: str, hidden: tuple[str, str]) -> tuple[str, str]:
    """The sum of `hidden`, normalized, and the sum; one of the two may be missing."""
    weight = graph.weight(name, FLOAT, [shape.dim])
    if not hidden[1]:
        return _rms_norm(graph, shape, hidden[0], weight), hidden[0]
    outputs = [f"{name}.x", "", "", f"{name}.sum"]
    graph.node("SkipSimplifiedLayerNormalization", [*hidden, weight], outputs, domain=CONTRIB, epsilon=shape.epsilon)
    return outputs[0], outputs[3]


def _normalized_heads(graph: Graph, shape: DecoderShape, name: str, turned: str) -> str:
    """`turned` [rows, channels] of queries and keys with each head normalized."""
    parts = [f"{name}.heads.{part}" for part in ("queries", "keys")]
    graph.node("Split", [turned, "queries and keys"], parts, axis=1)
    done = []
    for part, norm, heads in zip(parts, ("query_norm", "key_norm"), ("query heads", "key heads"), strict=True):
        size = graph.node("Concat", ["any", heads], [f"{part}.size"], axis=0)
        apart = graph.node("Reshape", [part, size], [f"{part}.apart"])
        weight = graph.weight(f"{name}.{norm}", FLOAT, [shape.head_dim])
        x = _rms_norm(graph, shape, apart, weight)
        done.append(graph.node("Reshape", [x, "flat"], [f"{part}.flat"]))
    return graph.node("Concat", done, [f"{name}.heads"], axis=1)


def _rms_norm(graph: Graph, shape: DecoderShape, source: str, weight: str) -> str:
    return graph.node("SimplifiedLayerNormalization", [source, weight], [f"{weight}.x"], axis=-1, epsilon=shape.epsilon)
