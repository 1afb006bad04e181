"""Degraded images of a real slice: its pixels plus the reconstructed change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.errors import UsageError
from ctiqa.physics.fbp import reconstruct
from ctiqa.physics.geometry import MU_WATER_PER_MM, FanBeam, hu_to_mu
from ctiqa.physics.kernels import STANDARD_KERNEL, Kernel
from ctiqa.physics.noise import noise_variance
from ctiqa.physics.projector import project
from ctiqa.types import HuImage

HU_PER_MU = 1000.0 / MU_WATER_PER_MM
"""Change in HU per mm⁻¹ change in attenuation."""


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Scanner properties that determine the noise at a given dose.

    Attributes:
        photons: Photons per ray at full dose, before the patient.
        electronic_variance: Variance of the electronic noise in photons².
        kernel: Reconstruction kernel of the image, so that the added noise has the same texture.
    """

    photons: float = 2.0e5
    electronic_variance: float = 0.0
    kernel: Kernel = STANDARD_KERNEL


def simulate_low_dose(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    dose: float,
    rng: np.random.Generator,
    *,
    model: NoiseModel | None = None,
    n_views: int = 1000,
) -> HuImage:
    """Simulate a slice at a fraction of its dose.

    Noise is inserted in the projections of the slice: Yu et al., J Comput Assist Tomogr
    36(4):477–487, 2012.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        dose: Dose fraction in (0, 1]; 1 returns the slice unchanged.
        rng: Random generator for the noise.
        model: Scanner properties; ``None`` takes the defaults of :class:`NoiseModel`.
        n_views: Views over 360°.

    Returns:
        CT numbers in HU, float32 [rows, cols].

    Raises:
        UsageError: If a parameter is out of range.

    >>> water = np.zeros((64, 64), dtype=np.float32)
    >>> rng = np.random.default_rng(0)
    >>> half, tenth = (simulate_low_dose(water, (3.0, 3.0), dose, rng) for dose in (0.5, 0.1))
    >>> bool(0 < half[16:48, 16:48].std() < tenth[16:48, 16:48].std())
    True
    """
    model = model or NoiseModel()
    scan = FanBeam.covering((hu.shape[0], hu.shape[1]), spacing_mm, n_views=n_views)
    sinogram = project(hu_to_mu(hu), spacing_mm, scan)
    variance = noise_variance(sinogram, dose, model.photons, model.electronic_variance)
    noise = rng.standard_normal(sinogram.shape, dtype=np.float32) * np.sqrt(variance)
    change = reconstruct(
        noise.astype(np.float32), scan, (hu.shape[0], hu.shape[1]), spacing_mm, model.kernel
    )
    return (hu + change * np.float32(HU_PER_MU)).astype(np.float32)


def simulate_sparse_views(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    views: int,
    *,
    kernel: Kernel = STANDARD_KERNEL,
    n_views: int = 1000,
) -> HuImage:
    """Simulate a slice reconstructed from few views.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        views: Views kept over 360°, 1…``n_views``; ``n_views`` returns the slice unchanged.
        kernel: Reconstruction kernel of the image.
        n_views: Views of the full scan.

    Returns:
        CT numbers in HU, float32 [rows, cols].

    Raises:
        UsageError: If ``views`` is out of range.

    >>> disc = np.where(np.hypot(*np.mgrid[-31.5:32, -31.5:32]) < 20, 0, -1000).astype("float32")
    >>> few, all_of_them = (
    ...     simulate_sparse_views(disc, (3.0, 3.0), views, n_views=180) for views in (20, 180)
    ... )
    >>> bool(few[26:38, 26:38].std() > 1), bool((all_of_them == disc).all())  # streaks, in HU
    (True, True)
    """
    if not 1 <= views <= n_views:
        raise UsageError(f"'views' must be 1…{n_views}, got {views}")
    shape = (hu.shape[0], hu.shape[1])
    change = np.zeros(shape, dtype=np.float32)
    if views < n_views:
        mu = hu_to_mu(hu)
        for count, sign in ((views, 1), (n_views, -1)):
            scan = FanBeam.covering(shape, spacing_mm, n_views=count)
            sinogram = project(mu, spacing_mm, scan)
            change += np.float32(sign) * reconstruct(sinogram, scan, shape, spacing_mm, kernel)
    return (hu + change * np.float32(HU_PER_MU)).astype(np.float32)
