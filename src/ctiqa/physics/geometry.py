"""Fan-beam geometry, and conversion between HU and attenuation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, hypot, sqrt

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.types import HuImage

MU_WATER_PER_MM = 0.0193
"""Linear attenuation of water at 70 keV in mm⁻¹ (NIST XCOM), the mean energy of 120 kVp."""

Sinogram = npt.NDArray[np.float32]
"""Line integrals of attenuation, dimensionless, float32, axis order [views, detectors]."""


def hu_to_mu(hu: HuImage) -> HuImage:
    """Convert CT numbers in HU to attenuation in mm⁻¹: µ = µ_w·(1 + HU/1000), at least 0.

    Args:
        hu: CT numbers in HU, any shape.

    Returns:
        Attenuation in mm⁻¹, float32, same shape.

    >>> hu_to_mu(np.float32([-1000, 0])).round(4).tolist()
    [0.0, 0.019300000742077827]
    """
    relative = 1.0 + np.asarray(hu, dtype=np.float32) / 1000.0
    return np.asarray(MU_WATER_PER_MM * np.maximum(relative, 0.0), dtype=np.float32)


def mu_to_hu(mu: HuImage) -> HuImage:
    """Convert attenuation in mm⁻¹ to CT numbers in HU.

    Args:
        mu: Attenuation in mm⁻¹, any shape.

    Returns:
        CT numbers in HU, float32, same shape.

    >>> float(mu_to_hu(np.float32(MU_WATER_PER_MM)))
    0.0
    """
    return (1000.0 * (np.asarray(mu) / MU_WATER_PER_MM - 1.0)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class FanBeam:
    """A full 360° fan-beam scan with a flat detector, described at the isocentre.

    Attributes:
        n_views: Views over 360°, ≥ 1.
        n_detectors: Detector columns, ≥ 1.
        pitch_mm: Detector spacing scaled to the isocentre, in mm.
        source_to_iso_mm: Distance from focal spot to isocentre, in mm.

    Raises:
        UsageError: If a count or length is not positive.

    >>> FanBeam.covering((512, 512), (0.7, 0.7), n_views=1000).n_detectors
    630
    """

    n_views: int
    n_detectors: int
    pitch_mm: float = 0.6
    source_to_iso_mm: float = 595.0

    def __post_init__(self) -> None:
        for name in ("n_views", "n_detectors", "pitch_mm", "source_to_iso_mm"):
            value = getattr(self, name)
            if not value > 0:
                raise UsageError(f"'{name}' must be > 0, got {value!r}")

    @classmethod
    def covering(
        cls,
        shape: tuple[int, int],
        spacing_mm: tuple[float, float],
        *,
        n_views: int,
        pitch_mm: float = 0.6,
        source_to_iso_mm: float = 595.0,
    ) -> FanBeam:
        """The scan whose fan just covers the reconstruction circle of an image.

        Args:
            shape: Image matrix (rows, columns).
            spacing_mm: Pixel spacing (row, column) in mm.
            n_views: Views over 360°.
            pitch_mm: Detector spacing at the isocentre in mm.
            source_to_iso_mm: Focal spot to isocentre in mm.

        Raises:
            UsageError: If the circle reaches the source.
        """
        radius = max(shape[0] * spacing_mm[0], shape[1] * spacing_mm[1]) / 2
        if radius >= 0.95 * source_to_iso_mm:
            raise UsageError(
                f"the field of view must be < {1.9 * source_to_iso_mm:.0f} mm wide, "
                f"got {2 * radius:.0f} mm; check 'spacing_mm'"
            )
        half_width = source_to_iso_mm * radius / sqrt(source_to_iso_mm**2 - radius**2)
        n_detectors = 2 * ceil(half_width / pitch_mm) + 2
        return cls(n_views, n_detectors, pitch_mm, source_to_iso_mm)

    def every(self, step: int) -> FanBeam:
        """This scan with only every ``step``-th view.

        Raises:
            UsageError: If ``step`` does not divide the number of views.
        """
        if step < 1 or self.n_views % step:
            raise UsageError(f"'step' must divide the {self.n_views} views, got {step}")
        return replace(self, n_views=self.n_views // step)

    @property
    def angles_rad(self) -> npt.NDArray[np.float64]:
        """Angle of each view in radians, [views], evenly spaced over 2π from 0."""
        views = np.arange(self.n_views, dtype=np.float64)
        return np.asarray(views * (2.0 * np.pi / self.n_views))

    @property
    def offsets_mm(self) -> npt.NDArray[np.float64]:
        """Detector positions at the isocentre in mm, [detectors], with quarter-detector offset."""
        centre = (self.n_detectors - 1) / 2 - 0.25
        detectors = np.arange(self.n_detectors, dtype=np.float64)
        return np.asarray((detectors - centre) * self.pitch_mm)

    def ray_length(self) -> npt.NDArray[np.float64]:
        """Source-to-detector distance of each ray at the isocentre plane, in mm, [detectors]."""
        return np.array([hypot(self.source_to_iso_mm, float(s)) for s in self.offsets_mm])
