"""The network of a model, built again from its card and its ONNX file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from tests.models.networks import slices
from tests.score.tiny_model import card
from torch import nn

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.answers import AnswersModel
from ctiqa.models.build import build
from ctiqa.models.onnx_weights import network_of_model
from ctiqa.models.stride32 import Stride32
from ctiqa.recipe import AnswersNetwork, Stride32Network
from ctiqa.train.export import to_onnx
from ctiqa.weights import ModelCard, parse_card

PLAIN = Stride32Network(
    stem=(8, 8, 8, 8, 16), sizes=(4, 4, 2, 2, 2), blocks=1, heads=2, outputs=3, normalised=False
)

ANSWERS = AnswersNetwork(
    stem=PLAIN.stem, sizes=PLAIN.sizes, blocks=1, heads=2, outputs=3, normalised=False
)


def lively(recipe: Stride32Network) -> nn.Module:
    """A network in which every weight is another one, those that start at 0 or 1 included."""
    torch.manual_seed(5)
    network = build(recipe)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    return network.eval()


def card_of(recipe: Stride32Network) -> ModelCard:
    facts = card("tiny", training={"recipe": {"network": asdict(recipe)}})
    return parse_card(json.dumps(facts).encode(), Path("tiny.json"))


@pytest.mark.parametrize(
    ("recipe", "kind"), [(PLAIN, Stride32), (ANSWERS, AnswersModel)], ids=["stride32", "answers"]
)
def test_the_file_returns_every_weight(recipe: Stride32Network, kind: type[Stride32]) -> None:
    trained = lively(recipe)
    found = network_of_model(card_of(recipe), to_onnx(trained, multiple=recipe.multiple))
    assert type(found) is kind
    wanted = trained.state_dict()
    assert found.state_dict().keys() == wanted.keys()
    for name, value in found.state_dict().items():
        torch.testing.assert_close(value, wanted[name], rtol=0, atol=0, msg=name)


def test_normalisation_is_folded() -> None:
    recipe = replace(ANSWERS, normalised=True)
    trained = build(recipe)
    for seed in range(3):
        trained(slices(4, 128, seed=seed))
    data = to_onnx(trained.eval(), multiple=recipe.multiple)
    found = network_of_model(card_of(recipe), data).eval()
    hu = slices(2, 128, seed=9)
    with torch.no_grad():
        for ours, theirs in zip(found(hu), trained(hu), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_another_kind_is_refused() -> None:
    facts = card("tiny", training={"recipe": {"network": {"kind": "stem-vit"}}})
    other = parse_card(json.dumps(facts).encode(), Path("tiny.json"))
    with pytest.raises(UsageError, match=r"'stride32' or 'answers'.* of the kind 'stem-vit'"):
        network_of_model(other, b"")


def test_a_file_without_the_answers_of_its_card_is_refused() -> None:
    plain = to_onnx(lively(PLAIN), multiple=PLAIN.multiple)
    with pytest.raises(WeightsError, match="layers of the kind Conv2d, as its card says"):
        network_of_model(card_of(ANSWERS), plain)
