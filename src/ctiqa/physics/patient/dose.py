"""Dose for the size of the patient, and quality per dose."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ctiqa.errors import UsageError
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Unmeasured


@dataclass(frozen=True, slots=True)
class _Conversion:
    """Fit f = a·exp(−b·D) of AAPM Report 204 for one phantom, D in cm."""

    a: float
    b_per_cm: float
    range_cm: tuple[float, float]


CONVERSIONS = {
    32: _Conversion(3.704369, 0.03671937, (8.0, 45.0)),
    16: _Conversion(1.874799, 0.03871313, (6.0, 55.0)),
}
"""By diameter in cm of the phantom of CTDIvol; tables 1D and 2D are reproduced within 0.005."""


def size_specific_dose(ctdivol_mgy: float, phantom_cm: float | None, diameter_mm: float) -> float:
    """Size-specific dose estimate (SSDE) of a trunk.

    SSDE = a·exp(−b·D)·CTDIvol. The factor depends on the phantom that CTDIvol refers to: a wrong
    phantom gives about twice, or half, the dose.

    AAPM Task Group 204. Size-specific dose estimates (SSDE) in pediatric and adult body CT
    examinations. Report 204, 2011; with the water-equivalent diameter, Report 220, 2014. Not for
    heads (Report 293).

    Args:
        ctdivol_mgy: CTDIvol in mGy, > 0.
        phantom_cm: Diameter of its phantom in cm, 16 or 32; ``None`` if not stated.
        diameter_mm: Water-equivalent or effective diameter in mm; 80–450 for the phantom of
            32 cm, 60–550 for that of 16 cm.

    Returns:
        SSDE in mGy.

    Raises:
        NotMeasurableError: With ``PHANTOM_UNKNOWN`` or ``SIZE_OUT_OF_RANGE``.
        UsageError: If CTDIvol is not positive, or the phantom is another one.

    >>> round(size_specific_dose(10.0, 32, 240.0), 1)
    15.3
    """
    if not (ctdivol_mgy > 0 and math.isfinite(ctdivol_mgy)):
        raise UsageError(f"'ctdivol_mgy' must be > 0, got {ctdivol_mgy:g}")
    if phantom_cm is None:
        raise NotMeasurableError(
            Unmeasured.PHANTOM_UNKNOWN, "the file does not state the phantom of CTDIvol"
        )
    if phantom_cm not in CONVERSIONS:
        raise UsageError(f"'phantom_cm' must be 16 or 32, got {phantom_cm:g}")
    fit = CONVERSIONS[int(phantom_cm)]
    low, high = fit.range_cm
    if not low <= diameter_mm / 10 <= high:
        raise NotMeasurableError(
            Unmeasured.SIZE_OUT_OF_RANGE,
            f"the diameter must be {low:g}–{high:g} cm for the phantom of {phantom_cm:g} cm, "
            f"got {diameter_mm / 10:.1f} cm",
        )
    return fit.a * math.exp(-fit.b_per_cm * diameter_mm / 10) * ctdivol_mgy


def figure_of_merit(noise_hu: float, ctdivol_mgy: float) -> float:
    """Quality per dose, 1/(noise²·CTDIvol).

    Quantum noise falls with the square root of dose, so the figure does not depend on dose, only
    on how well the scanner and the reconstruction use it. Compare it at the same size of patient,
    slice thickness and sharpness: smoothing raises it without any gain.

    Noise² ∝ 1/dose: Brooks RA, Di Chiro G. Statistical limitations in x-ray reconstructive
    tomography. Med Phys 3(4):237–240, 1976.

    Args:
        noise_hu: Noise in HU, > 0.
        ctdivol_mgy: CTDIvol in mGy, > 0.

    Returns:
        Figure of merit in HU⁻²·mGy⁻¹.

    Raises:
        UsageError: If a value is not positive.

    >>> figure_of_merit(10.0, 5.0)
    0.002
    """
    for name, value in (("noise_hu", noise_hu), ("ctdivol_mgy", ctdivol_mgy)):
        if not (value > 0 and math.isfinite(value)):
            raise UsageError(f"'{name}' must be > 0, got {value:g}")
    return 1 / (noise_hu**2 * ctdivol_mgy)
