"""Properties of the backbones of timm and torchvision."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from typing import Any

from ctiqa.errors import UsageError
from ctiqa.models.inputs import Colours

IMAGENET_MEAN: Colours = (0.485, 0.456, 0.406)
IMAGENET_STD: Colours = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Facts:
    """Properties of a backbone.

    Attributes:
        mean: Mean of every channel of its training images, brightness 0–1.
        std: Standard deviation of every channel.
        classifier: Name of its last layer, whose size depends on the number of outputs.
        first_conv: Name of its first convolution, whose size depends on the number of channels.
        one_side: Whether it needs a fixed image size.
        not_ours: Prefixes of keys in weight files that are not used.
        options: Arguments for torchvision.
    """

    mean: Colours
    std: Colours
    classifier: str
    first_conv: str
    one_side: bool = False
    not_ours: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


SWIN = Facts(IMAGENET_MEAN, IMAGENET_STD, "head", "features.0.0")

EFFICIENT = Facts(IMAGENET_MEAN, IMAGENET_STD, "classifier.1", "features.0.0")

HALF: Colours = (0.5, 0.5, 0.5)

TORCHVISION: dict[str, Facts] = {
    # Without the two auxiliary heads of 2014. The weights come from TensorFlow and expect its
    # normalisation; ``transform_input`` converts from ImageNet's.
    "googlenet": Facts(
        IMAGENET_MEAN,
        IMAGENET_STD,
        "fc",
        "conv1.conv",
        not_ours=("aux1.", "aux2."),
        options={"aux_logits": False, "transform_input": True, "init_weights": True},
    ),
    # timm's networks of similar names pad asymmetrically (``tf_``) or differ otherwise.
    "efficientnet_v2_s": EFFICIENT,
    "efficientnet_v2_m": EFFICIENT,
    "efficientnet_v2_l": replace(EFFICIENT, mean=HALF, std=HALF),
    "swin_v2_t": SWIN,
    "swin_v2_s": SWIN,
    "swin_v2_b": SWIN,
}
"""Backbones taken from torchvision: those that timm lacks, and both of TFKT."""


def backbone_facts(name: str) -> Facts:
    """Look up the properties of a backbone.

    Raises:
        UsageError: If neither library has it; the message lists similar names.

    >>> backbone_facts("efficientnet_v2_l").mean
    (0.5, 0.5, 0.5)
    """
    if name in TORCHVISION:
        return TORCHVISION[name]
    import timm  # noqa: PLC0415 - slow, not needed by the shipped network

    known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if known is None:
        names = difflib.get_close_matches(name, [*timm.list_models(), *TORCHVISION], 4)
        similar = f"; similar: {', '.join(names)}" if names else ""
        raise UsageError(
            f"a backbone must be a network of timm, or one of {', '.join(TORCHVISION)}, "
            f"got '{name}'{similar}"
        )
    if not isinstance(known.classifier, str) or not isinstance(known.first_conv, str):
        raise UsageError(f"backbone '{name}' must have one first convolution and one last layer")
    return Facts(known.mean, known.std, known.classifier, known.first_conv, known.fixed_input_size)
