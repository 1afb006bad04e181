"""Whether the noise of a slice is that of a reconstruction, or a filter has changed it.

A reconstruction kernel is linear: noise stays Gaussian, and fine noise is the same beside an edge
and far from it. Filters that spare edges (median, bilateral, non-local means, total variation,
wavelets, networks) remove noise where the image is flat and leave it where there is structure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.quantum import (
    FIRST_RING,
    LEAST_POWER_HU2,
    LEAST_SIDE,
    LEAST_SQUARES,
    MOST_SQUARES,
    SQUARE_MM,
    spectrum_of,
)
from ctiqa.physics.patient.rings import ring_powers, rings_of
from ctiqa.physics.patient.size import water_equivalent_diameter
from ctiqa.physics.patient.tissue import Patches, patches
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Floats, HuImage, Unmeasured

LARGEST_PIXEL_MM = 1.2
"""Larger pixels (PET/CT, radiotherapy) do not resolve fine noise."""

QUIET_SHARE = 0.75
"""Share of the squares that is used, those with the least variation: they hold least structure."""

LEAST_KURTOSIS = 2.1
"""Limit of the kurtosis before its logarithm is taken; that of rounded constants is lower."""

MOST_IRREGULAR = 1.15
"""Irregularity that 99 % of unfiltered slices do not exceed (``tools/validate_gate.py``)."""

QUIETEST_HU = 3.0
"""Least quantum noise in a trunk of 30 cm of water; the quietest of 67 patients had 6.7 HU."""

REFERENCE_MM = 300.0
NOISE_PER_MM = 0.0095
"""Quantum noise grows by exp(µ·d/2) with the diameter d; µ of water is 0.19/cm at 70 keV."""

SMALLEST_MM = 120.0
"""Diameter that is assumed where the body is cut off, so that nobody is wronged."""


@dataclass(frozen=True, slots=True)
class NoiseTexture:
    """How regular the fine noise of soft tissue is.

    Attributes:
        kurtosis: Kurtosis of what differs from the mean of the four neighbours, the median over
            squares of 8 mm; 3 for Gaussian noise.
        coupling: Slope of the logarithm of fine over that of coarse variation, over these squares:
            0 if fine noise does not depend on structure.
    """

    kurtosis: float
    coupling: float

    @property
    def irregularity(self) -> float:
        """ln(kurtosis - 2) + 2·coupling: 0 for Gaussian noise alone, about 0.7 with anatomy.

        >>> NoiseTexture(3.0, 0.0).irregularity
        0.0
        """
        return math.log(max(self.kurtosis, LEAST_KURTOSIS) - 2) + 2 * self.coupling


def is_filtered(
    hu: HuImage, spacing_mm: tuple[float, float], *, body: BodyOutline | None = None
) -> bool:
    """Whether a slice is smoother than the texture of its noise allows.

    So it is if its fine noise is more irregular than that of unfiltered slices, if it holds less
    noise than any dose explains in a body of this size, or no noise at all. A linear filter, such
    as a Gaussian, cannot be told from a softer kernel. Nor can vendors' gentle denoising, mixed
    with the unfiltered image.

    Kurtosis of fine detail with and without noise: Zoran D, Weiss Y. ICCV 2009:2209–2216.
    Noise and diameter: Brooks RA, Di Chiro G. Med Phys 3(4):237–240, 1976.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm; up to 1.2 mm.
        body: Outline of the body in ``hu``, if known already.

    Returns:
        Whether it was filtered; False where that cannot be measured.

    >>> from scipy.ndimage import gaussian_filter
    >>> noise = np.random.default_rng(0).normal(0, 12, (256, 256))
    >>> disc = np.where(np.hypot(*np.mgrid[-128:128, -128:128]) < 110, 40, -1000)
    >>> smooth = np.where(abs(noise) > 20, noise, gaussian_filter(noise, 1))
    >>> [is_filtered((disc + n).astype("float32"), (1.0, 1.0)) for n in (noise, smooth)]
    [False, True]
    """
    try:
        outline = body or find_body(hu)
        found = patches(hu, outline)
        if noise_texture(found, spacing_mm).irregularity > MOST_IRREGULAR:
            return True
        return is_too_quiet(
            spectrum_of(found, spacing_mm).level_hu, _diameter(hu, spacing_mm, outline)
        )
    except NotMeasurableError as error:
        return error.reason is Unmeasured.NO_NOISE


def is_too_quiet(quantum_noise_hu: float, diameter_mm: float | None) -> bool:
    """Whether a body of this size would need more dose for so little noise than any scan has.

    Args:
        quantum_noise_hu: Quantum noise in HU.
        diameter_mm: Water-equivalent diameter in mm; ``None`` if unknown.

    >>> is_too_quiet(2.0, 320.0), is_too_quiet(2.0, 160.0), is_too_quiet(8.0, 320.0)
    (True, False, False)
    """
    diameter = SMALLEST_MM if diameter_mm is None else diameter_mm
    least = QUIETEST_HU * math.exp(NOISE_PER_MM * (diameter - REFERENCE_MM))
    return quantum_noise_hu < least


def noise_texture(found: Patches, spacing_mm: tuple[float, float]) -> NoiseTexture:
    """Measure how regular the fine noise is in an image whose soft tissue is known.

    Raises:
        NotMeasurableError: With ``NO_SPACING`` if the pixels are larger than 1.2 mm, with
            ``NO_TISSUE`` or, for an image without noise, ``NO_NOISE``.
    """
    if max(spacing_mm) > LARGEST_PIXEL_MM:
        raise NotMeasurableError(
            Unmeasured.NO_SPACING, f"pixels must be at most {LARGEST_PIXEL_MM:g} mm"
        )
    side = max(LEAST_SIDE, 2 * math.ceil(SQUARE_MM / max(spacing_mm) / 2))
    squares = found.squares(side, found.soft, MOST_SQUARES)
    if len(squares) < LEAST_SQUARES:
        raise NotMeasurableError(Unmeasured.NO_TISSUE, "too little soft tissue")
    coarse, fine = _variation(squares, spacing_mm)
    noisy = np.minimum(coarse, fine) > LEAST_POWER_HU2
    if noisy.mean() < 0.5:
        raise NotMeasurableError(Unmeasured.NO_NOISE, "most of the soft tissue has no noise at all")
    quiet = noisy & (coarse + fine <= np.quantile((coarse + fine)[noisy], QUIET_SHARE))
    coupling = np.polyfit(np.log(coarse[quiet]), np.log(fine[quiet]), 1)[0]
    return NoiseTexture(_kurtosis(squares[quiet]), float(coupling))


def _variation(squares: HuImage, spacing_mm: tuple[float, float]) -> tuple[Floats, Floats]:
    """Variance of every square below and above half of the Nyquist frequency, without the mean."""
    rings = rings_of(squares.shape[1], spacing_mm)
    variance = ring_powers(squares, rings) * rings.bins
    middle = len(rings.bins) // 2
    return variance[:, FIRST_RING:middle].sum(axis=1), variance[:, middle:].sum(axis=1)


def _kurtosis(squares: HuImage) -> float:
    """Median kurtosis of what differs from the mean of the four neighbours."""
    inner = squares[:, 1:-1, 1:-1]
    across = squares[:, 1:-1, :-2] + squares[:, 1:-1, 2:]
    down = squares[:, :-2, 1:-1] + squares[:, 2:, 1:-1]
    second = (inner - (across + down) / 4) ** 2
    variance = second.mean(axis=(1, 2))
    known = variance > LEAST_POWER_HU2
    fourth = (second[known] ** 2).mean(axis=(1, 2))
    return float(np.median(fourth / variance[known] ** 2))


def _diameter(hu: HuImage, spacing_mm: tuple[float, float], body: BodyOutline) -> float | None:
    try:
        return water_equivalent_diameter(hu, spacing_mm, body=body)
    except NotMeasurableError:
        return None
