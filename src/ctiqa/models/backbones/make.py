"""Create backbones of timm and torchvision, with random, published or local weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from ctiqa.errors import UsageError
from ctiqa.models.backbones.facts import TORCHVISION, Facts, backbone_facts
from ctiqa.models.backbones.hub import fetched
from ctiqa.models.backbones.origins import WeightsOrigin, published_weights
from ctiqa.models.backbones.weights import load_backbone
from ctiqa.recipe.network import FirstLayer


def make_backbone(
    name: str,
    weights: WeightsOrigin,
    *,
    channels: int = 3,
    first_layer: FirstLayer = "summed",
    outputs: int = 0,
    side: int = 0,
    drop_path: float | None = None,
    depth: int = 0,
) -> nn.Module:
    """Create a backbone with a new last layer.

    Args:
        name: Its name in timm, or a key of :data:`ctiqa.models.backbones.facts.TORCHVISION`.
        weights: Origin of its weights.
        channels: Number of image channels.
        first_layer: First convolution for one channel: weights summed over colours, or random
            regardless of the other weights.
        outputs: Size of the new last layer, always random; 0 leaves it out.
        side: Side of the images, for backbones with a fixed image size.
        drop_path: Rate of stochastic depth in the last block; ``None`` for the library's default.
        depth: Blocks of a Vision Transformer of timm; 0 for the library's default.

    Raises:
        UsageError: If neither library has the backbone, it needs a side, or no such weights are
            published.
        WeightsError: If the weights are not available or do not fit.
    """
    facts = backbone_facts(name)
    if facts.one_side and not side:
        raise UsageError(
            f"'side' must be set for backbone '{name}', which is made for one side, got 0"
        )
    file, by_timm = _file(name, weights)
    if name in TORCHVISION:
        backbone = _of_torchvision(name, facts, channels, outputs, drop_path)
    else:
        image = side if facts.one_side else None
        options = {"drop_path_rate": drop_path, "depth": depth or None, "img_size": image}
        backbone = _of_timm(name, channels, outputs, file if by_timm else None, options)
    if file and not by_timm:
        load_backbone(backbone, file, facts.classifier, facts.first_conv, facts.not_ours)
    if first_layer == "random":
        first: Any = backbone.get_submodule(facts.first_conv)
        first.reset_parameters()
    return backbone


def make_feature_backbone(name: str, weights: WeightsOrigin, *, side: int = 0) -> nn.Module:
    """Create a backbone of timm cut off after its feature map.

    Raises:
        UsageError: If the backbone has no feature map.
        WeightsError: If the weights are not available or do not fit.
    """
    backbone = make_backbone(name, weights, side=side)
    keep_features(backbone, 1, name)
    return backbone


def keep_features(backbone: nn.Module, indices: int | list[int], name: str) -> None:
    """Remove layers that the features at ``indices`` (one number: the last so many) do not need.

    Raises:
        UsageError: If the backbone cannot return features.
    """
    prune = getattr(backbone, "prune_intermediate_layers", None)
    if prune is None:
        raise UsageError(
            f"a backbone must give a map of features, '{name}' does not; try 'resnet18'"
        )
    norm = {"prune_norm": True} if isinstance(indices, list) else {}
    prune(indices, prune_head=True, **norm)


def feature_map(features: nn.Module, image: Tensor) -> Tensor:
    """The last features of a backbone, [n, channels, rows/32, cols/32]."""
    forward: Any = getattr(features, "forward_features", None) or features.features
    given: Tensor = forward(image)
    return given


def feature_width(features: nn.Module) -> int:
    """Channels of the last features of a backbone of timm, or of an EfficientNet of torchvision."""
    width: Any = getattr(features, "num_features", None)
    if width is None:
        last: Any = features.get_submodule("features")
        width = last[-1].out_channels
    return int(width)


def _file(name: str, weights: WeightsOrigin) -> tuple[Path | None, bool]:
    """Weights file of a backbone, and whether timm published it (and can load it)."""
    if weights.source == "none":
        return None, False
    if weights.source != "hub":
        return Path(weights.source), False
    meant = published_weights(name, weights)
    return fetched(meant), bool(meant.repository)


def _of_timm(
    name: str, channels: int, outputs: int, file: Path | None, options: dict[str, Any]
) -> nn.Module:
    """Create a backbone of timm, with the weights of a file published by timm, if given."""
    import timm  # noqa: PLC0415 - slow, not needed by the shipped network

    given = {name: value for name, value in options.items() if value is not None}
    if file:
        given["pretrained_cfg_overlay"] = {"file": str(file), "custom_load": False}
    made: nn.Module = timm.create_model(
        name, pretrained=file is not None, in_chans=channels, num_classes=outputs, **given
    )
    return made


def _of_torchvision(
    name: str, facts: Facts, channels: int, outputs: int, drop_path: float | None
) -> nn.Module:
    from torchvision import models  # noqa: PLC0415 - slow

    further = {} if drop_path is None else {"stochastic_depth_prob": drop_path}
    backbone: nn.Module = models.get_model(name, weights=None, **facts.options, **further)
    last: Any = backbone.get_submodule(facts.classifier)
    new = nn.Linear(last.in_features, outputs) if outputs else nn.Identity()
    backbone.set_submodule(facts.classifier, new)
    if channels != 3:
        _replace_first(backbone, facts, channels)
    return backbone


def _replace_first(backbone: nn.Module, facts: Facts, channels: int) -> None:
    old: Any = backbone.get_submodule(facts.first_conv)
    new = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,
        old.stride,
        old.padding,
        bias=old.bias is not None,
    )
    backbone.set_submodule(facts.first_conv, new)
