"""The colour scale of local noise: one scale for all slices and scans, logarithmic, in HU.

The colours are those of ``viridis`` (by N. J. Smith, S. van der Walt and E. Firing, CC0): equal
ratios of noise look equally different, and colour-blind people can tell them apart.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from ctiqa.score.png import Pixels8

LIMITS_HU = (4.0, 128.0)
"""Local noise at the ends of the scale; less and more have the colours of the ends."""

TICKS_HU = (4, 8, 16, 32, 64, 128)
"""Labels of the scale, evenly spaced on it."""

_ANCHORS = (
    "440154 470d60 48186a 482374 472d7b 453781 424086 3e4989 3b528b 375b8d "
    "33638d 2f6b8e 2c728e 297a8e 26828e 23898e 21918c 1f988b 1fa088 22a785 "
    "28ae80 32b67a 3fbc73 4ec36b 5ec962 70cf57 84d44b 98d83e addc30 c2df23 "
    "d8e219 ece51b fde725"
)
"""Evenly spaced colours of the scale; those between are interpolated."""

STEPS = 256


@cache
def scale() -> Pixels8:
    """The colours from the low to the high end, RGB [steps, 3]."""
    anchors = np.array([list(bytes.fromhex(each)) for each in _ANCHORS.split()])
    places = np.linspace(0, len(anchors) - 1, STEPS)
    channels = [np.interp(places, np.arange(len(anchors)), channel) for channel in anchors.T]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def position(noise_hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Position of noise on the scale, from 0 (low end) to 1 (high end).

    >>> position(np.float32([1, 4, 128, 500])).tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    low, high = np.log(LIMITS_HU, dtype=np.float32)
    return np.asarray(np.clip((np.log(noise_hu) - low) / (high - low), 0, 1), np.float32)


def colours_of(noise_hu: npt.NDArray[np.float32]) -> Pixels8:
    """Colours of local noise in HU, RGB with the channels in a last axis."""
    return scale()[np.round(position(noise_hu) * (STEPS - 1)).astype(np.uint8)]
