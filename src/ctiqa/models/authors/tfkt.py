"""TFKT: names in the authors' code, and the recipe of a checkpoint.

Their code (github.com/KaziRamisaRifa/TFKT-V2, 2025) combines torchvision's EfficientNetV2-L, with
the connector as its classifier, and torchvision's SwinV2-B. Several classes there save the same
keys; one of them computes the connector but does not use it (see :func:`notes`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ctiqa.errors import WeightsError
from ctiqa.models.backbones.state_dicts import check_one_channel, count
from ctiqa.models.tfkt import CONNECTOR_SIDE
from ctiqa.recipe import TfktNetwork

_NAMES = (
    (r"^effnetv2l\.features\.", "features.features."),
    (r"^effnetv2l\.classifier\.1\.", "connector.3."),
    (r"^swinv2b\.", "transformer."),
)
"""Prefixes of the authors' names, and ours."""

_FEATURES = {
    (8, 24): "efficientnet_v2_s",
    (9, 24): "efficientnet_v2_m",
    (9, 32): "efficientnet_v2_l",
}
"""Stages of an EfficientNetV2 and channels of the first, and its name; the authors' is last."""

TRANSFORMERS = {(6, 96): "swin_v2_t", (18, 96): "swin_v2_s", (18, 128): "swin_v2_b"}
"""Blocks of the third stage of a SwinV2, channels of the first, and its name."""


def tfkt_recipe(state: Mapping[str, Tensor]) -> TfktNetwork:
    """Recipe of the network of an authors' state dict.

    Raises:
        KeyError: If a needed tensor is missing.
        WeightsError: If a backbone is not known, or is for another input.
    """
    image = state["effnetv2l.features.0.0.weight"]
    pixels = state["effnetv2l.classifier.1.weight"]
    patches = state["swinv2b.features.0.0.weight"]
    check_one_channel("the features", image)
    check_one_channel("the transformer", patches)
    if pixels.shape[0] != CONNECTOR_SIDE * CONNECTOR_SIDE:
        raise WeightsError(
            f"the connector must make {CONNECTOR_SIDE}×{CONNECTOR_SIDE} pixels, got weights for "
            f"{pixels.shape[0]} numbers; give weights of the published network"
        )
    parts = count(state, r"effnetv2l\.features\.(\d+)\.")
    blocks = count(state, r"swinv2b\.features\.5\.(\d+)\.")
    return TfktNetwork(
        outputs=state["swinv2b.head.weight"].shape[0],
        features=_known(_FEATURES, (parts, image.shape[0]), "features"),
        transformer=_known(TRANSFORMERS, (blocks, patches.shape[0]), "transformer"),
        connector="vector",
        scaling="min-max",
    )


def our_tfkt_name(name: str, _: Mapping[str, Tensor]) -> str:
    """Our name of a tensor in the authors' state dict.

    >>> our_tfkt_name("effnetv2l.classifier.1.bias", {}), our_tfkt_name("swinv2b.head.bias", {})
    ('connector.3.bias', 'transformer.head.bias')
    """
    for pattern, new in _NAMES:
        name = re.sub(pattern, new, name)
    return name


def notes(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Notes on a checkpoint, for people.

    A connector with all weights within the bounds of their initialisation was never trained: the
    class ``EffNetV2LSwinV2B`` of the authors' last code passes the slice itself to the
    transformer.
    """
    connector = state["effnetv2l.classifier.1.weight"]
    bound = connector.shape[1] ** -0.5
    if connector.abs().max() > bound:
        return ()
    return (
        "the connector looks untrained: all its weights lie within the bounds they are drawn "
        "from. One class of the authors' code trains the transformer on the slice itself and does "
        "not read the connector; if it saved this file, the scores here mean nothing",
    )


def is_first_phase(state: Mapping[str, Tensor]) -> bool:
    """Whether a state dict has only the features and classifier of the first phase."""
    return "features.0.0.weight" in state and "classifier.1.weight" in state


def _known(names: Mapping[tuple[int, int], str], size: tuple[int, int], part: str) -> str:
    if size not in names:
        raise WeightsError(
            f"the {part} must be one of {', '.join(names.values())}, got one of {size[0]} parts "
            f"and {size[1]} channels at first"
        )
    return names[size]
