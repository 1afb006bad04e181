"""Convert HU, or the bytes of a photograph, to the input of a backbone."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ctiqa.hu import WINDOWS
from ctiqa.recipe.network import Scaling, window_names

LEAST_RANGE_HU = 1e-3
"""Smallest range that is stretched; a slice with less contrast becomes black."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in brightness (Recommendation ITU-R BT.601-7, 2011)."""

Colours = tuple[float, ...]
"""One number per red, green and blue channel."""


class WindowLayer(nn.Module):
    """HU to brightness through a fixed window: black 0, white 1.

    Args:
        name: Name of the window, a key of :data:`ctiqa.hu.WINDOWS`.

    >>> WindowLayer("distiliqa")(torch.tensor([-1000.0, -135.0, 40.0, 215.0, 3000.0])).tolist()
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.low_hu, self.high_hu = WINDOWS[name].range_hu

    def forward(self, hu: Tensor) -> Tensor:
        """HU of any shape to brightness of the same shape, 0–1."""
        return ((hu - self.low_hu) / (self.high_hu - self.low_hu)).clamp(0, 1)


class JoinedWindows(nn.Module):
    """HU to brightness through several fixed windows, one channel each.

    Args:
        names: Names of windows.

    >>> JoinedWindows(("distiliqa", "lung"))(torch.full((1, 1, 1, 1), -600.0)).flatten().tolist()
    [0.0, 0.5]
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self.each = nn.ModuleList(WindowLayer(name) for name in names)

    def forward(self, hu: Tensor) -> Tensor:
        """HU [n, 1, rows, cols] to brightness 0–1 [n, windows, rows, cols]."""
        return torch.cat([window(hu) for window in self.each], dim=1)


def windows(joined: str) -> nn.Module:
    """Layer with one channel per window of a recipe.

    Args:
        joined: Name of a window, or several joined with ``+``.

    >>> windows("soft+lung")(torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 2, 8, 8])
    """
    names = window_names(joined)
    return WindowLayer(joined) if len(names) == 1 else JoinedWindows(names)


class MinMax(nn.Module):
    """Stretch every image from its minimum, 0, to its maximum, 1.

    The noise of a slice then depends on its brightest structure, such as a metal clip. TFKT as
    published does this.

    >>> MinMax()(torch.tensor([-1000.0, 0.0, 1000.0]).view(1, 1, 1, 3)).flatten().tolist()
    [0.0, 0.5, 1.0]
    """

    def forward(self, image: Tensor) -> Tensor:
        """Image [n, channels, rows, cols] to brightness 0–1 of the same shape."""
        low = image.amin(dim=(1, 2, 3), keepdim=True)
        high = image.amax(dim=(1, 2, 3), keepdim=True)
        return (image - low) / (high - low).clamp_min(LEAST_RANGE_HU)


class Channels(nn.Module):
    """Brightness to three channels, normalised as a backbone expects.

    Args:
        mean: Mean of every channel of the backbone's training images, brightness 0–1.
        std: Standard deviation of every channel.

    One window fills all three channels; with two windows the third channel repeats the first.

    >>> Channels((0.5, 0.5, 0.5), (0.5, 0.5, 0.25))(torch.ones(1, 1, 1, 1)).flatten().tolist()
    [1.0, 1.0, 2.0]
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Colours, std: Colours) -> None:
        super().__init__()
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, brightness: Tensor) -> Tensor:
        """Brightness [n, 1 to 3, rows, cols] to [n, 3, rows, cols]."""
        if brightness.shape[1] == 2:
            brightness = brightness[:, (0, 1, 0)]
        normalised: Tensor = (brightness - self.mean) / self.std
        return normalised


class Resized(nn.Module):
    """Resize images to a square, with antialiasing, which preserves coarse noise.

    Args:
        side: Side in pixels; 0 for no resizing.
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, image: Tensor) -> Tensor:
        """Image [n, channels, rows, cols] to [n, channels, side, side]."""
        return resized(image, self.side) if self.side else image


def resized(image: Tensor, side: int) -> Tensor:
    """Resize images [n, channels, rows, cols] bilinearly to a square, with antialiasing.

    >>> resized(torch.ones(1, 1, 512, 384), 64).shape
    torch.Size([1, 1, 64, 64])
    """
    if image.shape[-2:] == (side, side):
        return image
    # The filter does not support half precision.
    return nn.functional.interpolate(
        image.float(), size=(side, side), mode="bilinear", align_corners=False, antialias=True
    )


def to_square(rgb: Tensor, side: int) -> Tensor:
    """Stretch photographs [n, 3, rows, cols] in 0–255 to a square, rounded to grey levels.

    Args:
        rgb: uint8, or floating point.
        side: Side in pixels; 0 for no resizing.

    >>> to_square(torch.tensor([[[[0, 255]]]], dtype=torch.uint8), 2).flatten().tolist()
    [0, 255, 0, 255]
    """
    if not side or rgb.shape[-2:] == (side, side):
        return rgb
    return resized(rgb.float(), side).round().clamp(0, 255).to(rgb.dtype)


class GreyInput(nn.Module):
    """One-channel input, from HU or a photograph, of a backbone made for three channels.

    ``window``: brightness through the window (several windows are averaged, so that all of them
    contribute) or, for a photograph in 0–255, its luma; normalised by the means of ``mean`` and
    ``std`` over the three channels. ``min-max``: every image stretched and not normalised, as by
    TFKT's authors.

    Args:
        scaling: How values are converted to brightness.
        window: The window, if ``scaling`` is ``window``.
        mean: Mean of every channel of the backbone's training images, brightness 0–1.
        std: Standard deviation of every channel.
    """

    luma: Tensor

    def __init__(self, scaling: Scaling, window: str, mean: Colours, std: Colours) -> None:
        super().__init__()
        self.stretch = MinMax() if scaling == "min-max" else None
        self.window = windows(window)
        self.mean, self.std = sum(mean) / 3, sum(std) / 3
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1), persistent=False)

    def forward(self, hu: Tensor) -> Tensor:
        """HU [n, 1, rows, cols] to one channel of the same shape."""
        if self.stretch:
            stretched: Tensor = self.stretch(hu)
            return stretched
        return self._normalised(self.window(hu).mean(dim=1, keepdim=True))

    def photograph(self, rgb: Tensor) -> Tensor:
        """RGB in 0–255, uint8 or float, [n, 3, rows, cols], to one channel."""
        grey = (rgb.to(self.luma.dtype) * self.luma).sum(dim=1, keepdim=True)
        return self.stretch(grey) if self.stretch else self._normalised(grey / 255)

    def _normalised(self, brightness: Tensor) -> Tensor:
        return (brightness - self.mean) / self.std
