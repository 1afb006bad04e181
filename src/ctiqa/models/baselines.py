"""Networks that the systems are compared to: bodies as they are, and one after DBCNN."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ctiqa.models.backbones.facts import facts_of
from ctiqa.models.backbones.make import feature_map, feature_width, make_body, make_feature_body
from ctiqa.models.backbones.origins import sources
from ctiqa.models.contract import Outputs
from ctiqa.models.inputs import Channels, Resized, windows
from ctiqa.recipe import BodyNetwork, DbcnnNetwork


class Compared(nn.Module):
    """A body of timm or torchvision as it is, its last layer giving the score vector.

    Args:
        recipe: Body, side and window; ``recipe.outputs`` numbers come out.

    Raises:
        UsageError: If neither library has the body.
        WeightsError: If the pretrained weights cannot be had or do not fit.
    """

    def __init__(self, recipe: BodyNetwork) -> None:
        super().__init__()
        self.photograph = photograph(recipe.body, recipe.window, recipe.side)
        (weights,) = sources(recipe)
        self.body = make_body(recipe.body, weights, outputs=recipe.outputs, side=recipe.side)

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch: HU [n, 1, rows, cols] to scores [n, outputs]; no map of noise."""
        return self.body(self.photograph(hu)), None


class Dbcnn(nn.Module):
    """After DBCNN (Zhang et al., IEEE TCSVT 30(1):36–47, 2020): two bodies, bilinearly pooled.

    As there: the outer product of two maps of features, averaged over all places, its signed
    square root normalised to length one, and a linear layer. Otherwise than there: the second
    body, a small network trained to tell synthetic distortions of photographs, is any body of
    timm (ResNet-18 unless told); VGG-16 keeps its last pooling, so its map is 7×7 for a side of
    224.

    Args:
        recipe: Bodies, side and window; ``recipe.outputs`` numbers come out.

    Raises:
        UsageError: If timm lacks a body, or one gives no map of features.
        WeightsError: If the pretrained weights cannot be had or do not fit.
    """

    def __init__(self, recipe: DbcnnNetwork) -> None:
        super().__init__()
        first, second = sources(recipe)
        self.photograph = photograph(recipe.body, recipe.window, recipe.side)
        self.second_photograph = photograph(recipe.second, recipe.window, recipe.side)
        self.body = make_feature_body(recipe.body, first, side=recipe.side)
        self.second = make_feature_body(recipe.second, second, side=recipe.side)
        width = feature_width(self.body) * feature_width(self.second)
        self.head = nn.Linear(width, recipe.outputs)

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch: HU [n, 1, rows, cols] to scores [n, outputs]; no map of noise."""
        objects = feature_map(self.body, self.photograph(hu))
        distortions: Tensor = feature_map(self.second, self.second_photograph(hu))
        return self.head(bilinear(objects, distortions)), None


def bilinear(a: Tensor, b: Tensor) -> Tensor:
    """Bilinear pooling (Lin et al., ICCV 2015) of two maps of features.

    Args:
        a: Features [n, channels, rows, cols].
        b: Features [n, other channels, other rows, other cols]; brought to the places of ``a``.

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
    # The root's slope is infinite at zero, where a rectified feature often is.
    roots = products.sign() * (products.abs() + 1e-8).sqrt()
    return nn.functional.normalize(roots, dim=1)


def photograph(body: str, window: str, side: int) -> nn.Sequential:
    """HU [n, 1, rows, cols] to what a body was made for, [n, 3, side, side]."""
    facts = facts_of(body)
    return nn.Sequential(windows(window), Resized(side), Channels(facts.mean, facts.std))
