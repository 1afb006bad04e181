"""Baseline networks: plain backbones, and one after DBCNN."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ctiqa.models.backbones.facts import backbone_facts
from ctiqa.models.backbones.make import (
    feature_map,
    feature_width,
    make_backbone,
    make_feature_backbone,
)
from ctiqa.models.backbones.origins import sources
from ctiqa.models.contract import Outputs
from ctiqa.models.inputs import Channels, Resized, windows
from ctiqa.recipe import BackboneNetwork, DbcnnNetwork


class Compared(nn.Module):
    """A plain backbone of timm or torchvision with a score vector as its last layer.

    Args:
        recipe: Backbone, side and window; ``recipe.outputs`` is the length of the score vector.

    Raises:
        UsageError: If neither library has the backbone.
        WeightsError: If the pretrained weights are not available or do not fit.
    """

    def __init__(self, recipe: BackboneNetwork) -> None:
        super().__init__()
        self.photograph = photograph(recipe.backbone, recipe.window, recipe.side)
        (weights,) = sources(recipe)
        self.backbone = make_backbone(
            recipe.backbone, weights, outputs=recipe.outputs, side=recipe.side
        )

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch: HU [n, 1, rows, cols] to scores [n, outputs]; no noise map."""
        return Outputs(self.backbone(self.photograph(hu)))


class Dbcnn(nn.Module):
    """After DBCNN (Zhang et al., IEEE TCSVT 30(1):36–47, 2020): two backbones, bilinearly pooled.

    As in the paper: the outer product of two feature maps, averaged over all positions, its signed
    square root normalised to length one, and a linear layer. Different from the paper: the second
    backbone, there a small network trained to classify synthetic distortions of photographs, is
    any backbone of timm (default: ResNet-18); VGG-16 keeps its last pooling, so its map is 7×7
    for a side of 224.

    Args:
        recipe: Backbones, side and window; ``recipe.outputs`` is the length of the score vector.

    Raises:
        UsageError: If timm lacks a backbone, or one has no feature map.
        WeightsError: If the pretrained weights are not available or do not fit.
    """

    def __init__(self, recipe: DbcnnNetwork) -> None:
        super().__init__()
        first, second = sources(recipe)
        self.photograph = photograph(recipe.backbone, recipe.window, recipe.side)
        self.second_photograph = photograph(recipe.second, recipe.window, recipe.side)
        self.backbone = make_feature_backbone(recipe.backbone, first, side=recipe.side)
        self.second = make_feature_backbone(recipe.second, second, side=recipe.side)
        width = feature_width(self.backbone) * feature_width(self.second)
        self.head = nn.Linear(width, recipe.outputs)

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch: HU [n, 1, rows, cols] to scores [n, outputs]; no noise map."""
        objects = feature_map(self.backbone, self.photograph(hu))
        distortions: Tensor = feature_map(self.second, self.second_photograph(hu))
        return Outputs(self.head(bilinear(objects, distortions)))


def bilinear(a: Tensor, b: Tensor) -> Tensor:
    """Bilinear pooling (Lin et al., ICCV 2015) of two feature maps.

    Args:
        a: Features [n, channels, rows, cols].
        b: Features [n, other channels, other rows, other cols]; pooled to the size of ``a``.

    Returns:
        Signed square roots of the mean products of channels, of length 1,
        [n, channels · other channels].

    >>> three_four = torch.tensor([9.0, -16.0]).view(1, 2, 1, 1)
    >>> bilinear(torch.ones(1, 1, 2, 2), three_four).round(decimals=3)
    tensor([[ 0.6000, -0.8000]])
    """
    rows, cols = a.shape[-2:]
    if b.shape[-2:] != (rows, cols):
        b = nn.functional.adaptive_avg_pool2d(b, (rows, cols))
    products = torch.einsum("nahw,nbhw->nab", a, b).flatten(1) / (rows * cols)
    # The gradient of the root is infinite at zero, a frequent value after a ReLU.
    roots = products.sign() * (products.abs() + 1e-8).sqrt()
    return nn.functional.normalize(roots, dim=1)


def photograph(backbone: str, window: str, side: int) -> nn.Sequential:
    """HU [n, 1, rows, cols] to the input of a backbone, [n, 3, side, side]."""
    facts = backbone_facts(backbone)
    return nn.Sequential(windows(window), Resized(side), Channels(facts.mean, facts.std))
