"""Photon starvation: quantum and electronic noise of strongly attenuated rays.

Hsieh J. Adaptive streak artifact reduction in computed tomography resulting from excessive
x-ray photon noise. Med Phys 25(11):2139–2147, 1998.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.geometry import Sinogram
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class Beam:
    """Photon count per ray, and the properties of the detector.

    Attributes:
        photons: Photons per ray before the patient, in [1, 1e12].
        electronic_sd_photons: Standard deviation of the electronic noise in photons, ≥ 0.
        floor_photons: Lower limit of the readings before the logarithm, in photons, in
            (0, ``photons``).

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    photons: float = 1.0e5
    electronic_sd_photons: float = 5.0
    floor_photons: float = 1.0

    def __post_init__(self) -> None:
        check_rules(
            (1 <= self.photons <= 1e12, f"'photons' must be in [1, 1e12], got {self.photons}"),
            (
                0 <= self.electronic_sd_photons < math.inf,
                f"'electronic_sd_photons' must be >= 0, got {self.electronic_sd_photons}",
            ),
            (
                0 < self.floor_photons < self.photons,
                f"'floor_photons' must be > 0 and below 'photons', got {self.floor_photons}",
            ),
        )


def counted_lines(
    lines: npt.NDArray[np.floating], beam: Beam, rng: np.random.Generator
) -> Sinogram:
    """Line integrals measured with a limited number of photons: −ln(max(count, floor)/N₀).

    The bias is small (1/2N) for high counts. Where readings are raised to the floor, the line
    integrals are too low.

    Args:
        lines: True line integrals, dimensionless, any shape.
        beam: Photons and detector.
        rng: Random generator for counts and electronic noise.

    Returns:
        Noisy line integrals, float32, same shape.

    >>> rng = np.random.default_rng(0)
    >>> round(float(counted_lines(np.float32([50.0]), Beam(1000.0, 0.0), rng)[0]), 3)  # ln 1000
    6.908
    """
    mean = beam.photons * np.exp(-np.asarray(lines, dtype=np.float64))
    reading = rng.poisson(mean).astype(np.float64)
    if beam.electronic_sd_photons:
        reading += beam.electronic_sd_photons * rng.standard_normal(reading.shape)
    return -np.log(np.maximum(reading, beam.floor_photons) / beam.photons).astype(np.float32)


def starve(measured: MeasuredRays, beam: Beam, rng: np.random.Generator) -> HuImage:
    """Photon starvation artefact of a slice: streaks along its longest paths, and a dark bias.

    It adds to the noise already in the slice.

    Args:
        measured: The slice.
        beam: Photons and detector.
        rng: Random generator for the noise; the same state gives the same image.

    Returns:
        Artefact to add to the slice, in HU, float32 [rows, cols].

    >>> from ctiqa.physics import measure
    >>> water = measure(np.zeros((16, 16), np.float32), (4.0, 4.0), n_views=8)
    >>> bool(starve(water, Beam(photons=100.0), np.random.default_rng(0)).any())
    True
    """
    return measured.image_of(counted_lines(measured.sinogram, beam, rng) - measured.sinogram)
