"""What holds of every network, whatever its kind."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from tests.models.networks import SIDES, SMALL, TINY_VIT, lively, made, slices

from ctiqa.errors import UsageError
from ctiqa.models.build import NETWORK_CLASSES, build, parameters
from ctiqa.recipe import (
    NETWORK_KINDS,
    BackboneNetwork,
    DbcnnNetwork,
    ManiqaNetwork,
    NetworkRecipe,
    StemVitNetwork,
    Stride32Network,
    TfktNetwork,
)

each_kind = pytest.mark.parametrize("recipe", SMALL, ids=lambda recipe: recipe.kind)


def test_every_kind_of_recipe_has_its_network() -> None:
    assert set(NETWORK_CLASSES) == set(NETWORK_KINDS.values())


@each_kind
def test_a_score_vector_for_every_slice(recipe: NetworkRecipe) -> None:
    network, side = made(recipe), SIDES[recipe.kind]
    with torch.no_grad():
        scores, noise, *_ = network(slices(2, side))
    assert scores.shape == (2, recipe.outputs)
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()
    assert noise is None


@each_kind
def test_a_slice_scores_the_same_alone_in_company_and_again(recipe: NetworkRecipe) -> None:
    images = slices(3, SIDES[recipe.kind])
    network = lively(made(recipe), images)
    with torch.no_grad():
        together = network(images)[0]
        assert torch.equal(network(images)[0], together)
        alone = torch.cat([network(image[None])[0] for image in images])
    apart = (together[0] - together[1]).abs().max()
    assert apart > 1e-5
    assert (alone - together).abs().max() < 0.02 * apart


@each_kind
def test_every_weight_learns(recipe: NetworkRecipe) -> None:
    images = slices(2, SIDES[recipe.kind])
    # In evaluation mode, so that stochastic depth and dropout leave nothing out.
    network = lively(made(recipe), images)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    # timm starts the last normalisation of every residual block at zero: what is before it
    # learns from the second step on.
    for _ in range(2):
        optimizer.zero_grad()
        network(images)[0].square().sum().backward()
        optimizer.step()
    learning = {name: p.grad for name, p in network.named_parameters()}
    assert all(g is not None and g.isfinite().all() for g in learning.values())
    still = [name for name, g in learning.items() if g is None or not g.any()]
    assert still == []


@each_kind
def test_the_seed_decides_the_weights(recipe: NetworkRecipe) -> None:
    one, same, other = (made(recipe, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert any(not torch.equal(one[k], other[k]) for k in one)


@each_kind
def test_training_runs_in_bfloat16(recipe: NetworkRecipe) -> None:
    network = made(recipe).train().to(memory_format=torch.channels_last)
    images = slices(2, SIDES[recipe.kind]).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        scores, *_ = network(images)
    scores.float().square().sum().backward()
    assert scores.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


@each_kind
def test_all_that_counts_is_in_the_weights(recipe: NetworkRecipe) -> None:
    images = slices(2, SIDES[recipe.kind])
    network, other = lively(made(recipe, 1), images), made(recipe, 2)
    other.load_state_dict(network.state_dict())
    with torch.no_grad():
        assert torch.equal(network(images)[0], other(images)[0])


@pytest.mark.parametrize(
    ("recipe", "count"),
    [
        # Published: 100,281 in the stem, 85,798,656 in the backbone, 768·5 + 5 in the head.
        (StemVitNetwork(blocks=5, outputs=5, crop="published"), 85_902_782),
        (StemVitNetwork(blocks=5, outputs=1), 85_902_782 - 4 * 769),
        # One convolution of 64 channels less, the last one on 64 channels instead of 128.
        (StemVitNetwork(blocks=4, outputs=4), 85_902_782 - 769 - 74_112 - 768),
        # Published by the code of TFKT's authors.
        (TfktNetwork(connector="vector", scaling="min-max"), 209_383_449),
        (TfktNetwork(), 209_383_449 - (1280 + 1) * 4096 + (1280 + 1) * 16),
        # torchvision's and timm's own counts for 1,000 classes, the last layer exchanged.
        (BackboneNetwork(backbone="resnet50"), 25_557_032 - 2049 * 999),
        (BackboneNetwork(backbone="densenet121"), 7_978_856 - 1025 * 999),
        (BackboneNetwork(backbone="vgg16"), 138_357_544 - 4097 * 999),
        (BackboneNetwork(backbone="googlenet"), 6_624_904 - 1025 * 999),
        (BackboneNetwork(backbone="vit_base_patch16_224"), 86_567_656 - 769 * 999),
        (BackboneNetwork(backbone="efficientnet_v2_l"), 118_515_272 - 1281 * 999),
        (ManiqaNetwork(), 92_782_738),
        (DbcnnNetwork(), 14_714_688 + 11_176_512 + 512 * 512 + 1),
    ],
    ids=lambda value: getattr(value, "backbone", None) or getattr(value, "kind", None),
)
def test_numbers_of_parameters(recipe: NetworkRecipe, count: int) -> None:
    with torch.device("meta"):
        assert parameters(build(recipe)) == count


def test_frozen_parameters_count() -> None:
    network = build(StemVitNetwork(blocks=0, backbone=TINY_VIT, depth=1))
    before = parameters(network)
    assert parameters(network.requires_grad_(False)) == before > 0


def test_a_recipe_of_no_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"one of Stride32Network.*got NetworkRecipe"):
        build(NetworkRecipe())


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (
            StemVitNetwork(backbone="vit_base_patch16_242"),
            r"got 'vit_base_patch16_242'; similar: vit_",
        ),
        (BackboneNetwork(backbone="resnet51"), r"similar: .*resnet50"),
        (BackboneNetwork(backbone="vit_tiny_patch16_224", side=0), r"'side' must be set"),
        (ManiqaNetwork(backbone=TINY_VIT, side=0), r"'side' must be set"),
        (DbcnnNetwork(second="googlenet"), r"map of features, 'googlenet' does not"),
    ],
)
def test_impossible_bodies(recipe: NetworkRecipe, message: str) -> None:
    with torch.device("meta"), pytest.raises(UsageError, match=message):
        build(recipe)


def test_building_does_not_depend_on_where_weights_come_from() -> None:
    # A network is built with random weights before those of a checkpoint are loaded.
    recipe = BackboneNetwork(backbone="googlenet", side=64)
    backbone = build(replace(recipe, pretrained="none")).get_submodule("backbone")
    assert vars(backbone)["transform_input"] is True


def test_importing_the_networks_imports_neither_timm_nor_torchvision() -> None:
    code = (
        "import sys, ctiqa.models.build, ctiqa.models.authors.checkpoint; "
        "print(*sorted({'timm', 'torchvision', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_shipped_network_is_built_too() -> None:
    assert type(build(Stride32Network())).__name__ == "Stride32"
