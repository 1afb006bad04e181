"""Small networks and slices that the tests of this folder share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ctiqa.models.build import build
from ctiqa.recipe import (
    BackboneNetwork,
    DbcnnNetwork,
    ManiqaNetwork,
    NetworkRecipe,
    StemVitNetwork,
    TfktNetwork,
)

TINY_VIT = "vit_tiny_patch16_224"

STEM_VIT = StemVitNetwork(blocks=1, backbone=TINY_VIT, depth=2, outputs=3)
TFKT = TfktNetwork(features="test_efficientnet", transformer="swin_v2_t", outputs=2)
BODY = BackboneNetwork(backbone="resnet18", outputs=3, side=64)
MANIQA = ManiqaNetwork(backbone=TINY_VIT, outputs=2, side=224)
DBCNN = DbcnnNetwork(backbone="resnet14t", second="resnet10t", outputs=2, side=64)

SIDES = {"stem-vit": 456, "tfkt": 96, "backbone": 80, "maniqa": 96, "dbcnn": 80}
"""Least matrix at which the tests run each kind."""

SMALL: tuple[NetworkRecipe, ...] = (STEM_VIT, TFKT, BODY, MANIQA, DBCNN)


def slices(n: int, side: int, seed: int = 0) -> Tensor:
    """Noise around soft tissue, HU [n, 1, side, side]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 1, side, side, generator=generator) * 60 + 40


def made(recipe: NetworkRecipe, seed: int = 0) -> nn.Module:
    """A network with weights of that seed, in evaluation mode."""
    torch.manual_seed(seed)
    return build(recipe).eval()


def lively(network: nn.Module, images: Tensor) -> nn.Module:
    """The network after one look at images, so that its normalisations know what comes."""
    network.train()
    with torch.no_grad():
        network(images)
    return network.eval()
