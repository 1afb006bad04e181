"""DistilIQA: names in the authors' code, and the recipe of a checkpoint.

Their program (github.com/mariabaldeon/DistilIQA, 2024) saves the state dict of a network whose
stem is called ``conv_head`` and ``downsample`` and whose backbone is torchvision's ViT-B/16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from ctiqa.errors import WeightsError
from ctiqa.models.backbones.state_dicts import check_one_channel, count
from ctiqa.models.backbones.weights import timm_name
from ctiqa.models.stem_vit import VIT_SIDE
from ctiqa.recipe import StemVitNetwork

_BACKBONES = {
    192: "vit_tiny_patch16_224",
    384: "vit_small_patch16_224",
    768: "vit_base_patch16_224",
    1024: "vit_large_patch16_224",
}
"""Width of a Vision Transformer and its name in timm; the authors' has width 768."""

PATCH = 16
"""Rows and columns of a token."""


def distiliqa_recipe(state: Mapping[str, Tensor]) -> StemVitNetwork:
    """Recipe of the network of an authors' state dict.

    Raises:
        KeyError: If a needed tensor is missing.
        WeightsError: If the backbone is not in :data:`_BACKBONES`, or is for another input.
    """
    width = state["model.conv_proj.weight"].shape[0]
    if width not in _BACKBONES:
        known = ", ".join(map(str, _BACKBONES))
        raise WeightsError(f"the width of the backbone must be one of {known}, got {width}")
    _check_input(state)
    return StemVitNetwork(
        outputs=state["model.heads.weight"].shape[0],
        blocks=count(state, r"conv_head\.(\d+)\."),
        backbone=_BACKBONES[width],
        depth=count(state, r"model\.encoder\.layers\.encoder_layer_(\d+)\."),
        crop="published",
    )


def our_distiliqa_name(name: str, state: Mapping[str, Tensor]) -> str:
    """Our name of a tensor in the authors' state dict.

    Args:
        name: Their name.
        state: Their state dict; the number of stem blocks gives the index of the last layer.

    >>> import torch
    >>> our_distiliqa_name("downsample.0.bias", {"conv_head.0.0.bias": torch.zeros(8)})
    'stem.1.0.bias'
    >>> our_distiliqa_name("model.heads.weight", {})
    'backbone.head.weight'
    """
    if name.startswith("model."):
        return "backbone." + timm_name(name.removeprefix("model."))
    blocks = count(state, r"conv_head\.(\d+)\.")
    return re.sub(r"^downsample\.", f"stem.{blocks}.", re.sub(r"^conv_head\.", "stem.", name))


def _check_input(state: Mapping[str, Tensor]) -> None:
    places = state["model.encoder.pos_embedding"].shape[1] - 1
    if places != (VIT_SIDE // PATCH) ** 2:
        side = round(places**0.5 * PATCH)
        raise WeightsError(
            f"the backbone must be made for {VIT_SIDE}×{VIT_SIDE} pixels, got weights for "
            f"{side}×{side} ({places} places); give weights of the published network"
        )
    first = state.get("conv_head.0.0.weight", state["downsample.0.weight"])
    check_one_channel("the network", first)
