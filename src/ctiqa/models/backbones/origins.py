"""Origin of backbone weights: random, a file, or published by a library."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.backbones.facts import TORCHVISION
from ctiqa.models.backbones.hub import PublishedWeights, published_by_timm, published_by_torchvision
from ctiqa.recipe.network import BackbonesNetwork, ImageNet

BACKBONES = ("backbone", "second", "features", "transformer")
"""Recipe keys of backbones, in the order of their weight files."""

TWINS = {"vit_base_patch16_224": "vit_b_16"}
"""Vision Transformers of timm and their torchvision equivalents, used by DistilIQA's authors."""


@dataclass(frozen=True, slots=True)
class WeightsOrigin:
    """Origin of the weights of one backbone.

    Attributes:
        source: ``none`` (random), ``hub`` (published) or a file.
        imagenet: ImageNet version of ``hub`` weights.
        twin: Name of the same backbone in torchvision, whose ImageNet-1k weights ``hub`` takes
            instead of timm's; empty for timm's.
    """

    source: str = "none"
    imagenet: ImageNet = "1k"
    twin: str = ""


def backbones_of(recipe: BackbonesNetwork) -> dict[str, str]:
    """Names of the backbones of a network, by recipe key.

    >>> from ctiqa.recipe import DbcnnNetwork
    >>> backbones_of(DbcnnNetwork())
    {'backbone': 'vgg16', 'second': 'resnet18'}
    """
    return {name: getattr(recipe, name) for name in BACKBONES if hasattr(recipe, name)}


def sources(recipe: BackbonesNetwork) -> tuple[WeightsOrigin, ...]:
    """Origin of the weights of every backbone of a network, in order.

    Raises:
        UsageError: If the number of files differs from the number of backbones.

    >>> from ctiqa.recipe import TfktNetwork
    >>> [weights.source for weights in sources(TfktNetwork(pretrained="hub"))]
    ['hub', 'hub']
    """
    names = backbones_of(recipe)
    twins = TWINS if recipe.kind == "stem-vit" else {}
    given = _given(recipe.pretrained, tuple(names))
    return tuple(
        WeightsOrigin(source, recipe.imagenet, twins.get(backbone, ""))
        for source, backbone in zip(given, names.values(), strict=True)
    )


def _given(pretrained: str, backbones: tuple[str, ...]) -> tuple[str, ...]:
    if pretrained in {"none", "hub"}:
        return (pretrained,) * len(backbones)
    files = tuple(pretrained.split(os.pathsep)) if len(backbones) > 1 else (pretrained,)
    if len(files) != len(backbones):
        raise UsageError(
            f"'pretrained' must name {len(backbones)} files, of {' and '.join(backbones)} in this "
            f"order, separated by '{os.pathsep}', got {len(files)}: '{pretrained}'"
        )
    return files


def published_weights(name: str, weights: WeightsOrigin) -> PublishedWeights:
    """Published weights that ``hub`` takes for a backbone.

    Raises:
        UsageError: If no such weights are published.
    """
    if name in TORCHVISION:
        return published_by_torchvision(name, weights.imagenet)
    if weights.twin and weights.imagenet == "1k":
        return published_by_torchvision(weights.twin, weights.imagenet)
    return published_by_timm(name, weights.imagenet)


def origin(name: str, weights: WeightsOrigin) -> str:
    """Description of the origin of a backbone's weights, for people.

    Raises:
        UsageError: If no such weights are published.
        WeightsError: If the file does not exist.

    >>> origin("efficientnet_v2_l", WeightsOrigin("hub"))
    'efficientnet_v2_l IMAGENET1K_V1 of torchvision, ImageNet-1k'
    >>> origin("resnet18", WeightsOrigin())
    'random'
    """
    if weights.source == "none":
        return "random"
    if weights.source == "hub":
        return published_weights(name, weights).words
    try:
        with Path(weights.source).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"'{weights.source}' must be a file of weights: {error}") from None
    return f"'{weights.source}', sha256 {digest}"


def origins(recipe: BackbonesNetwork) -> tuple[str, ...]:
    """Description of the origin of every backbone's weights, one line each, for people.

    Raises:
        UsageError: If the number of files differs from the number of backbones, or no such weights
            are published.
        WeightsError: If a file does not exist.

    >>> from ctiqa.recipe import TfktNetwork
    >>> for line in origins(TfktNetwork(pretrained="hub")):
    ...     print(line)
    features: efficientnet_v2_l IMAGENET1K_V1 of torchvision, ImageNet-1k
    transformer: swin_v2_b IMAGENET1K_V1 of torchvision, ImageNet-1k
    """
    pairs = zip(backbones_of(recipe).items(), sources(recipe), strict=True)
    return tuple(f"{name}: {origin(backbone, weights)}" for (name, backbone), weights in pairs)
