"""The scale of the scores as a scale of noise: two physical anchors and a logarithm between them.

On the scale of LDCTIQAC2023 a routine abdomen with about 16 HU of noise is still excellent, and the
same slice with about 105 HU is useless. *Equivalent noise* is the plain noise, the slice's own
included, that would make a slice as bad as it is, whatever is wrong with it.
"""

from __future__ import annotations

import math

from ctiqa.types import SCORE_RANGE

EXCELLENT_NOISE_HU = 16.0
USELESS_NOISE_HU = 105.0
"""Equivalent noise at which the scale reaches 4 and 0."""

LEAST_NOISE_HU = 0.5
"""Less noise than this counts as so much."""

_SPAN = math.log(USELESS_NOISE_HU / EXCELLENT_NOISE_HU)

LOG_NOISE_PER_GRADE = _SPAN / SCORE_RANGE[1]
"""Change of the logarithm of the equivalent noise per grade."""


def score_of_noise(noise_hu: float) -> float:
    """Score for an equivalent noise in HU, open at both ends; falls by 2.1 per factor e.

    >>> score_of_noise(16.0), round(score_of_noise(105.0), 6)
    (4.0, 0.0)
    """
    return SCORE_RANGE[1] * math.log(USELESS_NOISE_HU / max(noise_hu, LEAST_NOISE_HU)) / _SPAN


def noise_of_score(score: float) -> float:
    """Equivalent noise in HU for a score, the inverse of :func:`score_of_noise`.

    >>> round(noise_of_score(4.0), 6), round(noise_of_score(score_of_noise(30.0)), 6)
    (16.0, 30.0)
    """
    return USELESS_NOISE_HU * math.exp(-score * _SPAN / SCORE_RANGE[1])
