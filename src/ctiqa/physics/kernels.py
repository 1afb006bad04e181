"""Reconstruction kernels: apodisation of the ramp filter, and kernel conversion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from ctiqa.errors import UsageError
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class Kernel:
    """Frequency weights of a reconstruction, relative to the pure ramp filter.

    Without ``boost`` the weight falls from 1 at zero frequency to one half at ``half_per_mm``;
    ``boost`` raises the middle frequencies like a sharp kernel.

    Attributes:
        half_per_mm: Frequency at which the smooth part is one half, in cycles/mm, > 0.
        boost: Edge enhancement at ``half_per_mm``, ≥ 0 (0 none, 1 sharp).

    Raises:
        UsageError: If ``half_per_mm`` or ``boost`` is out of range.

    >>> Kernel(half_per_mm=0.4).weight(np.array([0.0, 0.4])).round(2).tolist()
    [1.0, 0.5]
    """

    half_per_mm: float
    boost: float = 0.0

    def __post_init__(self) -> None:
        if not self.half_per_mm > 0:
            raise UsageError(f"'half_per_mm' must be > 0, got {self.half_per_mm}")
        if not self.boost >= 0:
            raise UsageError(f"'boost' must be >= 0, got {self.boost}")

    def weight(self, frequency_per_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Weight of each spatial frequency (cycles/mm), dimensionless, 1 at zero."""
        relative = frequency_per_mm / self.half_per_mm
        smooth = np.exp2(-(relative**2))
        return np.asarray(smooth * (1.0 + self.boost * relative**2))


SOFT_KERNEL = Kernel(half_per_mm=0.32)
STANDARD_KERNEL = Kernel(half_per_mm=0.45)
SHARP_KERNEL = Kernel(half_per_mm=0.60, boost=1.0)
"""Kernels similar to B20f, B30f/STANDARD and B60f/LUNG."""


def change_kernel(
    image: HuImage, spacing_mm: tuple[float, float], old: Kernel, new: Kernel
) -> HuImage:
    """Convert an image to another reconstruction kernel.

    Filtering along the detector before back-projection is equivalent to a radial filter of the
    image, here the ratio of the two weights. The ratio is limited to 8, where the old kernel left
    nothing to amplify.

    Args:
        image: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        old: Kernel of the image.
        new: Kernel of the result.

    Returns:
        CT numbers in HU, float32 [rows, cols]; unchanged for the same kernel.

    >>> flat = np.full((32, 32), 40, dtype=np.float32)
    >>> sharper = change_kernel(flat, (0.7, 0.7), STANDARD_KERNEL, SHARP_KERNEL)
    >>> bool(np.allclose(sharper, 40, atol=1e-3))
    True
    """
    if new == old:
        return np.array(image, dtype=np.float32)
    frequency = radial_frequency(image.shape, spacing_mm)
    ratio = np.minimum(new.weight(frequency) / np.maximum(old.weight(frequency), 1e-3), 8.0)
    return filter_radially(image, ratio)


def radial_frequency(
    shape: tuple[int, ...], spacing_mm: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Spatial frequency of each bin of a real FFT in cycles/mm, float [rows, cols//2 + 1]."""
    rows, cols = shape
    down, across = np.fft.fftfreq(rows, spacing_mm[0]), np.fft.rfftfreq(cols, spacing_mm[1])
    return np.asarray(np.hypot(down[:, None], across[None]), dtype=np.float64)


def filter_radially(image: HuImage, weight: npt.NDArray[np.float64]) -> HuImage:
    """Multiply the spectrum of an image by real weights (see :func:`radial_frequency`)."""
    spectrum = fft.rfft2(np.asarray(image, dtype=np.float32))
    filtered = fft.irfft2(spectrum * weight.astype(np.float32), s=image.shape)
    return np.asarray(filtered, dtype=np.float32)
