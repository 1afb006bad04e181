"""Sharpness of a slice from the edge between air and skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.skin import skin_profiles
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Floats, HuImage, Unmeasured

SHARPEST = 0.3
"""Share of the profiles that count: skin that is oblique to the slice looks blurred."""

LEAST_PROFILES = 40
"""Number of profiles that must count."""

OUTSIDE_MM, INSIDE_MM = 5.0, 1.5
"""Part of the edge that is averaged, on either side."""

AIR_MM = 3.0
"""Distance from the skin beyond which there is only air."""

REACH_MM = 4.0
"""Half width of the line spread function; it is tapered from half of it on."""

BIN_MM = 0.1
"""Step of the edge spread function."""

LEAST_SAMPLED = 0.8
"""Share of the steps of the edge spread function that must have been sampled."""

PEAK_BINS = 4
"""The edge is steepest within so many bins of its position, which is known from the profiles."""

MOST_NOISE_HU = 25.0
"""Noise of the air above which the edge is too uncertain."""

STEP_PER_MM = 0.01
"""Step of the frequencies in cycles/mm."""

HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class EdgeSharpness:
    """Sharpness in the plane of a slice.

    Attributes:
        f50_per_mm: Frequency at which the modulation transfer function is 0.5, in cycles/mm.
        frequency_per_mm: Frequencies in cycles/mm, from 0 to the Nyquist frequency, float64 [n].
        mtf: Modulation transfer function, dimensionless, 1 at frequency 0, float64 [n].
        profiles: Number of profiles across the skin that were averaged.
    """

    f50_per_mm: float
    frequency_per_mm: Floats
    mtf: Floats
    profiles: int


def edge_sharpness(
    hu: HuImage, spacing_mm: tuple[float, float], *, body: BodyOutline | None = None
) -> EdgeSharpness:
    """Measure the modulation transfer function at the skin.

    Rows and columns that cross smooth skin next to clean air are aligned at their edge, to a
    fraction of a pixel, and averaged to a finely sampled edge spread function. Only its outer half
    is used: inside, skin, fat and muscle are layers of their own. Of all profiles the sharpest 30 %
    count, by the mean width of 17 neighbours, because a thick slice blurs skin that is oblique to
    it.

    Sanders J, Hurwitz L, Samei E. Patient-specific quantification of image quality: an automated
    method for measuring spatial resolution in clinical CT images. Med Phys 43(10):5330–5338, 2016.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        body: Outline of the body, if known already.

    Returns:
        The sharpness.

    Raises:
        NotMeasurableError: With ``NO_BODY``, or with ``NO_EDGE`` if too little smooth skin borders
            on air.

    >>> from scipy.special import erf
    >>> inside_mm = 0.7 * (100 - np.hypot(*np.mgrid[-128:128, -128:128]))
    >>> blurred = 520 * erf(inside_mm / (0.6 * 2**0.5)) - 480  # σ = 0.6 mm
    >>> f50 = edge_sharpness(blurred.astype("float32"), (0.7, 0.7)).f50_per_mm
    >>> 0.30 < f50 < 0.33  # 0.187 / 0.6 mm
    True
    """
    found = skin_profiles(hu, spacing_mm, body or find_body(hu))
    count = int(SHARPEST * found.width_mm.size)
    if count < LEAST_PROFILES:
        raise NotMeasurableError(
            Unmeasured.NO_EDGE,
            f"{found.width_mm.size} profiles cross smooth skin that borders on air, "
            f"fewer than {LEAST_PROFILES / SHARPEST:.0f}",
        )
    sharp = np.argpartition(found.width_mm, count - 1)[:count]
    _check_noise(found.hu[sharp][found.distance_mm[sharp] < -AIR_MM])
    spread = _half_line_spread(_edge_spread(found.distance_mm[sharp], found.hu[sharp]))
    frequency = np.arange(0, HALF / min(spacing_mm), STEP_PER_MM)
    mtf = _transfer(spread, frequency)
    return EdgeSharpness(_first_half(frequency, mtf), frequency, mtf, count)


def _check_noise(air_hu: HuImage) -> None:
    # A wire or a fold of cloth in the air does not count.
    noise = 1.4826 * float(np.median(np.abs(air_hu - np.median(air_hu))))
    if noise > MOST_NOISE_HU:
        raise NotMeasurableError(
            Unmeasured.NO_EDGE,
            f"the air has {noise:.0f} HU of noise, more than {MOST_NOISE_HU:.0f} HU",
        )


def _edge_spread(distance_mm: Floats, hu: HuImage) -> Floats:
    """Mean CT number at distances from -OUTSIDE_MM to INSIDE_MM in steps of BIN_MM."""
    bins = round((OUTSIDE_MM + INSIDE_MM) / BIN_MM)
    index = np.floor((distance_mm + OUTSIDE_MM) / BIN_MM).astype(np.intp)
    # All others are counted in one more bin at the end, which is dropped.
    index[(index < 0) | (index > bins)] = bins
    count = np.bincount(index.ravel(), minlength=bins + 1)[:bins]
    total = np.bincount(index.ravel(), hu.ravel(), minlength=bins + 1)[:bins]
    known = np.flatnonzero(count)
    if known.size < LEAST_SAMPLED * bins:
        raise NotMeasurableError(
            Unmeasured.NO_EDGE, "the skin runs along the pixels, which sample the edge too coarsely"
        )
    return np.interp(np.arange(bins), known, total[known] / count[known])


def _half_line_spread(edge: Floats) -> Floats:
    """Line spread from its peak outwards into the air, in steps of BIN_MM."""
    slope = np.diff(edge)
    position = np.arange(slope.size, dtype=np.float64)
    smooth = np.convolve(slope, np.ones(5) / 5, mode="same")
    origin = round(OUTSIDE_MM / BIN_MM)
    first = origin - PEAK_BINS
    top = first + int(smooth[first : origin + PEAK_BINS].argmax())
    # A parabola through the upper part of the peak, as wide as it is on the side of the air.
    width = max(2, int((smooth[:top][::-1] < 0.6 * smooth[top]).argmax()))
    part = slice(top - width, top + width + 1)
    curve = np.polyfit(position[part], slope[part], 2)
    peak = -curve[1] / (2 * curve[0]) if curve[0] < 0 else top
    peak = float(np.clip(peak, first, origin + PEAK_BINS))
    return np.interp(peak - np.arange(REACH_MM / BIN_MM), position, slope)


def _transfer(spread: Floats, frequency_per_mm: Floats) -> Floats:
    """Modulus of the transform of a symmetric line spread of which one half is given."""
    distance = np.arange(spread.size) * BIN_MM
    taper = np.clip(2 - 2 * distance / REACH_MM, 0, 1)
    weight = spread * (1 - np.cos(np.pi * taper))
    weight[0] /= 2
    waves = np.cos(2 * np.pi * frequency_per_mm[:, None] * distance)
    # Averaging in bins and taking differences blurs by one bin each.
    blur = np.sinc(frequency_per_mm * BIN_MM) ** 2
    return np.asarray(np.abs(waves @ weight) / (weight.sum() * blur))


def _first_half(frequency_per_mm: Floats, mtf: Floats) -> float:
    """Frequency at which the transfer function first falls to one half."""
    below = np.flatnonzero(mtf < HALF)
    if below.size == 0:
        raise NotMeasurableError(Unmeasured.NO_EDGE, "the edge is sharper than the pixels resolve")
    ends = [int(below[0]), int(below[0]) - 1]
    return float(np.interp(HALF, mtf[ends], frequency_per_mm[ends]))
