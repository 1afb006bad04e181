"""The quantum part of the noise: its level and power spectrum, without anatomy and streaks."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ctiqa.errors import UsageError
from ctiqa.physics.patient.blocks import block_means
from ctiqa.physics.patient.body import BodyOutline, find_body
from ctiqa.physics.patient.ramp_texture import RampTexture
from ctiqa.physics.patient.rings import Rings, ring_powers, rings_of
from ctiqa.physics.patient.tissue import Patches, patches
from ctiqa.physics.patient.typical import near_mode
from ctiqa.physics.patient.unmeasured import NotMeasurableError
from ctiqa.types import Floats, HuImage, Unmeasured

SQUARE_MM = 8.0
"""Side of the squares; smaller ones fit between structures, larger ones resolve more."""

LEAST_SIDE = 10
"""Least side of a square in pixels."""

MOST_SQUARES = 900
LEAST_SQUARES = 50
"""Squares of soft tissue that are taken, and needed."""

LEAST_UNIFORM = 25
"""Squares of typical noise without which a frequency is unknown."""

LEAST_RINGS = 3
"""Frequencies that must be known."""

FIRST_RING = 2
"""First frequency, in steps of one over the side of a square, that is not extrapolated."""

MOST_MISFIT = 1.35
"""Factor by which the power may differ from the smooth spectrum of a reconstruction."""


POINTS = 128
"""Number of frequencies of the spectrum."""

LEAST_POWER_HU2 = 1e-9
"""Power of a bin below which a square holds no noise: rounding of an image made without any."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantumNoise:
    """The quantum noise of a slice.

    Attributes:
        level_hu: Standard deviation in HU that uniform tissue would have without anything else.
        peak_per_mm: Frequency at which the power spectrum is highest, in cycles/mm.
        mean_per_mm: Mean frequency Σf·NPS(f)/Σ NPS(f) of the radial spectrum, in cycles/mm.
        frequency_per_mm: Frequencies of the spectrum in cycles/mm, float64 [n], from 0.
        power: Radial noise power spectrum in HU²·mm², float64 [n].
    """

    level_hu: float
    peak_per_mm: float
    mean_per_mm: float
    frequency_per_mm: Floats
    power: Floats


def quantum_noise(
    hu: HuImage,
    spacing_mm: tuple[float, float],
    *,
    neighbour: HuImage | None = None,
    body: BodyOutline | None = None,
) -> QuantumNoise:
    """Measure the part of the noise that falls with the square root of dose.

    Soft tissue is cut into overlapping squares of 8 mm, and the power of every frequency is the
    most frequent one among them, so vessels, organ borders and streaks count only where they lie.
    Below 1.5 cycles per square anatomy is everywhere; there the spectrum of filtered
    back-projection, f·exp(a + c·f²), fitted to the higher frequencies, is used.

    Definitions: Samei E et al. Performance evaluation of computed tomography systems: summary of
    AAPM Task Group 233. Med Phys 46(11):e735–e756, 2019. Shape of the spectrum: Riederer SJ et al.
    The noise power spectrum in computed X-ray tomography. Phys Med Biol 23(3):446–454, 1978.

    Args:
        hu: CT numbers in HU, float [rows, cols].
        spacing_mm: Pixel spacing (row, column) in mm.
        neighbour: A neighbouring slice that does not overlap, same shape. Then the difference
            divided by √2 is measured, which holds less anatomy. Slices that overlap share noise,
            and the level is too low.
        body: Outline of the body in ``hu``, if known already.

    Returns:
        The quantum noise.

    Raises:
        NotMeasurableError: With ``NO_BODY``, ``NO_TISSUE``, ``NO_UNIFORM_TISSUE`` or, for an image
            without noise, ``NO_NOISE``.
        UsageError: If the shapes differ.

    >>> noise = np.random.default_rng(0).normal(0, 12, (256, 256))
    >>> disc = np.where(np.hypot(*np.mgrid[-128:128, -128:128]) < 110, 40, -1000)
    >>> found = quantum_noise((disc + noise).astype("float32"), (0.7, 0.7))
    >>> 11 < found.level_hu < 13
    True
    """
    if neighbour is not None and neighbour.shape != hu.shape:
        raise UsageError(
            f"'neighbour' must have the shape of 'hu', {hu.shape}, got {neighbour.shape}"
        )
    body = body or find_body(hu)
    found = patches(hu, body)
    return spectrum_of(
        found if neighbour is None else _difference(found, body, neighbour), spacing_mm
    )


