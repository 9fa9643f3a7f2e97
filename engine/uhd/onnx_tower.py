"""A frozen ONNX graph as a torch module: one torch function for each operator that the bundled recogniser uses.

The graph is interpreted node by node in the order of the file, which ONNX guarantees to be topological. Its constants
become buffers that no checkpoint holds: they belong to whoever made the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import CheckpointError

Attributes = dict[str, Any]
Operator = Callable[[list[Any], Attributes], Any]
SAME_UPPER = b"SAME_UPPER"


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the graph; `inputs` and `output` are names of values."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Attributes


class OnnxModule(nn.Module):
    """Runs a graph of one input and one output. Raises CheckpointError for an operator that is not known here."""

    def __init__(self, graph: Any) -> None:
        super().__init__()
        self._input = str(graph.input[0].name)
        self._output = str(graph.output[0].name)
        self._slots: dict[str, str] = {}
        for number, constant in enumerate(graph.initializer):
            self._slots[constant.name] = f"constant_{number}"
            array = torch.from_numpy(numpy_helper.to_array(constant).copy())
            self.register_buffer(f"constant_{number}", array, persistent=False)
        self._nodes = _without_identities([_node(node) for node in graph.node])
        unknown = sorted({node.operator for node in self._nodes} - _OPERATORS.keys())
        if unknown:
            raise CheckpointError(f"This network uses operators that Tessera does not run: {', '.join(unknown)}.")
        self._last_use = {name: number for number, node in enumerate(self._nodes) for name in node.inputs}

    def constant(self, name: str) -> Tensor:
        """The constant that the graph calls `name`."""
        buffer: Tensor = getattr(self, self._slots[name])
        return buffer

    def keep_classes(self, classes: Tensor) -> None:
        """Leaves the network only these output classes (long): columns of the last product, before its softmax."""
        made = {node.output: node for node in self._nodes}
        add = made[made[self._output].inputs[0]]
        weight, bias = made[add.inputs[0]].inputs[1], add.inputs[1]
        for name in (weight, bias):
            setattr(self, self._slots[name], self.constant(name)[..., classes].contiguous())

    def forward(self, given: Tensor) -> Tensor:
        """The graph's output for its input."""
        values: dict[str, Any] = {self._input: given}
        for number, node in enumerate(self._nodes):
            inputs = [values[name] if name in values else self.constant(name) for name in node.inputs]
            values[node.output] = _OPERATORS[node.operator](inputs, node.attributes)
            for name in node.inputs:
                if self._last_use[name] == number:
                    values.pop(name, None)
        result: Tensor = values[self._output]
        return result


def read_graph(path: Path, sha256: str) -> tuple[Any, dict[str, str]]:
    """The graph in an ONNX file whose bytes must have this digest, and the file's metadata. Raises CheckpointError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"The network {path} cannot be read ({error.strerror or error}).") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CheckpointError(
            f"The network {path} is not the one that this model was trained on.",
            "Install the version of rapidocr that Tessera names in its dependencies.",
        )
    model = onnx.load_model_from_string(data)
    return model.graph, {entry.key: entry.value for entry in model.metadata_props}


def _node(node: Any) -> Node:
    attributes = {one.name: _attribute(one) for one in node.attribute}
    return Node(node.op_type, tuple(node.input), str(node.output[0]), attributes)


def _without_identities(nodes: list[Node]) -> tuple[Node, ...]:
    """The nodes that do something; whoever took an identity's output takes its input."""
    meant: dict[str, str] = {}
    kept = []
    for node in nodes:
        inputs = tuple(meant.get(name, name) for name in node.inputs)
        if node.operator == "Identity":
            meant[node.output] = inputs[0]
        else:
            kept.append(Node(node.operator, inputs, node.output, node.attributes))
    return tuple(kept)


def _attribute(attribute: Any) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return tuple(value) if isinstance(value, list) else value


def _padded(x: Tensor, attributes: Attributes, fill: float) -> Tensor:
    """`x` [n, c, h, w] with the border that the node asks for. SAME_UPPER puts the odd pixel below and to the right."""
    if attributes.get("auto_pad") == SAME_UPPER:
        needed = [size - 1 for size in attributes["kernel_shape"]]
        top, left = needed[0] // 2, needed[1] // 2
        bottom, right = needed[0] - top, needed[1] - left
    else:
        top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    return functional.pad(x, (left, right, top, bottom), value=fill) if top or left or bottom or right else x


