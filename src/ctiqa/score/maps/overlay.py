"""A slice with its local noise as colour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.hu import WINDOWS, Window, apply_window
from ctiqa.score.maps.colours import colours_of
from ctiqa.score.png import Pixels8
from ctiqa.score.view import BodyMask, lung_share
from ctiqa.types import NOISE_PATCH, HuImage, NoiseMap

Floats32 = npt.NDArray[np.float32]

OPACITY = 0.5
"""Share of the colour in a pixel; the rest is the slice."""

MOSTLY_LUNG = 0.4
"""Share of lung in the body from which the lung window fits a slice better."""


def fitting_window(hu: HuImage, mask: BodyMask) -> Window:
    """The window in which most of the body is neither black nor white."""
    return WINDOWS["lung" if lung_share(hu, mask) > MOSTLY_LUNG else "soft"]


def overlay(hu: HuImage, noise_hu: NoiseMap, mask: BodyMask, window: Window) -> Pixels8:
    """A slice in a window, coloured inside the body by its local noise.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        noise_hu: Its local noise in HU.
        mask: The body.
        window: Display window.

    Returns:
        RGB, uint8 [rows, cols, 3].
    """
    grey = 255 * apply_window(hu, window)
    picture = np.repeat(np.round(grey).astype(np.uint8)[..., np.newaxis], 3, axis=-1)
    colours = colours_of(spread(noise_hu, mask)[mask])
    share = np.float32(OPACITY)
    mixed = share * colours + (1 - share) * grey[mask][:, np.newaxis]
    picture[mask] = np.round(mixed).astype(np.uint8)
    return picture


def spread(noise_hu: NoiseMap, mask: BodyMask) -> Floats32:
    """Local noise for every pixel, interpolated between the centres of the patches.

    On a logarithmic scale, and patches count by their share of the body: outside it the network
    has not learned anything.

    Args:
        noise_hu: Local noise in HU per patch.
        mask: The body, bool [rows, cols].

    Returns:
        Local noise in HU, float32 [rows, cols]; arbitrary far from the body.
    """
    share = np.maximum(_body_share(mask), np.float32(1e-6))
    log_noise = _interpolated(share * np.log(noise_hu), mask.shape)
    return np.asarray(np.exp(log_noise / _interpolated(share, mask.shape)), dtype=np.float32)


def _interpolated(patches: Floats32, shape: tuple[int, ...]) -> Floats32:
    """Values of patches as values of pixels, linear between the centres of the patches."""
    # Not as a product of matrices, whose threads would take time from the network.
    for axis, pixels in enumerate(shape):
        last = patches.shape[axis] - 1
        places = np.clip((np.arange(pixels) + 0.5) / NOISE_PATCH - 0.5, 0, last)
        low = places.astype(int)
        weight = np.expand_dims((places - low).astype(np.float32), 1 - axis)
        before = patches.take(low, axis)
        patches = before + weight * (patches.take(np.minimum(low + 1, last), axis) - before)
    return patches


def _body_share(mask: BodyMask) -> Floats32:
    """Fraction of every patch that is body."""
    below, right = (-side % NOISE_PATCH for side in mask.shape)
    whole = np.pad(mask, ((0, below), (0, right)))
    rows, cols = (side // NOISE_PATCH for side in whole.shape)
    blocks = whole.reshape(rows, NOISE_PATCH, cols, NOISE_PATCH)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float32)
