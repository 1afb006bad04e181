"""Bodies of timm and torchvision: made by name, random, fetched or from a file."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ctiqa.errors import UsageError, WeightsError
from ctiqa.models.body_weights import fitted_conv, load_body, reason
from ctiqa.models.inputs import Colours

IMAGENET_MEAN: Colours = (0.485, 0.456, 0.406)
IMAGENET_STD: Colours = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of a body besides its name.

    Attributes:
        mean: Mean of every channel in the images it was trained on, brightness 0–1.
        std: Standard deviation of every channel there.
        classifier: Name of its last layer, whose size depends on the number of outputs.
        first_conv: Name of its first convolution, whose size depends on the number of channels.
        one_side: Whether it is made for images of one side.
        not_ours: Beginnings of keys in weight files that have no place in the body.
        options: How torchvision makes it random; fetched weights bring the same with them.
    """

    mean: Colours
    std: Colours
    classifier: str
    first_conv: str
    one_side: bool = False
    not_ours: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


SWIN = Facts(IMAGENET_MEAN, IMAGENET_STD, "head", "features.0.0")

TORCHVISION: dict[str, Facts] = {
    # The two side heads of 2014 are left out; the weights come from TensorFlow and expect its
    # normalisation, which ``transform_input`` makes of ImageNet's.
    "googlenet": Facts(
        IMAGENET_MEAN,
        IMAGENET_STD,
        "fc",
        "conv1.conv",
        not_ours=("aux1.", "aux2."),
        options={"aux_logits": False, "transform_input": True, "init_weights": True},
    ),
    "swin_v2_t": SWIN,
    "swin_v2_s": SWIN,
    "swin_v2_b": SWIN,
}
"""Bodies taken from torchvision: those that timm lacks, and TFKT's own transformers."""


def facts_of(name: str) -> Facts:
    """What must be known of a body.

    Raises:
        UsageError: If neither library has it; similar names are given.

    >>> facts_of("tf_efficientnetv2_l").mean
    (0.5, 0.5, 0.5)
    """
    if name in TORCHVISION:
        return TORCHVISION[name]
    import timm  # noqa: PLC0415 - takes seconds, and the shipped network needs none of it

    known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if known is None:
        names = difflib.get_close_matches(name, [*timm.list_models(), *TORCHVISION], 4)
        similar = f"; similar: {', '.join(names)}" if names else ""
        raise UsageError(
            f"a body must be a network of timm, or one of {', '.join(TORCHVISION)}, "
            f"got '{name}'{similar}"
        )
    if not isinstance(known.classifier, str) or not isinstance(known.first_conv, str):
        raise UsageError(f"body '{name}' must have one first convolution and one last layer")
    return Facts(known.mean, known.std, known.classifier, known.first_conv, known.fixed_input_size)


def sources(pretrained: str, bodies: tuple[str, ...]) -> tuple[str, ...]:
    """Where the weights of each body of a network come from.

    Args:
        pretrained: ``none``, ``hub``, or as many files as there are bodies, separated as in
            ``PATH``.
        bodies: What the recipe calls them.

    Raises:
        UsageError: If there are more or fewer files than bodies.

    >>> sources("none", ("features", "transformer"))
    ('none', 'none')
    """
    if pretrained in {"none", "hub"}:
        return (pretrained,) * len(bodies)
    files = tuple(pretrained.split(os.pathsep)) if len(bodies) > 1 else (pretrained,)
    if len(files) != len(bodies):
        raise UsageError(
            f"'pretrained' must name {len(bodies)} files, of {' and '.join(bodies)} in this order, "
            f"separated by '{os.pathsep}', got {len(files)}: '{pretrained}'"
        )
    return files


