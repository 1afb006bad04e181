"""Build the network of a model from its card and its ONNX file.

The exporter transposes weights, renames folded ones and stores equal tensors once, so names are of
little use. The order is reliable: a sequential network uses its convolutions, normalisations and
linear layers in the order of their definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import onnx
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper
from torch import Tensor, nn

from ctiqa.cards import ModelCard
from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.answers import AnswersModel
from ctiqa.models.stride32 import Stride32
from ctiqa.recipe import AnswersNetwork, Stride32Network

KINDS: dict[str, tuple[type[Stride32Network], type[Stride32]]] = {
    "stride32": (Stride32Network, Stride32),
    "answers": (AnswersNetwork, AnswersModel),
}
"""Recipe and network of the supported kinds, those that ctiqa ships."""

Parameters = tuple[Tensor, Tensor]
"""Weight and bias of a layer, in torch's layout."""

LAYERS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Conv2d: ("Conv",),
    nn.LayerNorm: ("LayerNormalization",),
    nn.Linear: ("MatMul", "Gemm"),
}
"""ONNX operators of every layer with weights."""


def network_of_model(card: ModelCard, network: bytes) -> Stride32:
    """The network of a model with its weights.

    Args:
        card: Card of the model; its entry ``training.recipe.network`` describes the network.
        network: Content of the ``.onnx`` file.

    Returns:
        The network, on the CPU, in float32, without batch normalisation: the exporter
        has folded it into the convolutions. An :class:`AnswersModel` for a model with answers.

    Raises:
        UsageError: If the network is not of a supported kind.
        WeightsError: If the file is not ONNX, or its layers differ from those on the card.
    """
    recipe, made = _described(card)
    model = made(recipe)
    _take_weights(model, network)
    return model


def _described(card: ModelCard) -> tuple[Stride32Network, type[Stride32]]:
    """Recipe of the stored network according to the card, and the class of the network."""
    stored = _entry(card.facts, "training", "recipe", "network")
    kind = stored.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise UsageError(
            f"the model must be of the kind {' or '.join(map(repr, KINDS))}, as ctiqa ships, got "
            f"{card.name!r} of the kind {kind or 'unknown'!r}; its scores, without gradients, come "
            "from ctiqa.Scorer"
        )
    recipe, network = KINDS[kind]
    known = {field.name for field in fields(recipe)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in stored.items()
        if name in known
    }
    try:
        return recipe(**(values | {"normalised": False})), network
    except (TypeError, ValueError, AttributeError) as error:
        raise WeightsError(
            f"the card of {card.name!r} breaks a rule in 'training.recipe.network': {error}"
        ) from None


def _entry(facts: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A table of a card; empty if the card has none."""
    for name in path:
        found = facts.get(name)
        facts = found if isinstance(found, Mapping) else {}
    return facts


def _take_weights(model: Stride32, network: bytes) -> None:
    """Load the weights of an ONNX file into a network of its size."""
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
        weight, *biases = (torch.tensor(numpy_helper.to_array(tensors[name])) for name in names)
        if node.op_type == "MatMul":
            weight = weight.T
        # The exporter leaves out biases of 0.
        yield weight, biases[0] if biases else weight.new_zeros(len(weight))


def _set(module: nn.Module, name: str, value: Tensor) -> None:
    own: Tensor = getattr(module, name)
    if own.shape != value.shape:
        raise WeightsError(
            f"a '{name}' of the network must have the shape {tuple(own.shape)}, as its card says, "
            f"got {tuple(value.shape)}"
        )
    with torch.no_grad():
        own.copy_(value)
