"""Pixels as the three published systems make and prepare them: mixed, rounded, scaled.

Every function that a published defect touches takes a mode. ``"as-published"`` does what the
authors' text or code does, mistakes included; ``"corrected"`` does what they meant.

Sources:
    DistilIQA: Baldeon-Calisto M, et al. Comput Biol Med 177:108670, 2024, and its public code.
    Shen: Shen J, Zhang H, Liu Y. Modeling and Simulation 14(3):186–198, 2025.
    TFKT: Rifa KR, Ahamed MA, Zhang J, Imran A. SPIE Medical Imaging, 2025, and its public code.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.hu import WINDOWS, apply_window
from ctiqa.physics import NoiseModel, simulate_low_dose
from ctiqa.types import HuImage

MixMode = Literal["as-published", "corrected"]
"""Which of the two: the authors' arithmetic, or what it should have been."""

PUBLISHED_LOW_DOSE = 0.10
"""Dose for which DistilIQA's code returns the low-dose image itself: that of the chests."""

PUBLISHED_CONSTANT = 3.0
"""1/0.25 − 1: DistilIQA's code takes the low dose for a quarter, whatever it is."""

SHEN_LOW_DOSE = 0.25
"""Dose of the images that Shen inserts Poisson noise into.

The paper names none; 50 % and 75 % "between normal and low dose" after its reference 17 (Haque,
Noise2Quality, 2022), which has quarter-dose images, leave this one.
"""

SHEN_NOISE = NoiseModel(photons=2.0e5, electronic_variance=0.0)
"""Photons a ray at normal dose, and pure Poisson noise; the paper states no number."""


def noise_share(dose: float, low_dose: float, mode: MixMode = "corrected") -> float:
    """How much of the difference between low and full dose gives the noise of another dose.

    Noise variance goes with 1/dose, and the full-dose image has its own. What is added at dose D
    is (1/D − 1) of that, at low dose L it is (1/L − 1); the share is the root of the ratio. The
    published constant 3 is right for L = 0.25 alone: at L = 0.1 the share is √3 too high, so
    that an image said to be 50 % has the noise of 25 %.

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
    full: HuImage, low: HuImage, dose: float, *, low_dose: float, mode: MixMode = "corrected"
) -> HuImage:
    """The slice at a dose between those of a pair, from the pair's difference.

    I_D = I_full + share·(I_low − I_full), with :func:`noise_share`. DistilIQA after Noise2Quality
    (Haque A, Wang A, Imran A, 2022); Shen's 50 % and 75 % too.

    Args:
        full: The slice at full dose in HU, float32 [rows, cols].
        low: The same slice at low dose, same shape.
        dose: Dose fraction to make, see :func:`noise_share`.
        low_dose: Dose fraction of ``low``: 0.1 for the chests and 0.25 for the abdomens of
            LDCT-and-Projection-data.
        mode: See :func:`noise_share`. As published, dose 0.1 is ``low`` itself.

    Returns:
        CT numbers in HU, float32 [rows, cols]: exactly ``full`` for dose 1 and, if corrected,
        exactly ``low`` for its dose. Not yet whole numbers, see :func:`whole_hu`.

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
    # In double precision like the authors, whose truncation would show a rounding error.
    base = full.astype(np.float64)
    return (base + share * (low - base)).astype(np.float32)


def whole_hu(hu: HuImage, mode: MixMode = "corrected") -> npt.NDArray[np.int32]:
    """CT numbers as they are saved, in whole HU.

    DistilIQA's ``astype(int32)`` cuts the fraction off, towards zero: tissue above water loses
    0.5 HU on average, fat and lung gain 0.5 HU, and the error's variance is 1/3 instead of 1/12
    HU².

    Args:
        hu: CT numbers in HU, any shape.
        mode: Cut off as published, or rounded.

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
    """The low-dose partner of a normal-dose slice, by Poisson noise in the projections.

    Shen's paper says only that Poisson noise is inserted; where, how much and at which dose is
    open, so there is one form of this, with the parameters in sight. The Poisson law is taken in
    its normal limit (:mod:`ctiqa.physics.noise`). The doses between come from
    :func:`mix_doses` with ``low_dose=dose``; at a quarter dose both its modes agree.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        rng: Draws the noise.
        dose: Dose fraction in (0, 1].
        model: Photons a ray at normal dose, electronic noise, kernel.
        n_views: Views over 360°.

    Returns:
        CT numbers in HU, float32 [rows, cols].

    Raises:
        UsageError: If a parameter is out of range.
    """
    return simulate_low_dose(hu, spacing_mm, dose, rng, model=model, n_views=n_views)


def unit_range(hu: HuImage, mode: MixMode = "corrected") -> HuImage:
    """Brightness in [0, 1] as TFKT's network takes it.

    TFKT's code stretches every image from its own minimum to its own maximum. One metal clip or
    one padding value then changes the contrast of everything else, and equal tissue is not
    equally bright in two slices. Corrected, every slice is shown in the fixed range −1000…400 HU
    in which LDCTIQAC2023 stores its pixels; for slices that fill it the two are the same.

    Args:
        hu: CT numbers in HU, float32 [rows, cols].
        mode: Minimum to maximum of this image, or the fixed range.

    Returns:
        Brightness in [0, 1], float32, same shape.

    Raises:
        UsageError: If all pixels are equal, which as published is a division by zero.

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
