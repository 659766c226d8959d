"""The network as an ONNX file: norms folded into convolutions, weights in 16 bits where asked for.

The graph is written node by node, so that the same weights give the same bytes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.network import (
    FAINT,
    FAINTEST,
    LEAST,
    POWER,
    SCALES,
    STEEP,
    SURROUNDINGS,
    Block,
    Embedder,
    Front,
    in_cells,
)

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

    def constant(self, name: str, values: npt.NDArray[Any]) -> str:
        """Add an array that stays as it is, once, and return its name."""
        if all(known.name != name for known in self.weights):
            self.weights.append(numpy_helper.from_array(values, name))
        return name

    def number(self, name: str, value: float) -> str:
        """Add a number, once, and return its name."""
        return self.constant(name, np.array(value, np.float32))

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output


def write_onnx(network: Embedder, path: Path, *, side_px: int, half: bool) -> None:
    """Write a network that takes float32 (n, 3, side_px, side_px) and gives unit vectors.

    half: keep weights in 16 bits; the arithmetic stays in 32.
    """
    graph = _Graph(half=half)
    x = _front(graph, network.front)
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        x = _block(graph, x, block, f"block{number}")
    cells = _cells(graph, x, network, side_px)
    x = graph.add("Clip", [x, graph.number("least", LEAST)], "pool.clip")
    x = graph.add("Pow", [x, graph.number("power", POWER)], "pool.power")
    x = graph.add("ReduceMean", [x], "pool.mean", axes=[2, 3], keepdims=0)
    x = graph.add("Pow", [x, graph.number("root", 1.0 / POWER)], "pool.root")
    x = graph.add("Concat", [x, cells], "pool", axis=1)
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


def _front(graph: _Graph, front: Front) -> str:
    """Add what ``network.Front`` does."""
    luma, slopes, turns = (
        graph.constant(name, _array(getattr(front, name))) for name in ("luma", "slopes", "turns")
    )
    light = _evened(graph, graph.add("Conv", [INPUT, luma], "light"), "light")
    colors = {"colors": INPUT, "evened": _evened(graph, INPUT, "colors")}
    parts = [_mean_of(graph, x, 4, f"front.{name}") for name, x in colors.items()]
    for scale, pool in enumerate(SCALES):
        name = f"edges{scale}"
        framed = graph.add("Pad", [light, _frame(graph)], f"{name}.framed", mode="edge")
        slope = graph.add("Conv", [framed, slopes], f"{name}.slopes")
        square = graph.add("Mul", [slope, slope], f"{name}.square")
        total = graph.add("ReduceSum", [square, _axis(graph)], f"{name}.sum", keepdims=1)
        steep = graph.add("Add", [total, graph.number("steep", STEEP)], f"{name}.steep")
        steep = graph.add("Pow", [steep, graph.number("steep.power", 1.5)], f"{name}.steep.power")
        along = graph.add("Conv", [slope, turns], f"{name}.along")
        for power in ("square", "fourth"):
            along = graph.add("Mul", [along, along], f"{name}.along.{power}")
        edges = graph.add("Div", [along, steep], f"{name}.relative")
        edges = _mean_of(graph, edges, pool, f"{name}.pooled")
        mean = graph.add("ReduceMean", [edges], f"{name}.mean", axes=[1], keepdims=1)
        around = graph.add(
            "AveragePool",
            [mean],
            f"{name}.around",
            kernel_shape=[SURROUNDINGS] * 2,
            pads=[SURROUNDINGS // 2] * 4,
        )
        around = graph.add("Add", [around, graph.number("faintest", FAINTEST)], f"{name}.least")
        edges = graph.add("Div", [edges, around], f"{name}.beside")
        edges = graph.add("Mul", [edges, graph.number("two", 2.0)], f"{name}.doubled")
        parts.append(graph.add("Sub", [edges, graph.number("one", 1.0)], name))
        light = _mean_of(graph, light, 2, f"light{scale}.halved")
    return graph.add("Concat", parts, "front", axis=1)


def _evened(graph: _Graph, x: str, name: str) -> str:
    """Add what ``network.evened`` does."""
    mean = graph.add("ReduceMean", [x], f"{name}.mean", axes=[2, 3], keepdims=1)
    x = graph.add("Sub", [x, mean], f"{name}.centered")
    square = graph.add("Mul", [x, x], f"{name}.square")
    variance = graph.add("ReduceMean", [square], f"{name}.variance", axes=[1, 2, 3], keepdims=1)
    least = graph.add("Add", [variance, graph.number("faint", FAINT)], f"{name}.variance.least")
    return graph.add("Div", [x, graph.add("Sqrt", [least], f"{name}.deviation")], f"{name}.evened")


def _mean_of(graph: _Graph, x: str, side: int, name: str) -> str:
    """Add a mean over squares."""
    return graph.add("AveragePool", [x], name, kernel_shape=[side] * 2, strides=[side] * 2)


def _frame(graph: _Graph) -> str:
    return graph.constant("frame", np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))


def _axis(graph: _Graph) -> str:
    return graph.constant("axis", np.array([1], np.int64))


def _cells(graph: _Graph, maps: str, network: Embedder, side_px: int) -> str:
    """Add what the pooling in cells does."""
    layer, places = network.reduce, _places(network, side_px)
    inputs = [
        maps,
        graph.weight("reduce.weight", _array(layer.weight)),
        graph.weight("reduce.bias", _array(layer.bias)),
    ]
    x = graph.add("Conv", inputs, "reduce")
    flat = graph.constant("flat", np.array([0, layer.out_channels, -1], np.int64))
    x = graph.add("Reshape", [x, flat], "reduce.flat")
    parts = graph.constant("parts", in_cells(places, places, network.cells))
    x = graph.add("MatMul", [x, parts], "cells.apart")
    return graph.add("Flatten", [x], "cells", axis=1)


def _places(network: Embedder, side_px: int) -> int:
    """Return how many places across the maps have of a picture so wide."""
    places = side_px // 4
    for block in network.blocks:
        assert isinstance(block, Block)
        stride = int(block.first[0].stride[0])
        places = (places + stride - 1) // stride
    return places


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
