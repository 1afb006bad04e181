"""Build the network of a recipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ctiqa.errors import UsageError
from ctiqa.models.answers import AnswersModel
from ctiqa.models.baselines import Compared, Dbcnn
from ctiqa.models.maniqa import Maniqa
from ctiqa.models.stem_vit import StemVit
from ctiqa.models.stride32 import Stride32
from ctiqa.models.tfkt import Tfkt
from ctiqa.recipe import (
    AnswersNetwork,
    BackboneNetwork,
    DbcnnNetwork,
    ManiqaNetwork,
    NetworkRecipe,
    StemVitNetwork,
    Stride32Network,
    TfktNetwork,
)

NETWORK_CLASSES: dict[type[NetworkRecipe], Callable[[Any], nn.Module]] = {
    Stride32Network: Stride32,
    AnswersNetwork: AnswersModel,
    StemVitNetwork: StemVit,
    TfktNetwork: Tfkt,
    BackboneNetwork: Compared,
    ManiqaNetwork: Maniqa,
    DbcnnNetwork: Dbcnn,
}
"""Network class of every network recipe."""


def build(recipe: NetworkRecipe) -> nn.Module:
    """The network of a recipe: HU [n, 1, rows, cols] to :data:`ctiqa.models.contract.Outputs`.

    Weights that are not pretrained are random, from torch's generator.

    Raises:
        UsageError: If a backbone does not exist, or the recipe is of an abstract class.
        WeightsError: If pretrained weights are not available or do not fit.

    >>> parameters(build(Stride32Network()))
    999319
    """
    try:
        network = NETWORK_CLASSES[type(recipe)]
    except KeyError:
        known = ", ".join(kind.__name__ for kind in NETWORK_CLASSES)
        raise UsageError(f"a network must be one of {known}, got {type(recipe).__name__}") from None
    return network(recipe)


def parameters(module: nn.Module) -> int:
    """Number of parameters of a network, including frozen ones."""
    return sum(parameter.numel() for parameter in module.parameters())
