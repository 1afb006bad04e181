"""Forward projection: line integrals through an image by Joseph's method.

Joseph PM. An improved algorithm for reprojecting rays through pixel images.
IEEE Trans Med Imaging 1(3):192–196, 1982.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.physics._jit import jit, jit_serial, prange
from ctiqa.physics.geometry import FanBeam, Sinogram
from ctiqa.types import HuImage


def project(mu: HuImage, spacing_mm: tuple[float, float], scan: FanBeam) -> Sinogram:
    """Line integrals of an attenuation image along all rays of a fan-beam scan.

    The image centre is at the isocentre; rows run downwards, columns to the right.

    Args:
        mu: Attenuation in mm⁻¹, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        scan: Geometry.

    Returns:
        Sinogram, dimensionless, float32 [views, detectors].

    Raises:
        UsageError: If the image is not two-dimensional.

    >>> disc = np.where(np.hypot(*np.mgrid[-31.5:32, -31.5:32]) < 20, 0.02, 0).astype("float32")
    >>> scan = FanBeam.covering((64, 64), (1.0, 1.0), n_views=4)
    >>> round(float(project(disc, (1.0, 1.0), scan).max()), 1)  # 40 mm of 0.02 per mm
    0.8
    """
    if mu.ndim != 2:
        raise UsageError(f"'mu' must be [rows, cols], got shape {mu.shape}")
    sinogram = np.zeros((scan.n_views, scan.n_detectors), dtype=np.float32)
    # Rays outside the image are clamped to its border, which must therefore be zero.
    image = np.zeros(mu.shape, dtype=np.float32)
    image[1:-1, 1:-1] = mu[1:-1, 1:-1]
    _project(
        image,
        np.ascontiguousarray(image.T),
        spacing_mm[0],
        spacing_mm[1],
        scan.angles_rad,
        scan.offsets_mm,
        scan.source_to_iso_mm,
        sinogram,
    )
    return sinogram


@jit
def _project(  # noqa: PLR0917 - compiled: no keywords
    image: HuImage,
    image_t: HuImage,
    dy: float,
    dx: float,
    angles: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.float64],
    distance: float,
    out: Sinogram,
) -> None:
    rows, cols = image.shape
    for view in prange(angles.size):
        cos, sin = math.cos(angles[view]), math.sin(angles[view])
        source_x, source_y = -distance * sin, distance * cos
        for k in range(offsets.size):
            # From the focal spot through the point offsets[k] on the isocentre line.
            along_x = offsets[k] * cos - source_x
            along_y = offsets[k] * sin - source_y
            if abs(along_x) * dy >= abs(along_y) * dx:
                slope = along_y / along_x
                start = source_y + slope * (-(cols - 1) / 2 * dx - source_x)
                first = start / dy + (rows - 1) / 2
                length = dx * math.sqrt(1 + slope * slope)
                out[view, k] = length * _sum_along(image_t, first, slope * dx / dy)
            else:
                slope = along_x / along_y
                start = source_x + slope * (-(rows - 1) / 2 * dy - source_y)
                first = start / dx + (cols - 1) / 2
                length = dy * math.sqrt(1 + slope * slope)
                out[view, k] = length * _sum_along(image, first, slope * dy / dx)


@jit_serial
def _sum_along(lines: HuImage, first: float, step: float) -> np.float32:
    """Sum of linear interpolations, one per line, at ``first + i·step``."""
    width = np.uint32(lines.shape[1])
    last = np.float32(lines.shape[1] - 1.001)
    samples = lines.ravel()
    start, stride = np.float32(first), np.float32(step)
    total = np.float32(0.0)
    for i in range(lines.shape[0]):
        position = min(max(start + np.float32(i) * stride, np.float32(0)), last)
        left = np.uint32(position)
        weight = position - np.float32(left)
        index = np.uint32(i) * width + left
        total += samples[index] + weight * (samples[index + np.uint32(1)] - samples[index])
    return total
