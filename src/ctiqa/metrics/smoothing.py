"""Smoothing of short sequences with NumPy alone; SciPy takes longer to load than a score takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.types import Floats

REACH_SD = 4.0
"""Where a Gaussian is cut, in standard deviations."""


def gaussian_smoothed(values: npt.ArrayLike, sd: float, *, mirrored: bool = True) -> Floats:
    """A sequence convolved with a Gaussian.

    Args:
        values: Numbers [n].
        sd: Standard deviation of the Gaussian, in steps, > 0.
        mirrored: Whether the sequence is continued by its mirror image, or by zeros.

    Returns:
        float64 [n].

    >>> gaussian_smoothed([0, 0, 1, 0, 0], 0.5).round(2).tolist()
    [0.0, 0.11, 0.79, 0.11, 0.0]
    """
    reach = int(REACH_SD * sd + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sd) ** 2)
    return _convolved(values, weights / weights.sum(), mirrored=mirrored)


def box_smoothed(values: npt.ArrayLike, size: int) -> Floats:
    """The mean of ``size`` neighbours around every value; the sequence continues mirrored.

    Args:
        values: Numbers [n].
        size: Number of values averaged, odd.

    Returns:
        float64 [n].

    >>> box_smoothed([0, 3, 0, 0], 3).tolist()
    [1.0, 1.0, 1.0, 0.0]
    """
    return _convolved(values, np.full(size, 1 / size), mirrored=True)


def _convolved(values: npt.ArrayLike, weights: Floats, *, mirrored: bool) -> Floats:
    sequence = np.asarray(values, dtype=np.float64)
    around = len(weights) // 2
    continued = np.pad(sequence, around, mode="symmetric" if mirrored else "constant")
    return np.convolve(continued, weights, mode="valid")
