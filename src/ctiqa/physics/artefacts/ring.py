"""Ring artefacts: detector columns with a wrong gain in every view.

Barrett JF, Keat N. Artifacts in CT: recognition and avoidance.
RadioGraphics 24(6):1679–1691, 2004.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ctiqa.physics.artefacts.measured import MeasuredRays, check_rules
from ctiqa.physics.geometry import FanBeam
from ctiqa.types import HuImage


@dataclass(frozen=True, slots=True)
class GainError:
    """Detector columns with a gain error.

    The ring is centred on the isocentre with radius |s|·D/√(D² + s²), where s is the offset and D
    the distance from focal spot to isocentre; this is slightly less than the offset.

    Attributes:
        offset_mm: Detector position in mm at the isocentre, negative to the left.
        gain_percent: Error of the measured intensity in per cent, in (−100, 100); positive
            values give a dark ring.
        width_mm: Full width of a smooth band in mm, ≥ 0; 0 affects only the nearest column.

    Raises:
        UsageError: If a parameter is out of range; the message names all of them.
    """

    offset_mm: float
    gain_percent: float
    width_mm: float = 0.0

    def __post_init__(self) -> None:
        check_rules(
            (math.isfinite(self.offset_mm), f"'offset_mm' must be finite, got {self.offset_mm}"),
            (
                -100 < self.gain_percent < 100,
                f"'gain_percent' must be in (-100, 100), got {self.gain_percent}; "
                "real detectors stay within a few per cent",
            ),
            (0 <= self.width_mm < math.inf, f"'width_mm' must be >= 0, got {self.width_mm}"),
        )


def gain_error_lines(scan: FanBeam, errors: Sequence[GainError]) -> npt.NDArray[np.float64]:
    """Change of the line integrals in every view by gain errors, −ln(1 + g).

    Args:
        scan: Geometry.
        errors: Gain errors; overlapping gains multiply.

    Returns:
        Change of the line integral, dimensionless [detectors].

    Raises:
        UsageError: If an error lies outside the detector.

    >>> scan = FanBeam(n_views=1, n_detectors=4, pitch_mm=1.0)
    >>> gain_error_lines(scan, [GainError(offset_mm=0.4, gain_percent=1.0)]).round(5).tolist()
    [0.0, 0.0, -0.00995, 0.0]
    """
    offsets, half = scan.offsets_mm, scan.pitch_mm / 2
    low, high = offsets[0] - half, offsets[-1] + half
    check_rules(
        *(
            (
                low <= each.offset_mm <= high,
                f"'offset_mm' must lie on the detector, {low:.1f} to {high:.1f} mm, "
                f"got {each.offset_mm}",
            )
            for each in errors
        )
    )
    lines = np.zeros(scan.n_detectors)
    for each in errors:
        distance = np.abs(offsets - each.offset_mm)
        if each.width_mm:
            share = np.cos(np.pi * np.minimum(distance / each.width_mm, 0.5)) ** 2
        else:
            share = (np.arange(scan.n_detectors) == distance.argmin()).astype(np.float64)
        lines -= np.log1p(each.gain_percent / 100 * share)
    return lines


def ring(measured: MeasuredRays, errors: Sequence[GainError]) -> HuImage:
    """Ring artefact of gain errors: rings and bands around the isocentre.

    Args:
        measured: The slice; only its geometry and kernel are used.
        errors: Gain errors.

    Returns:
        Artefact to add to the slice, in HU, float32 [rows, cols]; zero outside the reconstruction
        circle.

    Raises:
        UsageError: If an error lies outside the detector.

    >>> from ctiqa.physics import measure
    >>> air = measure(np.full((16, 16), -1000, np.float32), (4.0, 4.0), n_views=8)
    >>> bool(ring(air, [GainError(offset_mm=8.0, gain_percent=-1.0)]).any())
    True
    """
    lines = gain_error_lines(measured.scan, errors).astype(np.float32)
    return measured.image_of(np.tile(lines, (measured.scan.n_views, 1)))
