"""A slice with its projections, so that all its artefacts share one forward projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.errors import UsageError
from ctiqa.physics.fbp import reconstruct
from ctiqa.physics.geometry import FanBeam, Sinogram, hu_to_mu
from ctiqa.physics.kernels import STANDARD_KERNEL, Kernel
from ctiqa.physics.projector import project
from ctiqa.physics.simulate import HU_PER_MU
from ctiqa.types import HuImage


@dataclass(frozen=True, eq=False)
class MeasuredRays:
    """A slice and its simulated projections.

    Attributes:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        kernel: Reconstruction kernel of the slice and of everything added to it.
        scan: Geometry of the projections.
        sinogram: Line integrals of the slice, dimensionless [views, detectors].

    Raises:
        UsageError: If the slice is not a finite image or the sinogram does not fit the geometry.
    """

    hu: HuImage
    spacing_mm: tuple[float, float]
    kernel: Kernel
    scan: FanBeam
    sinogram: Sinogram

    def __post_init__(self) -> None:
        rays = (self.scan.n_views, self.scan.n_detectors)
        check_rules(
            (
                self.hu.ndim == 2 and bool(np.isfinite(self.hu).all()),
                f"'hu' must be a finite image [rows, cols], got shape {self.hu.shape}; "
                "replace padding by air",
            ),
            (
                self.sinogram.shape == rays,
                f"'sinogram' must be [views, detectors] = {rays}, got {self.sinogram.shape}; "
                "make it with measure()",
            ),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Image matrix of the slice (rows, columns)."""
        return self.hu.shape[0], self.hu.shape[1]

    def image_of(self, change: Sinogram) -> HuImage:
        """Reconstruct a change of the line integrals.

        Args:
            change: Changed minus original line integrals, dimensionless [views, detectors].

        Returns:
            Change of the CT numbers in HU, float32 [rows, cols].
        """
        lines = np.asarray(change, dtype=np.float32)
        mu = reconstruct(lines, self.scan, self.shape, self.spacing_mm, self.kernel)
        return np.asarray(mu * np.float32(HU_PER_MU), dtype=np.float32)


def measure(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    kernel: Kernel = STANDARD_KERNEL,
    *,
    n_views: int = 960,
) -> MeasuredRays:
    """Forward-project a slice.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        kernel: Reconstruction kernel of the slice.
        n_views: Views over 360°.

    Returns:
        The slice with its geometry and sinogram.

    Raises:
        UsageError: If the slice is not a finite image or its field of view reaches the source.

    >>> water = np.zeros((32, 32), dtype=np.float32)
    >>> measure(water, (1.0, 1.0), n_views=8).sinogram.shape
    (8, 56)
    """
    rows, cols = hu.shape if hu.ndim == 2 else (1, 1)
    scan = FanBeam.covering((rows, cols), spacing_mm, n_views=n_views)
    if hu.ndim != 2:
        raise UsageError(f"'hu' must be [rows, cols], got shape {hu.shape}; take one slice")
    return MeasuredRays(hu, spacing_mm, kernel, scan, project(hu_to_mu(hu), spacing_mm, scan))


def check_rules(*rules: tuple[bool, str]) -> None:
    """Check parameters, reporting all broken rules at once.

    Args:
        rules: For each rule, whether it holds and its message (rule, value, remedy).

    Raises:
        UsageError: If a rule does not hold.

    >>> check_rules((True, "fine"))
    """
    broken = [text for holds, text in rules if not holds]
    if broken:
        raise UsageError("; ".join(broken))
