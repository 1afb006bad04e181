"""Where the weights of bodies come from: nowhere, a file, or what a library publishes."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.backbones.facts import TORCHVISION
from ctiqa.models.backbones.hub import Published, published_by_timm, published_by_torchvision
from ctiqa.recipe.network import BodiesNetwork, ImageNet

BODIES = ("body", "second", "features", "transformer")
"""What recipes call their bodies, in the order in which files are given for them."""

TWINS = {"vit_base_patch16_224": "vit_b_16"}
"""Vision Transformers of timm whose twins in torchvision DistilIQA's authors start from."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Where the weights of one body come from.

    Attributes:
        source: ``none`` (random), ``hub`` (published) or a file.
        imagenet: Which ImageNet those of ``hub`` learned from.
        twin: Name in torchvision of the same body, whose weights ``hub`` means instead of timm's
            where they are to know ImageNet-1k alone; empty for timm's own.
    """

    source: str = "none"
    imagenet: ImageNet = "1k"
    twin: str = ""


def bodies_of(recipe: BodiesNetwork) -> dict[str, str]:
    """The bodies of a network by what its recipe calls them.

    >>> from ctiqa.recipe import DbcnnNetwork
    >>> bodies_of(DbcnnNetwork())
    {'body': 'vgg16', 'second': 'resnet18'}
    """
    return {name: getattr(recipe, name) for name in BODIES if hasattr(recipe, name)}


def sources(recipe: BodiesNetwork) -> tuple[Weights, ...]:
    """Where the weights of each body of a network come from, in the order of its bodies.

    Raises:
        UsageError: If there are more or fewer files than bodies.

    >>> from ctiqa.recipe import TfktNetwork
    >>> [weights.source for weights in sources(TfktNetwork(pretrained="hub"))]
    ['hub', 'hub']
    """
    names = bodies_of(recipe)
    twins = TWINS if recipe.kind == "stem-vit" else {}
    given = _given(recipe.pretrained, tuple(names))
    return tuple(
        Weights(source, recipe.imagenet, twins.get(body, ""))
        for source, body in zip(given, names.values(), strict=True)
    )


def _given(pretrained: str, bodies: tuple[str, ...]) -> tuple[str, ...]:
    if pretrained in {"none", "hub"}:
        return (pretrained,) * len(bodies)
    files = tuple(pretrained.split(os.pathsep)) if len(bodies) > 1 else (pretrained,)
    if len(files) != len(bodies):
        raise UsageError(
            f"'pretrained' must name {len(bodies)} files, of {' and '.join(bodies)} in this order, "
            f"separated by '{os.pathsep}', got {len(files)}: '{pretrained}'"
        )
    return files


def published(name: str, weights: Weights) -> Published:
    """The weights that ``hub`` means for a body, named as in timm or torchvision.

    Raises:
        UsageError: If none of that kind are published.
    """
    if name in TORCHVISION:
        return published_by_torchvision(name, weights.imagenet)
    if weights.twin and weights.imagenet == "1k":
        return published_by_torchvision(weights.twin, weights.imagenet)
    return published_by_timm(name, weights.imagenet)


def origin(name: str, weights: Weights) -> str:
    """Where the weights of a body come from, for people.

    Raises:
        UsageError: If none of that kind are published.
        WeightsError: If there is no such file.

    >>> origin("efficientnet_v2_l", Weights("hub"))
    'efficientnet_v2_l IMAGENET1K_V1 of torchvision, ImageNet-1k'
    >>> origin("resnet18", Weights())
    'random'
    """
    if weights.source == "none":
        return "random"
    if weights.source == "hub":
        return published(name, weights).words
    try:
        with Path(weights.source).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"'{weights.source}' must be a file of weights: {error}") from None
    return f"'{weights.source}', sha256 {digest}"


def origins(recipe: BodiesNetwork) -> tuple[str, ...]:
    """Where the weights of every body of a network come from, a line each, for people.

    Raises:
        UsageError: If there are more or fewer files than bodies, or none of a kind are published.
        WeightsError: If there is no such file.

    >>> from ctiqa.recipe import TfktNetwork
    >>> for line in origins(TfktNetwork(pretrained="hub")):
    ...     print(line)
    features: efficientnet_v2_l IMAGENET1K_V1 of torchvision, ImageNet-1k
    transformer: swin_v2_b IMAGENET1K_V1 of torchvision, ImageNet-1k
    """
    pairs = zip(bodies_of(recipe).items(), sources(recipe), strict=True)
    return tuple(f"{name}: {origin(body, weights)}" for (name, body), weights in pairs)
