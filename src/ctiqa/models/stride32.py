"""The shipped network: a convolution stem of stride 32, a few attention blocks, a vector head.

The stem reads noise and edges at full resolution, as in DistilIQA, but outputs one token per 32×32
pixels instead of per 16×16, so attention is cheap and the matrix is never resampled. There is no
positional encoding, only neighbourhood: the score does not depend on the position of the patient.
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ctiqa.errors import DataError
from ctiqa.hu import AIR_HU, WINDOWS
from ctiqa.models.contract import Outputs
from ctiqa.recipe import Stride32Network

INPUT_RANGE_HU = (-1000.0, 400.0)
"""HU range of the input, that of LDCTIQAC2023: so its images, which are stored clipped, and DICOM
files look the same."""


class Windows(nn.Module):
    """HU to windowed channels in [-1, 1].

    Args:
        names: Windows, keys of :data:`ctiqa.hu.WINDOWS`.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        low, high = torch.tensor([WINDOWS[name].range_hu for name in names]).T
        self.register_buffer("scale", (2 / (high - low)).view(1, -1, 1, 1), persistent=False)
        self.register_buffer(
            "shift", ((low + high) / (low - high)).view(1, -1, 1, 1), persistent=False
        )

    def forward(self, hu: Tensor) -> Tensor:
        """HU [n, 1, rows, cols] to brightness [n, windows, rows, cols]."""
        shown: Tensor = (hu.clamp(*INPUT_RANGE_HU) * self.scale + self.shift).clamp(-1, 1)
        return shown


class Stage(nn.Sequential):
    """Convolution of stride 2, optional batch normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int, *, normalised: bool) -> None:
        around = (size - 1) // 2
        convolution = nn.Conv2d(
            inputs, outputs, size, stride=2, padding=around, bias=not normalised
        )
        if not normalised and convolution.bias is not None:
            # Without normalisation the signal must keep its strength from stage to stage by itself.
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
        norm = (nn.BatchNorm2d(outputs),) if normalised else ()
        super().__init__(convolution, *norm, nn.ReLU(inplace=True))


class Block(nn.Module):
    """Attention among all tokens, with a depth-wise convolution for local structure."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.near = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 3 * width), nn.GELU(approximate="tanh"), nn.Linear(3 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [n, width, rows, cols] to tokens of the same shape."""
        n, width, rows, cols = x.shape
        tokens = (x + self.near(x)).flatten(2).transpose(1, 2)
        tokens = tokens + self._attend(self.norm1(tokens))
        done: Tensor = tokens + self.mlp(self.norm2(tokens))
        return done.transpose(1, 2).reshape(n, width, rows, cols)

    def _attend(self, tokens: Tensor) -> Tensor:
        n, length, width = tokens.shape
        q, k, v = (
            part.view(n, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(tokens).chunk(3, dim=-1)
        )
        # For so few tokens plain products train faster on a CPU than torch's fused attention.
        alike = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        mixed = alike.softmax(dim=-1).to(v.dtype) @ v
        joined: Tensor = self.join(mixed.transpose(1, 2).reshape(n, length, width))
        return joined


class Pool(nn.Module):
    """Weighted mean and standard deviation of the tokens, with learned weights."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.weigh = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens [n, width, rows, cols] to [n, 2·width]."""
        tokens = self.norm(x.flatten(2).transpose(1, 2))
        weights = self.weigh(tokens).softmax(dim=1)
        mean = (weights * tokens).sum(dim=1)
        variance = (weights * (tokens - mean[:, None]).square()).sum(dim=1)
        return torch.cat([mean, (variance + 1e-6).sqrt()], dim=1)


class Stride32(nn.Module):
    """Score vector and local noise of CT slices.

    Args:
        recipe: Size of the network; ``recipe.outputs`` is the length of the score vector.

    >>> import torch
    >>> scores, noise, *_ = Stride32(Stride32Network(outputs=2))(torch.zeros(1, 1, 256, 320))
    >>> tuple(scores.shape), tuple(noise.shape)
    ((1, 2), (1, 8, 10))
    """

    def __init__(self, recipe: Stride32Network) -> None:
        super().__init__()
        widths = (len(recipe.windows), *recipe.stem)
        self.normalised = recipe.normalised
        self.multiple = recipe.multiple
        self.windows = Windows(recipe.windows)
        self.stem = nn.Sequential(
            *(
                Stage(a, b, size, normalised=recipe.normalised)
                for a, b, size in zip(widths, recipe.stem, recipe.sizes, strict=False)
            )
        )
        self.blocks = nn.Sequential(
            *(Block(recipe.stem[-1], recipe.heads) for _ in range(recipe.blocks))
        )
        self.pool = Pool(recipe.stem[-1])
        self.head = nn.Linear(2 * recipe.stem[-1], recipe.outputs)
        self.noise = nn.Conv2d(recipe.stem[-1], 1, 1)
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        # Start at the middle of the scale and the noise of a routine scan.
        nn.init.constant_(self.head.bias, 2.0)
        nn.init.constant_(_bias(self.noise), math.log(25.0))

    def forward(self, hu: Tensor) -> Outputs:
        """Score a batch.

        Args:
            hu: CT numbers in HU, float32 [n, 1, rows, cols]; rows and columns ≥ 32.

        Returns:
            Scores on the 0–4 scale, not clipped, [n, outputs]; and ln of the total noise in HU
            of every 32×32 patch, [n, ceil(rows/32), ceil(cols/32)].
        """
        tokens = self.tokens(hu)
        return Outputs(self.head(self.pool(tokens)), self.noise(tokens)[:, 0])

    def tokens(self, hu: Tensor) -> Tensor:
        """What the network knows of every patch [n, width, ceil(rows/32), ceil(cols/32)]."""
        rows, cols = hu.shape[-2:]
        below, right = -rows % self.multiple, -cols % self.multiple
        if below or right:
            hu = nn.functional.pad(hu, (0, right, 0, below), value=AIR_HU)
        seen: Tensor = self.blocks(self.stem(self.windows(hu)))
        return seen


def take_weights(model: Stride32, trained: Stride32) -> None:
    """Copy the weights of a network of the same size.

    If the trained network has batch normalisation and the model has not, it is folded into the
    convolutions, so that both give the same scores.

    Raises:
        DataError: If the networks differ in size.
    """
    source = copy.deepcopy(trained).eval()
    if not model.normalised:
        source.stem = nn.Sequential(*map(_folded, source.stem))
    try:
        model.load_state_dict(source.state_dict())
    except RuntimeError as error:
        raise DataError(f"the network to start from is of another size: {error}") from None


def _folded(stage: nn.Module) -> nn.Module:
    """A stage with its batch normalisation, if any, folded into its convolution."""
    match list(stage.children()):
        case [nn.Conv2d() as convolution, nn.BatchNorm2d() as norm, *rest]:
            return nn.Sequential(fuse_conv_bn_eval(convolution, norm), *rest)
        case _:
            return stage


def _bias(layer: nn.Conv2d) -> Tensor:
    if layer.bias is None:
        raise TypeError("the layer has no bias")
    return layer.bias