def _convolved(inputs: list[Any], attributes: Attributes) -> Tensor:
    x, weight, *bias = inputs
    pads = attributes.get("pads", (0, 0, 0, 0))
    if attributes.get("auto_pad") == SAME_UPPER or pads[:2] != pads[2:]:
        x, pads = _padded(x, attributes, 0.0), (0, 0, 0, 0)
    stride, dilation = attributes["strides"], attributes["dilations"]
    return functional.conv2d(x, weight, bias[0] if bias else None, stride, pads[:2], dilation, attributes["group"])


def _max_pooled(inputs: list[Any], attributes: Attributes) -> Tensor:
    x = _padded(inputs[0], attributes, float("-inf"))
    return functional.max_pool2d(x, attributes["kernel_shape"], attributes["strides"])


def _average_pooled(inputs: list[Any], attributes: Attributes) -> Tensor:
    return functional.avg_pool2d(inputs[0], attributes["kernel_shape"], attributes["strides"])


def _normalised(inputs: list[Any], attributes: Attributes) -> Tensor:
    x, scale, shift, mean, variance = inputs
    return functional.batch_norm(x, mean, variance, scale, shift, eps=attributes["epsilon"])


def _averaged(inputs: list[Any], attributes: Attributes) -> Tensor:
    return inputs[0].mean(attributes["axes"], keepdim=bool(attributes.get("keepdims", 1)))


def _reshaped(inputs: list[Any], _attributes: Attributes) -> Tensor:
    """A 0 in the wanted shape keeps the length that is there."""
    x, shape = inputs
    wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(shape.tolist())]
    return x.reshape(wanted)


def _sliced(inputs: list[Any], _attributes: Attributes) -> Tensor:
    x, starts, ends, axes, *steps = inputs
    step = steps[0].tolist() if steps else [1] * len(starts)
    for start, end, axis, stride in zip(starts.tolist(), ends.tolist(), axes.tolist(), step, strict=True):
        cut = [slice(None)] * x.ndim
        cut[axis] = slice(start, end, stride)
        x = x[tuple(cut)]
    return x


def _squeezed(inputs: list[Any], attributes: Attributes) -> Tensor:
    return inputs[0].squeeze(attributes["axes"])


def _unsqueezed(inputs: list[Any], attributes: Attributes) -> Tensor:
    x = inputs[0]
    for axis in attributes["axes"]:
        x = x.unsqueeze(axis)
    return x


def _hard_sigmoid(inputs: list[Any], attributes: Attributes) -> Tensor:
    return (inputs[0] * attributes["alpha"] + attributes["beta"]).clamp(0.0, 1.0)


_OPERATORS: dict[str, Operator] = {
    "Add": lambda x, _: x[0] + x[1],
    "AveragePool": _average_pooled,
    "BatchNormalization": _normalised,
    "Concat": lambda x, a: torch.cat(x, dim=a["axis"]),
    "Conv": _convolved,
    "Div": lambda x, _: x[0] / x[1],
    "Erf": lambda x, _: torch.erf(x[0]),
    "HardSigmoid": _hard_sigmoid,
    "MatMul": lambda x, _: x[0] @ x[1],
    "MaxPool": _max_pooled,
    "Mul": lambda x, _: x[0] * x[1],
    "Pow": lambda x, _: x[0] ** x[1],
    "ReduceMean": _averaged,
    "Relu": lambda x, _: torch.relu(x[0]),
    "Reshape": _reshaped,
    "Shape": lambda x, _: torch.tensor(x[0].shape),
    "Sigmoid": lambda x, _: torch.sigmoid(x[0]),
    "Slice": _sliced,
    "Softmax": lambda x, a: torch.softmax(x[0], dim=a["axis"]),
    "Sqrt": lambda x, _: torch.sqrt(x[0]),
    "Squeeze": _squeezed,
    "Sub": lambda x, _: x[0] - x[1],
    "Transpose": lambda x, a: x[0].permute(a["perm"]),
    "Unsqueeze": _unsqueezed,
}
