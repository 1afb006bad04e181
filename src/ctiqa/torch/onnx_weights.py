"""Read the weights of the stride-32 network from its ONNX file.

The exporter transposes weights, renames folded ones and stores equal tensors once, so names are of
little use. The order is reliable: a sequential network uses its convolutions, normalisations and
linear layers in the order of their definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from ctiqa.errors import WeightsError
from ctiqa.models.stride32 import Stride32

Parameters = tuple[Tensor, Tensor]
"""Weight and bias of a layer, in torch's layout."""

LAYERS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: ("Conv",),
    nn.LayerNorm: ("LayerNormalization",),
    nn.Linear: ("MatMul", "Gemm"),
}
"""ONNX operators of every layer with weights."""


def take_onnx_weights(model: Stride32, network: bytes) -> None:
    """Load the weights of an ONNX file into a network.

    Args:
        model: Network of the exported size, without batch normalisation: the exporter has folded
            it into the convolutions.
        network: Content of the ``.onnx`` file.

    Raises:
        WeightsError: If the file is not ONNX, or its layers differ from those of the network.
    """
    graph = _graph(network)
    for layer, operators in LAYERS.items():
        own = [module for module in model.modules() if type(module) is layer]
        stored = list(_parameters(graph, operators))
        if len(own) != len(stored):
            raise WeightsError(
                f"the network must have {len(own)} layers of the kind {layer.__name__}, as its "
                f"card says, got {len(stored)}"
            )
        for module, (weight, bias) in zip(own, stored, strict=True):
            _set(module, "weight", weight)
            _set(module, "bias", bias)


def _graph(network: bytes) -> Any:
    try:
        return onnx.load_from_string(network).graph
    except DecodeError as error:
        raise WeightsError(f"the network is not an ONNX file: {error}") from None


def _parameters(graph: Any, operators: Sequence[str]) -> Iterator[Parameters]:
    """Weight and bias of every layer with one of some operators, in the order of the graph."""
    tensors = {each.name: each for each in graph.initializer}
    added = {
        name: node.input for node in graph.node if node.op_type == "Add" for name in node.input
    }
    for node in graph.node:
        # A product of two activations, as in attention, has no weight.
        if node.op_type not in operators or node.input[1] not in tensors:
            continue
        names = list(node.input[1:3])
        if node.op_type == "MatMul":
            names += [name for name in added.get(node.output[0], ()) if name in tensors]
        if len(names) != 2 or names[1] not in tensors:
            raise WeightsError(f"the layer {node.name!r} of the network has no bias")
        weight, bias = (torch.tensor(numpy_helper.to_array(tensors[name])) for name in names)
        yield weight.T if node.op_type == "MatMul" else weight, bias


def _set(module: nn.Module, name: str, value: Tensor) -> None:
    own: Tensor = getattr(module, name)
    if own.shape != value.shape:
        raise WeightsError(
            f"a '{name}' of the network must have the shape {tuple(own.shape)}, as its card says, "
            f"got {tuple(value.shape)}"
        )
    with torch.no_grad():
        own.copy_(value)
