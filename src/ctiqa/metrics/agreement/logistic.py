"""Four-parameter logistic mapping of scores to the scale of the labels, applied before PLCC.

A network may rank images well but use another scale. Image quality studies therefore report
Pearson's correlation after a monotone mapping: VQEG, Final report on the validation of objective
models of video quality assessment, phase I, 2000; Sheikh, Sabir, Bovik, IEEE Trans Image Process
15:3440–3451, 2006. The mapping is fitted on validation data and applied to test data, so that it
does not bias the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from ctiqa.errors import UsageError
from ctiqa.metrics.agreement.coefficients import Scores, checked_pairs
from ctiqa.types import Floats

PARAMETERS = 4

NARROWEST_RANGE = 1e-300
"""Smallest range of predictions; a fraction of a narrower one would underflow to 0."""

WIDTHS = (0.01, 10.0)
"""Smallest and largest width, in units of the range of the predictions.

The smallest is nearly a step; below it, two neighbouring examples would determine the curve. The
largest is straight to a thousandth of the range of the labels; above it, the asymptotes would
diverge while the curve stays the same.
"""

LIMITS = ((0.0, 1.0), (math.log(WIDTHS[0]), math.log(WIDTHS[1])))
"""Limits of the middle, in units of the range of the predictions, and of the log width.

With a middle outside the predictions, one asymptote would be unbounded.
"""

RUNS = 2
"""Simplex searches in a row: one may collapse at a limit, and a restart continues from there."""

STARTS = (np.linspace(0, 1, 15), np.geomspace(0.01, 3, 10))
"""Start values of middle and width, in units of the range of the predictions."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """The curve low + (high − low) / (1 + exp(−(s − middle)/width)).

    Attributes:
        low: Asymptote for low scores, on the scale of the labels.
        high: Asymptote for high scores; below ``low`` if predictions run against the labels.
        middle: Score at the steepest point.
        width: Change in score that multiplies the odds by e, > 0.

    >>> Logistic(0.0, 4.0, 2.0, 0.5)(np.array([-50.0, 2.0, 50.0])).tolist()
    [0.0, 2.0, 4.0]
    """

    low: float
    high: float
    middle: float
    width: float

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Map scores to the scale of the labels, any shape."""
        values = np.asarray(scores, dtype=np.float64)
        return self.low + (self.high - self.low) * _rise(values, self.middle, self.width)


def fit_logistic(predicted: Scores, label: Scores) -> Logistic:
    """Least-squares fit of the logistic mapping from predictions to labels.

    For a given middle and width the best asymptotes follow from linear regression, so only middle
    and width are searched (variable projection: Golub and Pereyra, SIAM J Numer Anal 10:413–432,
    1973).

    Args:
        predicted: Predicted scores [n] of validation examples, not of the test set.
        label: True scores [n] of the same examples.

    Returns:
        The curve; flat at the mean label if predictions or labels are constant.

    Raises:
        UsageError: If the two differ in length, are not finite or hold fewer than 4 pairs, one
            per parameter.

    >>> scores = np.linspace(0, 1, 50)
    >>> found = fit_logistic(scores, Logistic(0.5, 3.5, 0.4, 0.1)(scores))
    >>> [round(value, 4) for value in (found.low, found.high, found.middle, found.width)]
    [0.5, 3.5, 0.4, 0.1]
    """
    x, y = checked_pairs(predicted, label)
    if len(x) < PARAMETERS:
        raise UsageError(
            f"a curve of {PARAMETERS} parameters needs at least {PARAMETERS} examples, "
            f"got {len(x)}; give more validation examples"
        )
    least, span = float(x.min()), float(np.ptp(x))
    if span < NARROWEST_RANGE or np.ptp(y) == 0:
        return Logistic(float(y.mean()), float(y.mean()), least, 1.0)
    unit = (x - least) / span

    def squares(shape: Floats) -> float:
        rise = _rise(unit, shape[0], np.exp(shape[1]))
        low, gain = _ends(rise, y)
        return float(np.sum((low + gain * rise - y) ** 2))

    found = _best_shape(squares)
    middle, width = float(found[0]), float(np.exp(found[1]))
    low, gain = _ends(_rise(unit, middle, width), y)
    return Logistic(low, low + gain, least + middle * span, width * span)


def _best_shape(squares: Callable[[Floats], float]) -> Floats:
    """Middle and log width of the best curve, in units of the range of the predictions."""
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import

    starts = [np.array([middle, np.log(width)]) for middle, width in product(*STARTS)]
    best = min(starts, key=squares)
    for _ in range(RUNS):
        steps = (0.05 if best[0] < 0.5 else -0.05, 0.3 if best[1] < 0 else -0.3)
        # Simplex, because gradients get stuck in the valley of a steep curve between two examples.
        best = minimize(
            squares,
            best,
            method="Nelder-Mead",
            bounds=LIMITS,
            options={
                "initial_simplex": best + np.array([(0, 0), (steps[0], 0), (0, steps[1])]),
                "xatol": 1e-7,
                "fatol": 1e-14,
            },
        ).x
    return np.asarray(best)


def _ends(rise: Floats, label: Floats) -> tuple[float, float]:
    """Lower asymptote and height with the least squared error."""
    centred = rise - rise.mean()
    square = float(centred @ centred)
    gain = float(centred @ label) / square if square > 0 else 0.0
    return float(label.mean() - gain * rise.mean()), gain


def _rise(scores: Floats, middle: float, width: float) -> Floats:
    """Logistic function from 0 to 1; tanh cannot overflow."""
    return np.asarray((1 + np.tanh((scores - middle) / (2 * width))) / 2)
