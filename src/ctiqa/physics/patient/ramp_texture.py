"""The noise power spectrum of a reconstruction with the ramp filter, as a smooth curve."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctiqa.types import Floats

HANN = ((-1, 1 / 6), (0, 2 / 3), (1, 1 / 6))
"""Leakage of power through a Hann window, by steps of frequency."""


@dataclass(frozen=True, slots=True)
class RampTexture:
    """Noise power f·exp(a + c·f²): the ramp filter and a kernel that falls like a Gaussian.

    Riederer SJ, Pelc NJ, Chesler DA. The noise power spectrum in computed X-ray tomography. Phys
    Med Biol 23(3):446–454, 1978.

    Attributes:
        a: Logarithm of the height.
        c_mm2: Curvature in mm²; negative for all kernels but the sharpest.
    """

    a: float
    c_mm2: float

    @classmethod
    def fitted(cls, frequency_per_mm: Floats, power: Floats, weight: Floats) -> RampTexture:
        """Fit measured powers, by relative error; each counts with its share of the variance.

        >>> f = np.array([0.2, 0.3, 0.4])
        >>> RampTexture.fitted(f, RampTexture(2.0, -5.0).power(f), np.ones(3)).c_mm2.__round__(6)
        -5.0
        """
        relative = np.log(power / frequency_per_mm)
        shares = np.sqrt(power * weight)
        c, a = np.polyfit(frequency_per_mm**2, relative, 1, w=shares)
        return cls(float(a), float(c))

    def power(self, frequency_per_mm: Floats) -> Floats:
        """Power at frequencies in cycles/mm, in the unit of the fit."""
        return np.asarray(frequency_per_mm * np.exp(self.a + self.c_mm2 * frequency_per_mm**2))

    def blurred(self, frequency_per_mm: Floats, step_per_mm: float) -> Floats:
        """Power as measured through a Hann window, whose FFT has steps of ``step_per_mm``."""
        total = np.zeros_like(frequency_per_mm)
        for along, share in HANN:
            for across, other in HANN:
                radius = np.hypot(frequency_per_mm + along * step_per_mm, across * step_per_mm)
                total += share * other * self.power(radius)
        return total

    @property
    def peak_per_mm(self) -> float:
        """Frequency of the highest power in cycles/mm; infinite if the power keeps rising."""
        return math.sqrt(-0.5 / self.c_mm2) if self.c_mm2 < 0 else math.inf
