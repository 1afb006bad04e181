"""Scores as printed: rounding never moves a number across the border of its word."""

from __future__ import annotations

import math

from ctiqa.score.verdict import word


def shown(score: float) -> str:
    """A score with one decimal, or with two just below the border of the next word.

    The words belong to scores, with borders at 0.5, 1.5, 2.5 and 3.5. One decimal would print 2.473
    as 2.5, which is good, although the score is fair. There, two decimals are printed, cut and not
    rounded, so that the number as printed always has the word of the score. The error is below
    0.01 there and at most 0.05 elsewhere.

    Args:
        score: From 0 to 4.

    >>> shown(2.44), shown(2.473), shown(2.4999), shown(2.5)
    ('2.4', '2.47', '2.49', '2.5')
    """
    score = float(score)
    one_decimal = f"{score:.1f}"
    if word(float(one_decimal)) == word(score):
        return one_decimal
    return f"{math.floor(100 * score) / 100:.2f}"
