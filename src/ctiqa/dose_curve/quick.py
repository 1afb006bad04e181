"""The quick estimate of a dose reserve, and how accurate it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ctiqa.cards import NoiseRule
from ctiqa.dose_curve.crossing import Interval
from ctiqa.dose_curve.result import Reserve
from ctiqa.noise_scale import noise_of_score, score_of_noise
from ctiqa.physics.reserve import dose_reserve, score_at_dose
from ctiqa.types import Floats

NOISE_ERROR = 0.2
"""Relative error of the quantum noise as the growth of the equivalent noise, in nine of ten slices
(``python -m tools.validate_dose``)."""


def quick_scores(noise_hu: float, quantum_hu: float, doses: Sequence[float]) -> Floats:
    """Score at every dose by :func:`ctiqa.physics.reserve.score_at_dose`."""
    return np.array([score_at_dose(noise_hu, quantum_hu, dose) for dose in doses])


def quick_reserve(
    noise_hu: float, quantum_hu: float, target: float, rule: NoiseRule | None
) -> Reserve:
    """Dose reserve from the equivalent noise and the quantum noise of a slice.

    The interval adds two errors in quadrature on a logarithmic axis of dose: that of the quantum
    noise, which may be more than the model sees at full dose, and that of the equivalent noise at
    the lower dose.

    Args:
        noise_hu: Equivalent noise in HU.
        quantum_hu: Quantum noise in HU.
        target: Score that is to be reached.
        rule: Accuracy of the equivalent noise; ``None`` if the model does not state it.

    >>> found = quick_reserve(8.0, 7.0, 3.0, None)
    >>> found.interval[0] < found.dose < found.interval[1]
    True
    """
    dose = _reserve(noise_hu, quantum_hu, target)
    factor = 1 + NOISE_ERROR
    quieter, louder = quantum_hu / factor, quantum_hu * factor
    least = max(noise_hu, louder)
    pairs = [sorted((_reserve(noise_hu, quieter, target), _reserve(least, louder, target)))]
    if rule is not None:
        wanted = noise_of_score(target)
        factor = rule.factor()
        targets = [score_of_noise(wanted * each) for each in (factor, 1 / factor)]
        pairs.append([_reserve(noise_hu, quantum_hu, each) for each in targets])
    return Reserve(dose, _joined(dose, pairs))


def _reserve(noise_hu: float, quantum_hu: float, target: float) -> float:
    found = dose_reserve(noise_hu, quantum_hu, target)
    return math.inf if found is None else found


def _joined(dose: float, pairs: Sequence[Sequence[float]]) -> Interval:
    """The interval from those that each error alone would give."""
    lows, highs = zip(*pairs, strict=True)
    if math.isinf(dose):
        return min(lows), dose
    down, up = (math.hypot(*(math.log(end / dose) for end in ends)) for ends in (lows, highs))
    return dose * math.exp(-down), dose * math.exp(up)
