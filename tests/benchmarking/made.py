"""Scans with organs, at low and at full dose, made for the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ctiqa.benchmarking.changes import Change
from ctiqa.benchmarking.measures import MEASURES

SIDE = 256
SLICES = 6

Stack = npt.NDArray[np.float32]


def anatomy(index: int = 0) -> Stack:
    """One slice without noise; organs move from slice to slice, and left differs from right."""
    down, right = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    hu = np.full((SIDE, SIDE), -1000.0)
    hu[np.hypot(down / 0.8, right) < 112] = -100
    hu[np.hypot(down / 0.8, right) < 104] = 40
    hu[np.hypot(down + 10, right + 45 - 3 * index) < 34] = 70
    bone = np.hypot(down - 55, right)
    hu[bone < 16] = 600 - 15 * bone[bone < 16]
    hu[np.hypot(down + 30 - 5 * index, right - 60) < 14] = -900
    for k in range(8):
        angle = 2 * np.pi * (k / 8 + index / 23)
        hu[np.hypot(down - 20 * np.sin(angle), right - 55 - 20 * np.cos(angle)) < 4] = 150
    return np.asarray(ndimage.gaussian_filter(hu, 0.7), dtype=np.float32)


def noise(level_hu: float, seed: int, shape: tuple[int, ...] = (SIDE, SIDE)) -> Stack:
    """Noise with a little texture."""
    white = np.random.default_rng(seed).standard_normal(shape)
    grain = ndimage.gaussian_filter(white, (0,) * (len(shape) - 2) + (0.6, 0.6))
    return np.asarray(level_hu * grain / grain.std(), dtype=np.float32)


def full_dose(slices: int = SLICES) -> Stack:
    """The reference, [slices, rows, cols]."""
    return np.stack([anatomy(k) + noise(4, k) for k in range(slices)])


def truth(slices: int = SLICES) -> Stack:
    """What a perfect denoiser would return: no noise, every edge."""
    return np.stack([anatomy(k) for k in range(slices)])


def low_dose(slices: int = SLICES) -> Stack:
    """The reference with more noise."""
    full = full_dose(slices)
    return full + noise(25, 99, full.shape)


def blurred(stack: Stack, sigma: float = 2.0) -> Stack:
    """Every slice through a Gaussian filter."""
    return np.asarray(ndimage.gaussian_filter(stack, (0, sigma, sigma)))


def changes(**shown: float) -> dict[str, Change | None]:
    """Differences of no size, but for those named, which are certain."""
    none: dict[str, Any] = {each.key: Change(0.0, -1e-6, 1e-6, 9) for each in MEASURES}
    return none | {key: Change(value, value, value, 9) for key, value in shown.items()}
