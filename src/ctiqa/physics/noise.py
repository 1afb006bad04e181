"""Noise of a lower dose, inserted into the projections.

Yu L, Shiung M, Jondal D, McCollough CH. Development and validation of a practical
lower-dose-simulation tool for optimizing computed tomography scan protocols.
J Comput Assist Tomogr 36(4):477–487, 2012.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.physics.geometry import Sinogram


def noise_variance(
    sinogram: Sinogram, dose: float, photons: float, electronic_variance: float = 0.0
) -> npt.NDArray[np.float64]:
    """Variance that a dose reduction adds to each line integral.

    (1−a)/a · e^p/N₀ · [1 + (1+a)/a · N_e·e^p/N₀], Yu 2012.

    Args:
        sinogram: Line integrals p, dimensionless [views, detectors].
        dose: Dose fraction a in (0, 1].
        photons: Photons N₀ per ray at full dose, before the patient, > 0.
        electronic_variance: Variance N_e of the electronic noise in photons², ≥ 0.

    Returns:
        Variance, dimensionless [views, detectors].

    Raises:
        UsageError: If a parameter is out of range.

    >>> float(noise_variance(np.zeros((1, 1), np.float32), dose=0.5, photons=100.0)[0, 0])
    0.01
    """
    if not 0 < dose <= 1:
        raise UsageError(f"'dose' must be in (0, 1], a fraction of full dose, got {dose:g}")
    if not photons > 0:
        raise UsageError(f"'photons' must be > 0 per ray, got {photons:g}")
    if not electronic_variance >= 0:
        raise UsageError(f"'electronic_variance' must be >= 0, got {electronic_variance:g}")
    per_photon = np.exp(np.asarray(sinogram, dtype=np.float64)) / photons
    electronic = (1 + dose) / dose * electronic_variance * per_photon
    return np.asarray((1 - dose) / dose * per_photon * (1 + electronic))


def insert_noise(
    sinogram: Sinogram,
    dose: float,
    photons: float,
    rng: np.random.Generator,
    electronic_variance: float = 0.0,
) -> Sinogram:
    """Line integrals at a fraction of the dose (Yu 2012).

    Args:
        sinogram: Line integrals, dimensionless [views, detectors].
        dose: Dose fraction in (0, 1].
        photons: Photons per ray at full dose, before the patient, > 0.
        rng: Random generator for the noise; the same state gives the same noise.
        electronic_variance: Variance of the electronic noise in photons², ≥ 0.

    Returns:
        Noisy line integrals, float32 [views, detectors]; unchanged for ``dose=1``.

    Raises:
        UsageError: If a parameter is out of range.

    >>> air = np.zeros((100, 100), dtype=np.float32)
    >>> noisy = insert_noise(air, 0.5, 100.0, np.random.default_rng(0))
    >>> round(float(noisy.std()), 2)  # √0.01
    0.1
    """
    deviation = np.sqrt(noise_variance(sinogram, dose, photons, electronic_variance))
    noise = rng.standard_normal(sinogram.shape, dtype=np.float32) * deviation
    return (sinogram + noise).astype(np.float32)
