"""Dose reserve: the dose at which the score falls to a target, from two kinds of noise.

Quantum noise grows as dose falls; structure, streaks and blur, which equivalent noise also counts,
do not.
"""

from __future__ import annotations

import math

from ctiqa.errors import UsageError
from ctiqa.noise_scale import noise_of_score, score_of_noise
from ctiqa.types import SCORE_RANGE

GOOD = 3.0
"""The score called good, the usual target."""


def dose_reserve(
    equivalent_noise_hu: float, quantum_noise_hu: float, target: float = GOOD
) -> float | None:
    """The dose at which the score of a slice falls to a target, as a fraction of its own dose.

    At dose d the equivalent noise is √(E² + Q²·(1/d − 1)): Brooks RA, Di Chiro G. Statistical
    limitations in x-ray reconstructive tomography. Med Phys 3(4):237–240, 1976. The dose is the one
    at which this reaches the equivalent noise of the target.

    Q is measured in soft tissue, E counts the noise of the whole body. No factor is needed between
    them: on slices with noise inserted in the projections, E grows as Q does (``python -m
    tools.validate_dose``).

    Args:
        equivalent_noise_hu: Equivalent noise E of the slice in HU, > 0.
        quantum_noise_hu: Quantum noise Q of the slice in HU, > 0. It is part of E; a larger value
            is a measurement error and counts as E.
        target: Score; the scale may be continued beyond 0 and 4.

    Returns:
        Dose fraction, > 0. 0.09 means that 9 % of the dose suffices; above 1, more dose is needed.
        ``None`` if no dose reaches the target, because what does not depend on dose is too much.

    Raises:
        UsageError: If an argument is out of range.

    >>> round(dose_reserve(8.0, 7.0), 3)
    0.076
    >>> round(dose_reserve(40.0, 38.0), 2)
    2.89
    >>> dose_reserve(40.0, 20.0) is None
    True
    """
    fixed, quantum = _variances(equivalent_noise_hu, quantum_noise_hu)
    if not math.isfinite(target):
        raise UsageError(f"'target' must be a score, got {target:g}")
    left = noise_of_score(target) ** 2 - fixed
    return quantum / left if left > 0 else None


def score_at_dose(equivalent_noise_hu: float, quantum_noise_hu: float, dose: float) -> float:
    """The score of a slice at another dose, clipped to 0–4.

    The inverse of :func:`dose_reserve`.

    Args:
        equivalent_noise_hu: Equivalent noise of the slice in HU, > 0.
        quantum_noise_hu: Quantum noise of the slice in HU, > 0; clipped to the equivalent noise.
        dose: Fraction of the dose of the slice, > 0; above 1 for more dose.

    Returns:
        Score, 0–4.

    Raises:
        UsageError: If an argument is out of range.

    >>> score_at_dose(8.0, 7.0, 1.0)
    4.0
    >>> round(score_at_dose(8.0, 7.0, dose_reserve(8.0, 7.0)), 6)
    3.0
    """
    fixed, quantum = _variances(equivalent_noise_hu, quantum_noise_hu)
    if not (dose > 0 and math.isfinite(dose)):
        raise UsageError(f"'dose' must be > 0, a fraction of the dose of the slice, got {dose:g}")
    score = score_of_noise(math.sqrt(fixed + quantum / dose))
    return min(max(score, SCORE_RANGE[0]), SCORE_RANGE[1])


def _variances(equivalent_noise_hu: float, quantum_noise_hu: float) -> tuple[float, float]:
    """The part of the equivalent variance that does not depend on dose, and the part that does."""
    for name, value in (
        ("equivalent_noise_hu", equivalent_noise_hu),
        ("quantum_noise_hu", quantum_noise_hu),
    ):
        if not (value > 0 and math.isfinite(value)):
            raise UsageError(f"'{name}' must be > 0 HU, got {value:g}")
    quantum = min(quantum_noise_hu, equivalent_noise_hu) ** 2
    return equivalent_noise_hu**2 - quantum, quantum