def make_body(
    name: str,
    weights: str,
    *,
    channels: int = 3,
    outputs: int = 0,
    side: int = 0,
    drop_path: float | None = None,
    depth: int = 0,
) -> nn.Module:
    """A body with a new last layer.

    Args:
        name: Its name in timm, or a key of :data:`TORCHVISION`.
        weights: ``none`` (random), ``hub`` (fetched) or a ``.safetensors`` file.
        channels: Channels of the image; the first convolution is summed over colours for one.
        outputs: Numbers of the new last layer, always random; 0 leaves it out.
        side: Side of the images, for bodies that are made for one side.
        drop_path: Rate of stochastic depth in the last block; ``None`` as the library has it.
        depth: Blocks of a Vision Transformer of timm; 0 as the library has it.

    Raises:
        UsageError: If neither library has the body, or it needs a side.
        WeightsError: If the weights cannot be had or do not fit.
    """
    facts = facts_of(name)
    if facts.one_side and not side:
        raise UsageError(f"'side' must be set for body '{name}', which is made for one side, got 0")
    fetch = weights == "hub"
    if name in TORCHVISION:
        body = _of_torchvision(name, facts, fetch, channels, outputs)
    else:
        options: dict[str, Any] = {"img_size": side} if facts.one_side else {}
        if drop_path is not None:
            options["drop_path_rate"] = drop_path
        if depth:
            options["depth"] = depth
        body = _of_timm(name, fetch, in_chans=channels, num_classes=outputs, **options)
    if weights not in {"none", "hub"}:
        load_body(body, Path(weights), facts.classifier, facts.first_conv, facts.not_ours)
    return body


def make_feature_body(name: str, weights: str, *, channels: int = 3, side: int = 0) -> nn.Module:
    """A body of timm whose ``forward_features`` gives a map, all that comes after it cut off.

    Raises:
        UsageError: If the body gives no map of features.
        WeightsError: If the weights cannot be had or do not fit.
    """
    body = make_body(name, weights, channels=channels, side=side)
    keep_features(body, 1, name)
    return body


def keep_features(body: nn.Module, indices: int | list[int], name: str) -> None:
    """Cut off what the features at ``indices``, counted from the end if one number, do not need.

    Raises:
        UsageError: If the body cannot give features.
    """
    prune = getattr(body, "prune_intermediate_layers", None)
    if prune is None:
        raise UsageError(f"a body must give a map of features, '{name}' does not; try 'resnet18'")
    norm = {"prune_norm": True} if isinstance(indices, list) else {}
    prune(indices, prune_head=True, **norm)


def feature_map(features: nn.Module, image: Tensor) -> Tensor:
    """The last features of a body of timm, [n, channels, rows/32, cols/32]."""
    given: Tensor = features.forward_features(image)  # type: ignore[operator]
    return given


def feature_width(features: nn.Module) -> int:
    """Channels of the last features of a body of timm."""
    return int(features.num_features)  # type: ignore[arg-type]


def _of_timm(name: str, fetch: bool, **options: Any) -> nn.Module:
    import timm  # noqa: PLC0415 - see facts_of

    if not fetch:
        made: nn.Module = timm.create_model(name, pretrained=False, **options)
        return made
    try:
        return timm.create_model(name, pretrained=True, **options)
    except Exception as error:
        raise _not_fetched(name, error) from error


def _of_torchvision(name: str, facts: Facts, fetch: bool, channels: int, outputs: int) -> nn.Module:
    from torchvision import models  # noqa: PLC0415 - see facts_of

    try:
        body: nn.Module = models.get_model(
            name, weights="DEFAULT" if fetch else None, **({} if fetch else facts.options)
        )
    except Exception as error:
        raise _not_fetched(name, error) from error
    _replace_last(body, facts, outputs)
    if channels != 3:
        _replace_first(body, facts, channels, keep=fetch)
    return body


def _replace_last(body: nn.Module, facts: Facts, outputs: int) -> None:
    last: Any = body.get_submodule(facts.classifier)
    new = nn.Linear(last.in_features, outputs) if outputs else nn.Identity()
    body.set_submodule(facts.classifier, new)


def _replace_first(body: nn.Module, facts: Facts, channels: int, *, keep: bool) -> None:
    old: Any = body.get_submodule(facts.first_conv)
    new = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,
        old.stride,
        old.padding,
        bias=old.bias is not None,
    )
    if keep:
        new.load_state_dict({**old.state_dict(), "weight": fitted_conv(old.weight, channels)})
    body.set_submodule(facts.first_conv, new)


def _not_fetched(name: str, error: Exception) -> WeightsError:
    return WeightsError(
        f"the pretrained weights of '{name}' must be fetched for 'hub', which failed: "
        f"{reason(error)}; download them elsewhere and give the .safetensors file "
        "(--pretrained FILE), or do without (--pretrained none)"
    )
