"""Noise with the power spectrum of a slice: a kernel close to it, and a filter for the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ctiqa.physics.kernels import Kernel, radial_frequency
from ctiqa.physics.patient.quantum import QuantumNoise
from ctiqa.physics.patient.ramp_texture import RampTexture
from ctiqa.types import Floats

HALVES_PER_MM = (0.15, 2.0)
"""Range of the kernels; sharper ones differ from the pure ramp only beyond all pixels."""

MOST_GAIN = 8.0
"""Largest factor, relative to the median, by which a frequency is raised or lowered."""


def kernel_of(noise: QuantumNoise) -> Kernel:
    """The kernel whose noise power spectrum is closest to that of a slice.

    The spectrum of a kernel with half width h is f·exp(c·f²) with c = -2·ln 2/h².

    >>> f = np.linspace(0, 0.7, 50)
    >>> noise = QuantumNoise(10.0, 0.2, 0.3, f, RampTexture(0.0, -8.0).power(f))
    >>> round(kernel_of(noise).half_per_mm, 3)
    0.416
    """
    frequency, power = noise.frequency_per_mm[1:], noise.power[1:]
    curvature = RampTexture.fitted(frequency, power, frequency).c_mm2
    least, most = HALVES_PER_MM
    half = math.sqrt(-2 * math.log(2) / curvature) if curvature < 0 else most
    return Kernel(min(max(half, least), most))


def matching_weights(
    own: QuantumNoise,
    made: Sequence[QuantumNoise],
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
) -> Floats:
    """Radial filter that gives simulated noise the power spectrum of a slice, but for a factor.

    Args:
        own: Noise of the slice.
        made: Noise of the simulated images, measured in the same tissue.
        shape: Image matrix (rows, columns).
        spacing_mm: Pixel spacing (row, column) in mm.

    Returns:
        Weights for :func:`ctiqa.physics.kernels.filter_radially`.
    """
    power = np.mean([each.power for each in made], axis=0)
    gain = np.sqrt(own.power[1:] / power[1:])
    middle = float(np.median(gain))
    gain = np.clip(gain, middle / MOST_GAIN, middle * MOST_GAIN)
    return np.asarray(
        np.interp(radial_frequency(shape, spacing_mm), own.frequency_per_mm[1:], gain)
    )
