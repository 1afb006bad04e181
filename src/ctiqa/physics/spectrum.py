"""Polychromatic beams: beam hardening by water, bone and metal, and the water correction.

Mass attenuation from Hubbell JH, Seltzer SM. Tables of X-Ray Mass Attenuation Coefficients,
NISTIR 5632, 1995 (version 1.4, 2004). Spectrum from SpekPy 2.5 (Poludniowski G et al., Med Phys
48(7):3630–3637, 2021): 120 kV, 8° anode, 7 mm aluminium, energy-integrating detector.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.physics.geometry import MU_WATER_PER_MM
from ctiqa.types import Floats

ENERGIES_KEV = (40.0, 60.0, 80.0, 100.0)
"""Mean energies of the bins: below 50, 50–70, 70–90 and above 90 keV."""

DETECTED_SHARE = np.array([0.202, 0.408, 0.224, 0.166])
"""Share of the unattenuated signal in each bin, dimensionless, sum 1."""

WATER_PER_MM = np.array([0.02683, 0.02059, 0.01837, 0.01707])
"""Attenuation of water in mm⁻¹ at each energy."""

BONE_PER_MM = np.array([0.12778, 0.06044, 0.04280, 0.03562])
"""Attenuation of cortical bone (ICRU-44, 1.92 g/cm³) in mm⁻¹ at each energy."""

METALS_PER_MM = {
    "titanium": np.array([1.0052, 0.3478, 0.1840, 0.1235]),
    "steel": np.array([3.047, 1.013, 0.4985, 0.3093]),
    "cobalt_chrome": np.array([3.490, 1.157, 0.5633, 0.3446]),
    "amalgam": np.array([16.1, 5.50, 2.57, 3.64]),
}
"""Attenuation of implants in mm⁻¹ at each energy.

By weight: titanium (4.54 g/cm³); 316L, 65.5 % Fe, 17 % Cr, 12 % Ni, 2.5 % Mo, 2 % Mn, 1 % Si (8.0);
ASTM F75, 66 % Co, 28 % Cr, 6 % Mo (8.3); dental amalgam, 50 % Hg, 34 % Ag, 10 % Sn, 6 % Cu (11.0).
"""

_WATER_LINES = np.arange(-2.0, 100.0, 0.01)


def effective_per_mm(per_mm: Floats, behind_water_mm: float = 200.0) -> float:
    """Attenuation of a thin object inside a patient in a water-corrected image.

    Args:
        per_mm: Attenuation of the material at each energy in mm⁻¹ [energies].
        behind_water_mm: Water path of the ray in mm; 200 is an average path through the trunk.

    Returns:
        Attenuation in mm⁻¹, scaled so that water has its value at 70 keV.

    >>> round(effective_per_mm(WATER_PER_MM), 4), round(effective_per_mm(BONE_PER_MM), 4)
    (0.0193, 0.0515)
    """
    left = DETECTED_SHARE * np.exp(-WATER_PER_MM * behind_water_mm)
    return float(MU_WATER_PER_MM * (left @ per_mm) / (left @ WATER_PER_MM))


def hardened_lines(
    water_lines: npt.NDArray[np.floating], length_mm: npt.NDArray[np.floating], per_mm: Floats
) -> Floats:
    """Line integrals measured by a polychromatic beam through water and one other material.

    −ln Σ wᵢ·exp(−µᵢ(water)·t − µᵢ·L), where t is the path in water.

    Args:
        water_lines: Line integrals of the water at the reference energy, dimensionless.
        length_mm: Paths in the other material in mm, same shape.
        per_mm: Attenuation of the other material at each energy in mm⁻¹ [energies].

    Returns:
        Measured line integrals before any correction, same shape.

    >>> thin, thick = hardened_lines(np.array([2.0, 4.0]), np.zeros(2), BONE_PER_MM)
    >>> bool(thick < 2 * thin)
    True
    """
    path_mm = np.asarray(water_lines, dtype=np.float64) / MU_WATER_PER_MM
    length = np.asarray(length_mm, dtype=np.float64)
    depths = [w * path_mm + m * length for w, m in zip(WATER_PER_MM, per_mm, strict=True)]
    # Relative to the most penetrating bin, because thick metal would otherwise give log 0.
    least = np.minimum.reduce(depths)
    parts = (s * np.exp(least - d) for s, d in zip(DETECTED_SHARE, depths, strict=True))
    return np.asarray(least - np.log(sum(parts)), dtype=np.float64)


def water_corrected(lines: npt.NDArray[np.floating]) -> Floats:
    """Line integrals after the water correction of every scanner, which treats all tissue as water.

    Herman GT. Correction for beam hardening in computed tomography. Phys Med Biol 24(1), 1979.

    Args:
        lines: Measured line integrals, dimensionless, any shape; above about 88 they saturate.

    Returns:
        Line integrals at the reference energy, same shape.

    >>> raw = hardened_lines(np.array([1.0, 6.0]), np.zeros(2), BONE_PER_MM)
    >>> water_corrected(raw).round(4).tolist()
    [1.0, 6.0]
    """
    table = hardened_lines(_WATER_LINES, np.zeros_like(_WATER_LINES), WATER_PER_MM)
    return np.asarray(np.interp(lines, table, _WATER_LINES))
