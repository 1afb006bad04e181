"""Image preparation of the three published systems: mixing doses, rounding, scaling.

Functions affected by a published defect take a mode. ``"as-published"`` reproduces the text or code
of the authors, including mistakes; ``"corrected"`` implements what they intended.

Sources:
    DistilIQA: Baldeon-Calisto M, et al. Comput Biol Med 177:108670, 2024, and its public code.
    Shen: Shen J, Zhang H, Liu Y. Modeling and Simulation 14(3):186–198, 2025.
    TFKT: Rifa KR, Ahamed MA, Zhang J, Imran A. SPIE Medical Imaging, 2025, and its public code.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.physics import NoiseModel, simulate_low_dose
from ctiqa.recipe.data import Mode
from ctiqa.types import HuImage

PUBLISHED_LOW_DOSE = 0.10
"""Dose at which the code of DistilIQA returns the low-dose image itself: that of chest scans."""

PUBLISHED_CONSTANT = 3.0
"""1/0.25 − 1: the code of DistilIQA assumes quarter dose for every low-dose image."""

SHEN_LOW_DOSE = 0.25
"""Dose of the images to which Shen adds Poisson noise.

The paper does not state it. It describes 50 % and 75 % as "between normal and low dose", following
its reference 17 (Haque, Noise2Quality, 2022), which uses quarter-dose images.
"""

SHEN_NOISE = NoiseModel(photons=2.0e5, electronic_variance=0.0)
"""Photons per ray at normal dose, pure Poisson noise; the paper states no number."""


def noise_share(dose: float, low_dose: float, mode: Mode = "corrected") -> float:
    """Share of the difference between low and full dose that gives the noise of another dose.

    Noise variance is proportional to 1/dose. Relative to the full-dose variance, dose D adds
    (1/D − 1) and low dose L adds (1/L − 1); the share is the square root of the ratio. The
    published constant 3 is correct only for L = 0.25. At L = 0.1 the share is √3 too high, so
    that an image labelled 50 % has the noise of 25 %.

    Args:
        dose: Dose fraction D; in [low_dose, 1] if corrected, in (0, 1] as published.
        low_dose: Dose fraction L of the low-dose image, in (0, 1); not used as published.
        mode: Constant 3, or 1/L − 1.

    Returns:
        Share, ≥ 0: 0 is the full-dose, 1 the low-dose image.

    Raises:
        UsageError: If a dose is out of range.

    >>> noise_share(0.5, 0.1), round(noise_share(0.5, 0.1, "as-published"), 4)
    (0.3333333333333333, 0.5774)
    """
    if not 0 < low_dose < 1:
        raise UsageError(f"'low_dose' must be in (0, 1), a fraction of full dose, got {low_dose:g}")
    least = low_dose if mode == "corrected" else 0.0
    if not (least <= dose <= 1 and dose > 0):
        raise UsageError(
            f"'dose' must be in [{least:g}, 1] and > 0, a fraction of full dose, got {dose:g}"
        )
    constant = 1 / low_dose - 1 if mode == "corrected" else PUBLISHED_CONSTANT
    return math.sqrt((1 / dose - 1) / constant)


def mix_doses(
    full: HuImage, low: HuImage, dose: float, *, low_dose: float, mode: Mode = "corrected"
) -> HuImage:
    """Interpolate the dose of a slice between full and low dose.

    I_D = I_full + share·(I_low − I_full), with :func:`noise_share`. DistilIQA after Noise2Quality
    (Haque A, Wang A, Imran A, 2022); also used for the 50 % and 75 % of Shen.

    Args:
        full: The slice at full dose in HU, float32 [rows, cols].
        low: The same slice at low dose, same shape.
        dose: Dose fraction of the result, see :func:`noise_share`.
        low_dose: Dose fraction of ``low``: 0.1 for the chests and 0.25 for the abdomens of
            LDCT-and-Projection-data.
        mode: See :func:`noise_share`. As published, dose 0.1 is ``low`` itself.

    Returns:
        CT numbers in HU, float32 [rows, cols]: exactly ``full`` for dose 1 and, if corrected,
        exactly ``low`` for its dose. Not rounded, see :func:`whole_hu`.

    Raises:
        UsageError: If the shapes differ or a dose is out of range.

    >>> full, low = np.float32([[40]]), np.float32([[70]])
    >>> mix_doses(full, low, 0.5, low_dose=0.1).tolist()
    [[50.0]]
    """
    if full.shape != low.shape:
        raise UsageError(
            f"'low' must have the shape of 'full', {full.shape}, got {low.shape}; "
            "pair slices by series and instance"
        )
    share = noise_share(dose, low_dose, mode)
    given = low_dose if mode == "corrected" else PUBLISHED_LOW_DOSE
    if dose in (1.0, given):
        return (full if dose == 1 else low).astype(np.float32)
    # In double precision like the authors, because truncation would expose rounding errors.
    base = full.astype(np.float64)
    return (base + share * (low - base)).astype(np.float32)


def whole_hu(hu: HuImage, mode: Mode = "corrected") -> npt.NDArray[np.int32]:
    """Convert CT numbers to whole HU, as stored.

    ``astype(int32)`` in DistilIQA truncates towards zero: tissue denser than water loses 0.5 HU on
    average, fat and lung gain 0.5 HU, and the error variance is 1/3 instead of 1/12 HU².

    Args:
        hu: CT numbers in HU, any shape.
        mode: Truncate (as published) or round (corrected).

    Returns:
        Whole CT numbers in HU, int32, same shape.

    >>> whole_hu(np.float32([1.7, -1.7]), "as-published").tolist()
    [1, -1]
    >>> whole_hu(np.float32([1.7, -1.7])).tolist()
    [2, -2]
    """
    rounded = hu if mode == "as-published" else np.rint(hu)
    return np.asarray(rounded).astype(np.int32)


def shen_low_dose(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    rng: np.random.Generator,
    *,
    dose: float = SHEN_LOW_DOSE,
    model: NoiseModel = SHEN_NOISE,
    n_views: int = 1000,
) -> HuImage:
    """Simulate the low-dose partner of a normal-dose slice by Poisson noise in the projections.

    The paper of Shen only says that Poisson noise is inserted, not where, how much or at which
    dose. There is therefore one variant, with explicit parameters and no mode. The Poisson
    distribution is approximated by a normal one (:mod:`ctiqa.physics.noise`). Intermediate doses
    come from :func:`mix_doses` with ``low_dose=dose``; at quarter dose both its modes agree.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        rng: Random generator for the noise.
        dose: Dose fraction in (0, 1].
        model: Photons per ray at normal dose, electronic noise, kernel.
        n_views: Views over 360°.

    Returns:
        CT numbers in HU, float32 [rows, cols].

    Raises:
        UsageError: If a parameter is out of range.
    """
    return simulate_low_dose(hu, spacing_mm, dose, rng, model=model, n_views=n_views)


def unit_range(hu: HuImage, mode: Mode = "corrected") -> HuImage:
    """Scale an image to brightness in [0, 1], the input of the TFKT network.

    The code of TFKT scales each image from its own minimum to its own maximum. A single metal clip
    or padding value then changes the contrast of the whole image, and equal tissue differs in
    brightness between slices. Corrected, every slice is scaled by the fixed range −1000…400 HU of
    the LDCTIQAC2023 pixels; for slices that fill this range both modes agree.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        mode: Minimum to maximum of this image (as published) or the fixed range (corrected).

    Returns:
        Brightness in [0, 1], float32, same shape.

    Raises:
        UsageError: If all pixels are equal, a division by zero in the published mode.

    >>> hu = np.float32([[-1000, 50, 400]])
    >>> np.array_equal(unit_range(hu), unit_range(hu, "as-published"))
    True
    """
    if mode == "corrected":
        return apply_window(hu, WINDOWS["challenge"])
    low, high = np.float32(hu.min()), np.float32(hu.max())
    if not high > low:
        raise UsageError(
            f"'hu' must hold different values to be stretched, got {low:g} throughout; "
            "use the corrected mode or leave the slice out"
        )
    return np.asarray((hu - low) / (high - low), dtype=np.float32)
