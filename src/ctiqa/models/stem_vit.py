"""A convolution stem before a Vision Transformer: DistilIQA and the CNN-ViT of Shen et al.

DistilIQA: Baldeon-Calisto et al., Computers in Biology and Medicine 177:108670 (2024).
CNN-ViT: Shen, Zhang and Liu, Modeling and Simulation 14(3):186–198 (2025); the same with 4 blocks.
The transformer: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from ctiqa.errors import DataError
from ctiqa.models.backbones.make import make_backbone
from ctiqa.models.backbones.origins import sources
from ctiqa.models.contract import Outputs
from ctiqa.models.inputs import windows
from ctiqa.recipe import StemVitNetwork
from ctiqa.recipe.network import Crop, window_names

VIT_SIDE = 224
"""Rows and columns of the transformer's input."""

FIRST_CHANNELS = 8
"""Channels of the first convolution block; they double with every further block."""

PUBLISHED_START = 16
"""First row and column of the published crop, [16:240] of the output of the stem."""


class StemVit(nn.Module):
    """Score vector of CT slices: a stem of n convolution blocks, a 224×224 crop, a ViT.

    The published configuration, 5 blocks before ViT-B/16 with a head of 5, has 85,902,782
    parameters: 100,281 in the stem (all convolutions have a bias, although normalisation follows),
    85,798,656 in the backbone, 3,845 in the head.

    Of 512×512 pixels the transformer sees the central 448×448 and n pixels around it; larger
    slices lose more of their border.

    Args:
        recipe: Blocks, backbone and crop; ``recipe.outputs`` is the length of the score vector.

    Raises:
        UsageError: If timm has no such backbone.
        WeightsError: If the pretrained weights cannot be had or do not fit.
    """

    def __init__(self, recipe: StemVitNetwork) -> None:
        super().__init__()
        self.crop: Crop = recipe.crop
        self.blocks = recipe.blocks
        self.window = windows(recipe.window)
        self.stem = stem(recipe.blocks, len(window_names(recipe.window)))
        (weights,) = sources(recipe)
        self.backbone = make_backbone(
            recipe.backbone, weights, outputs=recipe.outputs, side=VIT_SIDE, depth=recipe.depth
        )

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch.

        Args:
            hu: CT numbers in HU, float32 [n, 1, rows, cols], at least :func:`least_side` each.

        Returns:
            Scores [n, outputs] on the scale of the labels, not clipped; no noise map.

        Raises:
            DataError: If the slices are too small.
        """
        self._check(hu.shape[-2], hu.shape[-1])
        if self.crop == "centre":
            # Do not compute what the crop would drop.
            hu = middle(hu, least_side(self.blocks, "centre"))
        return Outputs(self.backbone(cropped(self.stem(self.window(hu)), self.crop)))

    def _check(self, rows: int, cols: int) -> None:
        least = least_side(self.blocks, self.crop)
        if min(rows, cols) < least:
            raise DataError(
                f"a slice must have at least {least}×{least} pixels for a stem of {self.blocks} "
                f"blocks and the {self.crop} crop, got {rows}×{cols}; use fewer blocks, or a "
                "network that takes any matrix (kind = 'stride32')"
            )


def stem(blocks: int, inputs: int = 1) -> nn.Sequential:
    """The stem: brightness [n, inputs, rows, cols] to three channels of about half the size.

    Args:
        blocks: Number of 3×3 convolutions without padding, the i-th with 8·2^i channels; the last
            layer halves the size with a 2×2 convolution of stride 2. Batch normalisation and
            ReLU follow each.
        inputs: Number of windows; one as published.

    >>> import torch
    >>> stem(5)(torch.zeros(1, 1, 512, 512)).shape
    torch.Size([1, 3, 251, 251])
    """
    widths = [inputs, *(FIRST_CHANNELS * 2**i for i in range(blocks))]
    return nn.Sequential(
        *(_convolution(before, after, size=3, stride=1) for before, after in pairwise(widths)),
        _convolution(widths[-1], 3, size=2, stride=2),
    )


def cropped(features: Tensor, crop: Crop) -> Tensor:
    """Crop [n, channels, rows, cols] to 224×224."""
    top, left = (first(crop, length) for length in features.shape[-2:])
    return features[..., top : top + VIT_SIDE, left : left + VIT_SIDE]


def middle(hu: Tensor, side: int) -> Tensor:
    """The central ``side``×``side`` of slices [n, 1, rows, cols], matching the centre crop.

    >>> import torch
    >>> middle(torch.arange(25.0).view(1, 1, 5, 5), 1).item()
    12.0
    """
    top, left = (2 * ((length - side) // 4) for length in hu.shape[-2:])
    return hu[..., top : top + side, left : left + side]


def first(crop: Crop, length: int) -> int:
    """First of the 224 rows or columns kept of ``length``.

    >>> first("published", 251), first("centre", 251)
    (16, 13)
    """
    return PUBLISHED_START if crop == "published" else (length - VIT_SIDE) // 2


def least_side(blocks: int, crop: Crop) -> int:
    """Smallest side of a slice from which 224×224 can be cropped after the stem.

    >>> least_side(5, "centre"), least_side(5, "published")
    (458, 490)
    """
    start = PUBLISHED_START if crop == "published" else 0
    return 2 * (start + VIT_SIDE) + 2 * blocks


def _convolution(inputs: int, outputs: int, *, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
