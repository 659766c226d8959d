"""The network as an ONNX file: norms folded into convolutions, weights in 16 bits where asked for.

The graph is written node by node, so that the same weights give the same bytes.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.network import FAINT, LEAST, LUMA, POWER, Block, Embedder

Floats = npt.NDArray[np.float32]

INPUT, OUTPUT = "pixels", "embedding"
OPSET = 17
PRODUCER = "screening training"


@dataclass(slots=True, eq=False)
class _Graph:
    """Nodes and weights as they come together."""

    half: bool
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    def weight(self, name: str, values: Floats) -> str:
        """Add an array and return its name; in 16 bits it is widened where it is used."""
        if not self.half or values.ndim < 2:
            self.weights.append(numpy_helper.from_array(values.astype(np.float32), name))
            return name
        # beyond this a weight would become infinite
        narrow = values.clip(-65504.0, 65504.0).astype(np.float16)
        self.weights.append(numpy_helper.from_array(narrow, f"{name}.half"))
        self.add("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def write_onnx(network: Embedder, path: Path, *, side_px: int, half: bool) -> None:
    """Write a network that takes float32 (n, 3, side_px, side_px) and gives unit vectors.

    half: keep weights in 16 bits; the arithmetic stays in 32.
    """
    graph = _Graph(half=half)
    seen = _evened(graph, INPUT) if network.gray else INPUT
    x = graph.add("Relu", [_convolution(graph, seen, network.stem, "stem")], "stem.relu")
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        x = _block(graph, x, block, f"block{number}")
    x = graph.add("Clip", [x, graph.weight("least", np.array(LEAST, np.float32))], "pool.clip")
    x = graph.add("Pow", [x, graph.weight("power", np.array(POWER, np.float32))], "pool.power")
    x = graph.add("ReduceMean", [x], "pool.mean", axes=[2, 3], keepdims=0)
    root = graph.weight("root", np.array(1.0 / POWER, np.float32))
    x = graph.add("Pow", [x, root], "pool.root")
    weight, bias = _head(network)
    head = [graph.weight("head.weight", weight), graph.weight("head.bias", bias)]
    x = graph.add("Gemm", [x, *head], "head", transB=1)
    graph.add("LpNormalization", [x], OUTPUT, axis=1, p=2)
    dimensions = network.head.out_features
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "embedder",
            [_value(INPUT, ["n", 3, side_px, side_px])],
            [_value(OUTPUT, ["n", dimensions])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=9,
        producer_name=PRODUCER,
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _evened(graph: _Graph, x: str) -> str:
    """Add what ``network.evened`` does."""
    luma = np.array(LUMA, np.float32).reshape(1, 3, 1, 1)
    graph.weights.append(numpy_helper.from_array(luma, "luma"))
    light = graph.add("Conv", [x, "luma"], "light")
    mean = graph.add("ReduceMean", [light], "light.mean", axes=[2, 3], keepdims=1)
    light = graph.add("Sub", [light, mean], "light.centered")
    square = graph.add("Mul", [light, light], "light.square")
    variance = graph.add("ReduceMean", [square], "light.variance", axes=[2, 3], keepdims=1)
    faint = graph.weight("faint", np.array(FAINT, np.float32))
    variance = graph.add("Add", [variance, faint], "light.variance.least")
    return graph.add("Div", [light, graph.add("Sqrt", [variance], "light.deviation")], "evened")


def _block(graph: _Graph, x: str, block: Block, name: str) -> str:
    first = _convolution(graph, x, block.first, f"{name}.first")
    first = graph.add("Relu", [first], f"{name}.first.relu")
    second = _convolution(graph, first, block.second, f"{name}.second")
    short = x
    if isinstance(block.short, nn.Sequential):
        short = _convolution(graph, x, block.short, f"{name}.short")
    total = graph.add("Add", [second, short], f"{name}.sum")
    return graph.add("Relu", [total], f"{name}.relu")


def _convolution(graph: _Graph, x: str, layer: nn.Sequential, name: str) -> str:
    """Add a convolution with the norm behind it folded in."""
    convolution, norm = layer[0], layer[1]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    deviation = np.sqrt(_array(norm.running_var).astype(np.float64) + norm.eps)
    scale = _array(norm.weight) / deviation
    weight = _array(convolution.weight) * scale[:, None, None, None]
    bias = _array(norm.bias) - _array(norm.running_mean) * scale
    inputs = [
        x,
        graph.weight(f"{name}.weight", weight.astype(np.float32)),
        graph.weight(f"{name}.bias", bias.astype(np.float32)),
    ]
    pad, stride = int(convolution.padding[0]), int(convolution.stride[0])
    return graph.add("Conv", inputs, name, pads=[pad] * 4, strides=[stride] * 2)


def _head(network: Embedder) -> tuple[Floats, Floats]:
    """Return weight and bias of the last layer with the norm before it folded in."""
    norm, weight = network.norm, _array(network.head.weight).astype(np.float64)
    deviation = np.sqrt(_array(norm.running_var).astype(np.float64) + norm.eps)
    weight = weight / deviation
    bias = _array(network.head.bias) - weight @ _array(norm.running_mean)
    return weight.astype(np.float32), bias.astype(np.float32)


def _array(weight: object) -> Floats:
    return np.asarray(weight.detach().cpu().float().numpy(), np.float32)  # type: ignore[attr-defined]


def _value(name: str, shape: list[object]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