def spectrum_of(found: Patches, spacing_mm: tuple[float, float]) -> QuantumNoise:
    """The quantum noise of an image whose soft tissue is known.

    Raises:
        NotMeasurableError: As for :func:`quantum_noise`.
    """
    side = max(LEAST_SIDE, 2 * math.ceil(SQUARE_MM / max(spacing_mm) / 2))
    squares = found.squares(side, found.soft, MOST_SQUARES)
    if len(squares) < LEAST_SQUARES:
        raise NotMeasurableError(
            Unmeasured.NO_TISSUE,
            f"{len(squares)} squares of {SQUARE_MM:g} mm lie in soft tissue, "
            f"fewer than {LEAST_SQUARES}",
        )
    rings = rings_of(side, spacing_mm)
    measured = _typical_power(ring_powers(squares, rings)[:, FIRST_RING:])
    return _completed(measured, rings)


def _difference(found: Patches, body: BodyOutline, neighbour: HuImage) -> Patches:
    """The difference of two slices over √2, where both show soft tissue."""
    other = patches(neighbour, replace(body, mean_hu=block_means(neighbour)))
    change = (found.hu - other.hu) * np.float32(math.sqrt(0.5))
    return replace(found, hu=change, soft=found.soft & other.soft)


def _typical_power(powers: Floats) -> Floats:
    """The most frequent power at each frequency, [squares, rings] to [rings]."""
    if (powers <= LEAST_POWER_HU2).mean() > 0.5:
        raise NotMeasurableError(Unmeasured.NO_NOISE, "most of the soft tissue has no noise at all")
    near = (near_mode(ring[ring > LEAST_POWER_HU2]) for ring in powers.T)
    typical = [ring.mean() if ring.size >= LEAST_UNIFORM else math.nan for ring in near]
    if np.isfinite(typical).sum() < LEAST_RINGS:
        raise NotMeasurableError(
            Unmeasured.NO_UNIFORM_TISSUE, "too few squares of soft tissue have typical noise"
        )
    return np.array(typical)


def _completed(measured: Floats, rings: Rings) -> QuantumNoise:
    """The whole spectrum from the rings that were measured."""
    frequency, bins = rings.frequency_per_mm, rings.bins
    fast = frequency[FIRST_RING:]
    for _ in range(2):
        known = np.isfinite(measured)
        model = RampTexture.fitted(fast[known], measured[known], bins[FIRST_RING:][known])
        smooth = model.power(fast)
        measured = np.clip(measured, smooth / MOST_MISFIT, smooth * MOST_MISFIT)
    measured = np.where(known, measured, smooth)
    ratio = measured / model.blurred(fast, rings.step_per_mm)
    blurred = model.blurred(frequency[:FIRST_RING], rings.step_per_mm)
    slow = float((blurred * bins[:FIRST_RING]).sum())
    level = math.sqrt(slow + float((measured * bins[FIRST_RING:]).sum()))
    # Up to the last ring, which lies beyond the Nyquist frequency.
    fine = np.linspace(0, frequency[-2], POINTS)
    power = model.power(fine) * np.interp(fine, fast, ratio) * rings.area_mm2
    mean = float((fine * power).sum() / power.sum())
    return QuantumNoise(level, float(fine[power.argmax()]), mean, fine, power)
