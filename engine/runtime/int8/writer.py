"""Writing an ONNX graph, and the two ways in which its linear layers multiply: in 8 bits, and with weights of 4.

Weights are external: a graph names them, the session gets them from memory.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from onnx import TensorProto, helper

from engine.runtime.int8.nibbles import BLOCK, blocks_of

CONTRIB = "com.microsoft"
FLOAT, INT32, INT64 = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64
_UINT8 = TensorProto.UINT8
_OPSETS = (("", 24), (CONTRIB, 1))
_IR_VERSION = 12
# Below this an activation row counts as zero; its quotient would not be finite.
_SMALLEST_SCALE = 1e-30
# onnxruntime's number for sums of products of 8-bit activations.
_IN_INT8 = 4

Taken = tuple[str, str]
"""An input as linear layers take it: names of tensors."""


class Graph(ABC):
    """A graph being written."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._outside: dict[str, Any] = {}

    def constant(self, name: str, kind: int, dims: Sequence[int], values: Sequence[float]) -> None:
        self.constants.append(helper.make_tensor(name, kind, dims, values))

    def weight(self, name: str, kind: int, dims: Sequence[int]) -> str:
        """A tensor that the session gets from memory."""
        outside = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
        outside.external_data.add(key="location", value="memory")
        self._outside[name] = outside
        return name

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the tensors that the session gets from memory."""
        return tuple(self._outside)

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **settings: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, **settings))
        return outputs[0]

    @abstractmethod
    def begin(self, source: str) -> None:
        """Writes what all layers share; their inputs have as many rows as `source` [rows, in]."""

    @abstractmethod
    def taken(self, source: str) -> Taken:
        """`source` [rows, in] as `layer` takes it."""

    @abstractmethod
    def layer(self, name: str, source: Taken, sizes: tuple[int, int], biased: bool) -> str:
        """[rows, out]: `source` through the layer `name` of `sizes` (in, out)."""

    def linear(self, name: str, source: str, sizes: tuple[int, int], biased: bool) -> str:
        """[rows, out]: `source` [rows, in] through the layer `name`."""
        return self.layer(name, self.taken(source), sizes, biased)

    def model(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> bytes:
        # Of constants that nothing takes the session would warn.
        taken = {name for node in self.nodes for name in node.input}
        weights = [each for each in (*self.constants, *self._outside.values()) if each.name in taken]
        graph = helper.make_graph(self.nodes, "decoder", inputs, outputs, weights)
        opsets = [helper.make_opsetid(*one) for one in _OPSETS]
        model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION).SerializeToString()
        return model


class EightBits(Graph):
    """Activations are quantized per token, weights per output channel, and sums of products are whole numbers.
    `levels` is how far a quantized activation goes from zero."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.constant("one", FLOAT, [], [1.0])
        self.constant("step", FLOAT, [], [1 / levels])
        self.constant("smallest", FLOAT, [], [_SMALLEST_SCALE])
        self.constant("zero", _UINT8, [], [levels + 1])
        self.constant("last axis", INT64, [1], [1])
        self._levels = levels

    def begin(self, source: str) -> None:
        """The zero of each row, which every layer quantizes with."""
        count = self.node("Shape", [source], ["flat count"], start=0, end=1)
        zero = helper.make_tensor("zero", _UINT8, [1], [self._levels + 1])
        self.node("ConstantOfShape", [count], ["zeros"], value=zero)

    def taken(self, source: str) -> Taken:
        """Bytes around the zero, and the scales [rows, 1] of their rows."""
        tag = f"{source}/"
        size = self.node("Abs", [source], [f"{tag}size"])
        peak = self.node("ReduceMax", [size, "last axis"], [f"{tag}peak"], keepdims=0)
        scales = self.node("Max", [self.node("Mul", [peak, "step"], [f"{tag}scaled"]), "smallest"], [f"{tag}scales"])
        values = self.node("QuantizeLinear", [source, scales, "zeros"], [f"{tag}bytes"], axis=0)
        return values, self.node("Unsqueeze", [scales, "last axis"], [f"{tag}column"])

    def layer(self, name: str, source: Taken, sizes: tuple[int, int], biased: bool) -> str:
        values = self.weight(f"{name}.values", TensorProto.INT8, sizes)
        scales = self.weight(f"{name}.scales", FLOAT, sizes[1:])
        product = self.node(
            "MatMulIntegerToFloat", [source[0], values, "one", scales, "zero"], [f"{name}.product"], domain=CONTRIB
        )
        y = self.node("Mul", [product, source[1]], [f"{name}.scaled"])
        return self.node("Add", [y, self.weight(f"{name}.bias", FLOAT, sizes[1:])], [f"{name}.y"]) if biased else y


class FourBits(Graph):
    """Weights are those of `nibbles`; the operation quantizes activations itself, by the same blocks."""

    def begin(self, source: str) -> None:
        pass

    def taken(self, source: str) -> Taken:
        return source, ""

    def layer(self, name: str, source: Taken, sizes: tuple[int, int], biased: bool) -> str:
        width, out = sizes
        values = self.weight(f"{name}.nibbles", _UINT8, [out, blocks_of(width), BLOCK // 2])
        scales = self.weight(f"{name}.nibble_scales", FLOAT, [out, blocks_of(width)])
        inputs = [source[0], values, scales]
        if biased:
            inputs += ["", "", self.weight(f"{name}.bias", FLOAT, [out])]
        settings = {"K": width, "N": out, "bits": 4, "block_size": BLOCK, "accuracy_level": _IN_INT8}
        return self.node("MatMulNBits", inputs, [f"{name}.y"], domain=CONTRIB, **settings)
