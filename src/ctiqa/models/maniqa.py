"""A network after MANIQA: channel attention, then spatial attention."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ctiqa.errors import UsageError
from ctiqa.models.backbones.make import keep_features, make_backbone
from ctiqa.models.backbones.origins import sources
from ctiqa.models.baselines import photograph
from ctiqa.models.contract import Outputs
from ctiqa.recipe import ManiqaNetwork

JOINED = 4
"""Number of Vision Transformer blocks whose tokens are concatenated."""

WINDOW, HEADS, SCALE, DROPOUT = 7, 4, 0.8, 0.1


class Maniqa(nn.Module):
    """After MANIQA (Yang et al., CVPR Workshops 2022, arXiv:2204.08958).

    As in the paper: the concatenated tokens of four blocks of a Vision Transformer (the 7th to the
    10th of twelve); twice two channel-attention blocks, a 1×1 convolution that reduces channels
    and two pairs of Swin blocks whose residual is scaled by 0.8; a score and a weight at every
    position, and their weighted mean as the score of the slice. Different from the paper: patches
    of 16 pixels (there 8), so 14×14 positions (28×28) and windows of 7 (4); no ReLU after the
    score of a position, which may be negative; the slice is resized (there twenty random crops
    are averaged).

    Args:
        recipe: Backbone, side and window; ``recipe.outputs`` is the length of the score vector.

    Raises:
        UsageError: If timm lacks the backbone, it has fewer than eight blocks, or no side is given.
        WeightsError: If the pretrained weights are not available or do not fit.
    """

    def __init__(self, recipe: ManiqaNetwork) -> None:
        super().__init__()
        self.photograph = photograph(recipe.backbone, recipe.window, recipe.side)
        (weights,) = sources(recipe)
        backbone: Any = make_backbone(recipe.backbone, weights, side=recipe.side)
        self.taken = middle_blocks(len(backbone.blocks), recipe.backbone)
        keep_features(backbone, self.taken, recipe.backbone)
        width, grid = int(backbone.embed_dim), backbone.patch_embed.grid_size
        self.backbone = backbone
        self.stages = nn.Sequential(
            MixerStage(JOINED * width, width, grid), MixerStage(width, width // 2, grid)
        )
        self.score = branch(width // 2, recipe.outputs)
        self.weight = nn.Sequential(branch(width // 2, 1), nn.Sigmoid())

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch: HU [n, 1, rows, cols] to scores [n, outputs]; no noise map."""
        backbone: Any = self.backbone
        maps = backbone.forward_intermediates(
            self.photograph(hu), indices=self.taken, norm=False, intermediates_only=True
        )
        places = self.stages(torch.cat(maps, dim=1)).flatten(2).transpose(1, 2)
        weights = self.weight(places)
        return Outputs((weights * self.score(places)).sum(dim=1) / weights.sum(dim=1))


class MixerStage(nn.Sequential):
    """Channel attention, reduction of channels, spatial attention.

    Args:
        inputs: Input channels [n, inputs, rows, cols].
        outputs: Output channels.
        grid: Rows and columns.
    """

    def __init__(self, inputs: int, outputs: int, grid: tuple[int, int]) -> None:
        places = grid[0] * grid[1]
        super().__init__(
            ChannelAttention(places),
            ChannelAttention(places),
            nn.Conv2d(inputs, outputs, 1),
            PlaceAttention(outputs, grid),
            PlaceAttention(outputs, grid),
        )


class ChannelAttention(nn.Module):
    """Attention among channels, each described by its values at all positions.

    Args:
        places: Number of positions.
    """

    def __init__(self, places: int) -> None:
        super().__init__()
        self.qkv = nn.Linear(places, 3 * places)

    def forward(self, x: Tensor) -> Tensor:
        """Features [n, channels, rows, cols] to features of the same shape."""
        # One explicit head, because the ONNX export needs the dimension.
        q, k, v = self.qkv(x.flatten(2)).unsqueeze(1).chunk(3, dim=-1)
        return x + nn.functional.scaled_dot_product_attention(q, k, v).reshape(x.shape)


class PlaceAttention(nn.Module):
    """A pair of Swin blocks, the second with shifted windows; their residual is scaled.

    Args:
        width: Channels, a multiple of 4.
        grid: Rows and columns.
    """

    def __init__(self, width: int, grid: tuple[int, int]) -> None:
        super().__init__()
        from timm.models.swin_transformer import SwinTransformerBlock  # noqa: PLC0415 - slow

        self.pair = nn.Sequential(
            *(
                SwinTransformerBlock(
                    width,
                    grid,
                    num_heads=HEADS,
                    window_size=WINDOW,
                    shift_size=shift,
                    mlp_ratio=1,
                    proj_drop=DROPOUT,
                )
                for shift in (0, WINDOW // 2)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features [n, width, rows, cols] to features of the same shape."""
        changed: Tensor = self.pair(x.permute(0, 2, 3, 1))
        return x + SCALE * changed.permute(0, 3, 1, 2)


def middle_blocks(depth: int, name: str) -> list[int]:
    """Indices of the four blocks after the middle of a Vision Transformer.

    Raises:
        UsageError: If it has fewer than eight.

    >>> middle_blocks(12, "vit_base_patch16_224")
    [6, 7, 8, 9]
    """
    if depth < 2 * JOINED:
        raise UsageError(f"a backbone must have at least {2 * JOINED} blocks, '{name}' has {depth}")
    return list(range(depth // 2, depth // 2 + JOINED))


def branch(width: int, outputs: int) -> nn.Sequential:
    """Head of every position: [n, positions, width] to [n, positions, outputs]."""
    return nn.Sequential(
        nn.Linear(width, width), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(width, outputs)
    )
