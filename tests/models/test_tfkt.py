from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
import torch
from tests.models.networks import TFKT, lively, made, slices
from torch import nn

from ctiqa.errors import UsageError
from ctiqa.models.backbones.make import feature_map
from ctiqa.models.tfkt import (
    NaturalTfkt,
    SpatialConnector,
    Tfkt,
    VectorConnector,
    take_features,
)
from ctiqa.recipe import TfktNetwork

Connector = Literal["vector", "spatial"]


def network_of(recipe: TfktNetwork, seed: int = 0) -> Tfkt:
    network = made(recipe, seed)
    assert isinstance(network, Tfkt)
    return network


def photographs(n: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(n)
    return torch.randint(0, 256, (n, 3, 64, 96), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("connector", ["vector", "spatial"])
@pytest.mark.parametrize(("rows", "cols"), [(32, 32), (64, 96), (100, 75)])
def test_any_matrix_becomes_64_by_64(connector: Connector, rows: int, cols: int) -> None:
    network = network_of(replace(TFKT, connector=connector))
    with torch.no_grad():
        features = feature_map(network.features, torch.zeros(1, 1, rows, cols))
        assert network.connector(features).shape == (1, 1, 64, 64)
        assert network(torch.zeros(1, 1, rows, cols))[0].shape == (1, 2)


def test_a_slice_of_512_gives_16_by_16_places_of_1280_channels() -> None:
    with torch.device("meta"):
        network = Tfkt(TfktNetwork())
        features = feature_map(network.features, torch.zeros(1, 1, 512, 512))
    assert features.shape == (1, 1280, 16, 16)


@torch.no_grad()
def test_every_place_has_its_own_pixels() -> None:
    torch.manual_seed(0)
    connector = SpatialConnector(8)
    features = torch.randn(1, 8, 16, 16)
    before = connector(features)
    features[0, :, 3, 10] += 1
    rows, cols = (connector(features) != before)[0, 0].nonzero(as_tuple=True)
    assert set(rows.tolist()) == {12, 13, 14, 15}
    assert set(cols.tolist()) == {40, 41, 42, 43}


@torch.no_grad()
def test_the_published_connector_forgets_the_layout() -> None:
    torch.manual_seed(0)
    connector, features = VectorConnector(8).eval(), torch.randn(2, 8, 3, 5)
    moved = features.flatten(2)[..., torch.randperm(15)].reshape(2, 8, 5, 3)
    torch.testing.assert_close(connector(features), connector(moved))


@torch.no_grad()
def test_the_published_connector_by_hand() -> None:
    connector, features = VectorConnector(3).eval(), torch.rand(1, 3, 2, 2)
    linear = connector[3]
    assert isinstance(linear, nn.Linear)
    expected = (features.mean(dim=(2, 3)) @ linear.weight.T + linear.bias).view(1, 1, 64, 64)
    torch.testing.assert_close(connector(features), expected)


@pytest.mark.parametrize("connector", ["vector", "spatial"])
def test_the_transformer_reads_the_features_and_nothing_else(connector: Connector) -> None:
    # The authors' code hands it the slice.
    images = slices(2, 64)
    network = network_of(replace(TFKT, connector=connector))
    with torch.no_grad():
        seen = network.connector(feature_map(network.features, network.grey(images)))
        assert torch.equal(network(images)[0], network.transformer(seen))


def test_frozen_features_do_not_change_in_training() -> None:
    network = network_of(replace(TFKT, freeze_features=True)).train()
    before = {k: v.clone() for k, v in network.features.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(slices(2, 64))[0].square().sum().backward()
    optimizer.step()
    assert all(torch.equal(v, before[k]) for k, v in network.features.state_dict().items())
    assert all(p.grad is None for p in network.features.parameters())
    assert network.connector.mix.weight.grad is not None  # type: ignore[union-attr]


def test_free_features_change_in_training() -> None:
    network = network_of(TFKT).train()
    before = {k: v.clone() for k, v in network.features.state_dict().items()}
    network(slices(2, 64))
    changed = [k for k, v in network.features.state_dict().items() if not torch.equal(v, before[k])]
    assert any(k.endswith("running_mean") for k in changed)
    assert all(p.requires_grad for p in network.parameters())


def test_biases_of_keys_are_the_parameters_that_never_learn() -> None:
    """12,032 of the published 209,383,449: torchvision sets them to zero when it uses them."""
    with torch.device("meta"):
        biases = [
            p for n, p in Tfkt(TfktNetwork()).named_parameters() if n.endswith("attn.qkv.bias")
        ]
    assert sum(b.numel() // 3 for b in biases) == 12_032

    network = network_of(TFKT)
    network(slices(2, 64))[0].sum().backward()
    for name, parameter in network.named_parameters():
        if name.endswith("attn.qkv.bias"):
            assert parameter.grad is not None
            query, key, value = parameter.grad.chunk(3)
            assert not key.any()
            assert value.any()
            assert query.any()


def test_min_max_forgets_the_scale_and_a_window_does_not() -> None:
    images = slices(1, 64)
    for recipe, same in ((replace(TFKT, scaling="min-max"), True), (TFKT, False)):
        network = network_of(recipe)
        with torch.no_grad():
            one, half = (
                feature_map(network.features, network.grey(x)) for x in (images, images / 2)
            )
        assert torch.allclose(one, half, rtol=1e-3, atol=1e-4) is same


def test_the_first_phase_scores_photographs() -> None:
    natural = lively(NaturalTfkt(TFKT), photographs(4))
    with torch.no_grad():
        scores, noise, *_ = natural(photographs(3))
        assert torch.equal(natural(photographs(3).float())[0], scores)
    assert scores.shape == (3, 2)
    assert noise is None


def test_the_first_phase_teaches_every_feature() -> None:
    natural = lively(NaturalTfkt(replace(TFKT, freeze_features=True)), photographs(4))
    natural(photographs(2))[0].square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in natural.parameters())


def test_features_go_from_the_first_phase_to_the_second() -> None:
    natural = lively(NaturalTfkt(TFKT), photographs(4))
    network = network_of(TFKT, seed=5)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    take_features(network, natural)
    learnt = natural.state_dict()
    for name, value in network.state_dict().items():
        expected = learnt[name] if name.startswith("features.") else before[name]
        assert torch.equal(value, expected), name
    grey = torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        theirs = feature_map(natural.get_submodule("features"), grey)
        torch.testing.assert_close(feature_map(network.features, grey), theirs)


def test_features_of_another_network_are_refused() -> None:
    network = network_of(TFKT)
    other = NaturalTfkt(replace(TFKT, features="tf_efficientnetv2_b1"))
    with pytest.raises(UsageError, match="both phases must have the same features"):
        take_features(network, other)
    with pytest.raises(UsageError, match="from a NaturalTfkt to a Tfkt, got Tfkt and Tfkt"):
        take_features(network, network)
