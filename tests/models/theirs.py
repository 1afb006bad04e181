"""Networks of the systems' authors by their descriptions, parts named as in their checkpoints."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import VisionTransformer
from torchvision.models.efficientnet import FusedMBConv, MBConv


def block(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class TheirDistilIqa(nn.Module):
    """DistilIQA."""

    def __init__(self, blocks: int, outputs: int, depth: int = 2, width: int = 192) -> None:
        super().__init__()
        widths = [1, *(8 * 2**i for i in range(blocks))]
        if blocks:
            pairs = pairwise(widths)
            self.conv_head = nn.Sequential(*(block(a, b, 3, 1) for a, b in pairs))
        self.downsample = block(widths[-1], 3, 2, 2)
        self.model = VisionTransformer(224, 16, depth, width // 64, width, 4 * width)
        self.model.heads = nn.Linear(width, outputs)

    def forward(self, hu: Tensor) -> Tensor:
        shown = ((hu + 135) / 350).clip(0, 1)
        if hasattr(self, "conv_head"):
            shown = self.conv_head(shown)
        scores: Tensor = self.model(self.downsample(shown)[:, :, 16:240, 16:240])
        return scores


class TheirTfkt(nn.Module):
    """TFKT: torchvision's backbones for one channel, the classifier of the first as connector."""

    def __init__(self, features: str = "efficientnet_v2_l", transformer: str = "swin_v2_b") -> None:
        super().__init__()
        first: Any = torchvision.models.get_model(features, weights=None)
        channels = first.features[0][0].out_channels
        first.features[0][0] = nn.Conv2d(1, channels, 3, stride=2, padding=1, bias=False)
        first.classifier[1] = nn.Linear(first.classifier[1].in_features, 4096)
        self.effnetv2l = first
        second: Any = torchvision.models.get_model(transformer, weights=None)
        second.features[0][0] = nn.Conv2d(1, second.features[0][0].out_channels, 4, stride=4)
        second.head = nn.Linear(second.head.in_features, 1)
        self.swinv2b = second

    def forward(self, hu: Tensor) -> Tensor:
        scores: Tensor = self.swinv2b(self.effnetv2l(stretched(hu)).reshape(-1, 1, 64, 64))
        return scores


def stretched(images: Tensor) -> Tensor:
    """Every image from its least value to its greatest."""
    low, high = (f(images, dim=(1, 2, 3), keepdim=True) for f in (torch.amin, torch.amax))
    return (images - low) / (high - low)


def calibrated(network: nn.Module, images: Tensor) -> nn.Module:
    """An EfficientNet, or what holds one, whose normalisations know what comes.

    A deep network of plain random weights forgets its input, so that any function of the same
    layers seems to be the same. Here every convolution keeps the size of what it reads, every
    normalisation has statistics of the images and a slope and an offset of its own, and branches
    add little, as in a trained network.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="linear")
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            module.momentum = None
    for module in network.modules():
        if isinstance(module, MBConv | FusedMBConv) and module.use_res_connect:
            module.block[-1][1].weight.data *= 0.2
    _in_training(network)
    with torch.no_grad():
        network(images)
    return network.eval()


def _in_training(network: nn.Module) -> None:
    """Normalisations learn statistics; nothing is left out by chance."""
    network.eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.train()


def tissue(n: int, side: int, seed: int) -> Tensor:
    """Slices of smooth structures and more or less noise, HU [n, 1, side, side]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, 1, 9, 9, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    noise = torch.randn(n, 1, side, side, generator=generator)
    return 600 * smooth - 300 + 150 * torch.rand(n, 1, 1, 1, generator=generator) * noise
