"""Filtered back-projection for the flat-detector fan beam.

Kak AC, Slaney M. Principles of Computerized Tomographic Imaging, ch. 3.4.2. IEEE Press, 1988.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import fft

from ctiqa.errors import UsageError
from ctiqa.physics._jit import jit, prange
from ctiqa.physics.geometry import FanBeam, Sinogram
from ctiqa.physics.kernels import Kernel
from ctiqa.types import HuImage


def reconstruct(
    sinogram: Sinogram,
    scan: FanBeam,
    shape: tuple[int, int],
    spacing_mm: tuple[float, float],
    kernel: Kernel | None = None,
) -> HuImage:
    """Reconstruct an attenuation image from a full fan-beam scan.

    Args:
        sinogram: Line integrals, dimensionless [views, detectors].
        scan: Geometry of the sinogram.
        shape: Image matrix (rows, columns).
        spacing_mm: Pixel spacing (row, column) in mm.
        kernel: Reconstruction kernel; ``None`` is the pure ramp filter.

    Returns:
        Attenuation in mm⁻¹, float32 [rows, cols]; zero outside the reconstruction circle.

    Raises:
        UsageError: If the sinogram does not fit the geometry.

    >>> from ctiqa.physics import project
    >>> disc = np.where(np.hypot(*np.mgrid[-31.5:32, -31.5:32]) < 20, 0.02, 0).astype("float32")
    >>> scan = FanBeam.covering((64, 64), (1.0, 1.0), n_views=180)
    >>> image = reconstruct(project(disc, (1.0, 1.0), scan), scan, (64, 64), (1.0, 1.0))
    >>> round(float(image[28:36, 28:36].mean()), 3)  # mm⁻¹
    0.02
    """
    if sinogram.shape != (scan.n_views, scan.n_detectors):
        raise UsageError(
            f"'sinogram' must be [views, detectors] = "
            f"{(scan.n_views, scan.n_detectors)}, got {sinogram.shape}"
        )
    filtered = _filter(sinogram, scan, kernel)
    image = np.zeros(shape, dtype=np.float32)
    _backproject(
        filtered,
        np.cos(scan.angles_rad).astype(np.float32),
        np.sin(scan.angles_rad).astype(np.float32),
        np.float32(scan.offsets_mm[0]),
        np.float32(1 / scan.pitch_mm),
        np.float32(scan.source_to_iso_mm),
        np.float32(spacing_mm[0]),
        np.float32(spacing_mm[1]),
        image,
    )
    # Every line is measured from both ends in a full rotation, hence π and not 2π.
    image *= np.float32(math.pi / scan.n_views)
    return image


def ramp(n: int, pitch_mm: float) -> npt.NDArray[np.float64]:
    """Frequency response of the band-limited ramp for ``n`` samples, in mm⁻¹ [n//2 + 1].

    Computed from its spatial samples, so that zero frequency is correct and a disc has no offset.

    Ramachandran GN, Lakshminarayanan AV. PNAS 68(9):2236–2240, 1971.
    """
    samples = np.zeros(n)
    samples[0] = 1 / (4 * pitch_mm**2)
    odd = np.arange(1, n // 2 + 1, 2)
    samples[odd] = samples[-odd] = -1 / (math.pi * odd * pitch_mm) ** 2
    return np.asarray(np.real(np.fft.rfft(samples)) * pitch_mm)


def _filter(sinogram: Sinogram, scan: FanBeam, kernel: Kernel | None) -> Sinogram:
    length = fft.next_fast_len(2 * scan.n_detectors, real=True)
    response = ramp(length, scan.pitch_mm)
    if kernel is not None:
        frequency = np.asarray(np.fft.rfftfreq(length, scan.pitch_mm), dtype=np.float64)
        response = response * kernel.weight(frequency)
    cosine = (scan.source_to_iso_mm / scan.ray_length()).astype(np.float32)
    spectrum = fft.rfft(sinogram * cosine, n=length, axis=1)
    spectrum *= response.astype(np.float32)
    filtered = fft.irfft(spectrum, n=length, axis=1)[:, : scan.n_detectors]
    return np.ascontiguousarray(filtered, dtype=np.float32)


@jit
def _backproject(  # noqa: PLR0917 - compiled: no keywords
    filtered: Sinogram,
    cos: npt.NDArray[np.float32],
    sin: npt.NDArray[np.float32],
    first: np.float32,
    per_mm: np.float32,
    distance: np.float32,
    dy: np.float32,
    dx: np.float32,
    image: HuImage,
) -> None:
    rows, cols = image.shape
    width = np.uint32(filtered.shape[1])
    last = np.float32(filtered.shape[1] - 1.001)
    samples = filtered.ravel()
    radius = np.float32(min(rows * dy, cols * dx) / 2)
    for row in prange(rows):
        y = np.float32(row - (rows - 1) / 2) * dy
        # Only pixels inside the reconstruction circle are computed; the others stay zero.
        half = int(math.sqrt(max(radius * radius - y * y, np.float32(0))) / dx)
        for col in range(max(cols // 2 - half, 0), min(cols // 2 + half + cols % 2, cols)):
            x = np.float32(col - (cols - 1) / 2) * dx
            total = np.float32(0)
            for view in range(cos.size):
                c, s = cos[view], sin[view]
                # Magnification of this pixel, and where its ray crosses the isocentre line.
                magnify = distance / (distance + x * s - y * c)
                position = ((x * c + y * s) * magnify - first) * per_mm
                position = min(max(position, np.float32(0)), last)
                left = np.uint32(position)
                weight = position - np.float32(left)
                index = np.uint32(view) * width + left
                low, high = samples[index], samples[index + np.uint32(1)]
                total += magnify * magnify * (low + weight * (high - low))
            image[row, col] = total
