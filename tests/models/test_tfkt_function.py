"""TFKT is the authors' function, to the padding and the constants of its normalisations."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from tests.models.theirs import TheirTfkt, calibrated, stretched, tissue
from torch import Tensor, nn

from ctiqa.models.authors.tfkt import our_tfkt_name
from ctiqa.models.backbones.make import feature_map, feature_width
from ctiqa.models.build import build
from ctiqa.models.tfkt import NaturalTfkt, Tfkt
from ctiqa.recipe import TfktNetwork

PUBLISHED = TfktNetwork(
    features="efficientnet_v2_s", transformer="swin_v2_t", connector="vector", scaling="min-max"
)
"""The published network with the smallest backbones of its families."""

SAME = 1e-4
"""Largest relative difference of what is the same function."""


def apart(a: Tensor, b: Tensor) -> float:
    """Relative difference."""
    return float((a - b).norm() / b.norm())


@pytest.fixture(scope="module")
def theirs() -> TheirTfkt:
    torch.manual_seed(0)
    made = TheirTfkt("efficientnet_v2_s", "swin_v2_t")
    calibrated(made.effnetv2l, stretched(tissue(6, 64, seed=1)))
    return made.eval()


@pytest.fixture(scope="module")
def ours(theirs: TheirTfkt) -> Tfkt:
    network = build(PUBLISHED).eval()
    assert isinstance(network, Tfkt)
    state = theirs.state_dict()
    network.load_state_dict({our_tfkt_name(name, state): value for name, value in state.items()})
    return network


@pytest.fixture(scope="module")
def images() -> Tensor:
    return tissue(2, 64, seed=2)


@pytest.fixture(scope="module")
def features(theirs: TheirTfkt, images: Tensor) -> Tensor:
    """What the authors' features say of the images."""
    with torch.no_grad():
        found: Tensor = theirs.effnetv2l.features(stretched(images))
    return found


def test_the_weights_do_not_forget_their_input(features: Tensor) -> None:
    """Else all that follows would hold of any function."""
    assert features.isfinite().all()
    assert apart(features[:1], features[1:]) > 0.3


@torch.no_grad()
def test_features_are_the_authors(ours: Tfkt, images: Tensor, features: Tensor) -> None:
    assert apart(feature_map(ours.features, ours.grey(images)), features) < SAME


@torch.no_grad()
def test_scores_are_the_authors(theirs: TheirTfkt, ours: Tfkt, images: Tensor) -> None:
    scores = theirs(images)
    assert apart(ours(images)[0], scores) < SAME
    assert apart(scores[:1], scores[1:]) > 100 * SAME


@torch.no_grad()
def test_another_constant_would_be_another_function(
    ours: Tfkt, images: Tensor, features: Tensor
) -> None:
    other = copy.deepcopy(ours.features)
    for module in other.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5
    assert apart(feature_map(other, ours.grey(images)), features) > 100 * SAME


@torch.no_grad()
def test_timms_padding_would_be_another_function(
    theirs: TheirTfkt, ours: Tfkt, images: Tensor, features: Tensor
) -> None:
    """timm's ``tf_`` network of the same weights: layer for layer the same, padded otherwise."""
    other = timm.create_model("tf_efficientnetv2_s", in_chans=1, num_classes=0).eval()
    state = theirs.effnetv2l.features.state_dict()
    other.load_state_dict(dict(zip(other.state_dict(), state.values(), strict=True)))
    assert apart(feature_map(other, ours.grey(images)), features) > 1000 * SAME


def test_the_recipe_as_it_stands_has_torchvisions_layers() -> None:
    with torch.device("meta"):
        ours = build(TfktNetwork()).get_submodule("features")
        theirs = torchvision.models.efficientnet_v2_l(weights=None)
    sizes = {k: v.shape for k, v in theirs.state_dict().items() if not k.startswith("classifier.")}
    sizes["features.0.0.weight"] = torch.Size((32, 1, 3, 3))
    assert {k: v.shape for k, v in ours.state_dict().items()} == sizes
    assert feature_width(ours) == 1280
    convolutions = [m for m in ours.modules() if isinstance(m, nn.Conv2d)]
    assert all(c.padding == tuple(k // 2 for k in c.kernel_size) for c in convolutions)
    assert {m.eps for m in ours.modules() if isinstance(m, nn.BatchNorm2d)} == {1e-3}


def test_the_published_network_has_just_their_keys() -> None:
    with torch.device("meta"):
        theirs = TheirTfkt().state_dict()
        ours = build(TfktNetwork(connector="vector")).state_dict()
    assert sum(v.numel() for v in theirs.values() if v.is_floating_point()) > 209_383_449
    assert {our_tfkt_name(k, theirs): v.shape for k, v in theirs.items()} == {
        k: v.shape for k, v in ours.items()
    }


def test_chance_leaves_out_as_much_as_there() -> None:
    """Stochastic depth and dropout are torchvision's, with which the authors train."""

    def chances(network: nn.Module) -> list[object]:
        return [vars(m)["p"] for m in network.modules() if vars(m).get("p")]

    with torch.device("meta"):
        theirs, ours = TheirTfkt(), build(TfktNetwork(connector="vector"))
    assert chances(theirs.effnetv2l.features) == chances(ours.get_submodule("features.features"))
    assert chances(theirs.effnetv2l.classifier) == chances(ours.get_submodule("connector"))
    assert chances(theirs.swinv2b) == chances(ours.get_submodule("transformer"))


@torch.no_grad()
def test_the_first_phase_reads_squares_of_the_side_asked_for() -> None:
    torch.manual_seed(0)
    natural = NaturalTfkt(replace(PUBLISHED, natural_side=128)).eval()
    seen: list[Tensor] = []
    natural.features.get_submodule("features").register_forward_pre_hook(
        lambda _, args: seen.extend(args)
    )
    rgb = torch.randint(0, 256, (2, 3, 48, 64), dtype=torch.uint8)
    natural(rgb)
    assert seen[0].shape == (2, 1, 128, 128)
    stretch = torchvision.transforms.functional.resize(rgb, [128, 128])
    luma = (stretch * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)
    assert (seen[0] - stretched(luma)).abs().max() < 0.01
    plain = NaturalTfkt(PUBLISHED)
    assert plain.side == 0
