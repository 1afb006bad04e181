"""The four-parameter logistic that puts scores on the scale of the labels before PLCC is taken.

A network may order images well and use another scale; studies of image quality therefore report
Pearson's correlation after a monotone mapping: VQEG, Final report on the validation of objective
models of video quality assessment, phase I, 2000; Sheikh, Sabir, Bovik, IEEE Trans Image Process
15:3440–3451, 2006. Fitted on validation and applied to test, it cannot flatter.
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
"""Range of predictions that counts as none: a share of it would be 0."""

WIDTHS = (0.01, 10.0)
"""Narrowest and widest curve, in ranges of the predictions.

The narrowest is nearly a step; in a narrower one two neighbouring examples would decide alone. The
widest is straight to a thousandth of the range of the labels; in a wider one the ends would run to
infinity and the curve stay the same.
"""

LIMITS = ((0.0, 1.0), (math.log(WIDTHS[0]), math.log(WIDTHS[1])))
"""Of the middle, in ranges of the predictions, and of the logarithm of the width.

A middle outside the predictions would leave one end to chance, without bound.
"""

RUNS = 2
"""A simplex may fold up at a limit; a second one from there would go on."""

STARTS = (np.linspace(0, 1, 15), np.geomspace(0.01, 3, 10))
"""Middles and widths that are tried first, in ranges of the predictions."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """The curve low + (high − low) / (1 + exp(−(s − middle)/width)).

    Attributes:
        low: Where it comes from as scores fall.
        high: Where it goes to as scores rise; below ``low`` where predictions run against labels.
        middle: Score of its steepest point.
        width: Distance in which the odds grow by e, above 0.

    >>> Logistic(0.0, 4.0, 2.0, 0.5)(np.array([-50.0, 2.0, 50.0])).tolist()
    [0.0, 2.0, 4.0]
    """

    low: float
    high: float
    middle: float
    width: float

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Scores on the scale of the labels, any shape."""
        values = np.asarray(scores, dtype=np.float64)
        return self.low + (self.high - self.low) * _rise(values, self.middle, self.width)


def fit_logistic(predicted: Scores, label: Scores) -> Logistic:
    """The curve with the least squared error between mapped predictions and labels.

    Whatever middle and width, the best ends follow by linear regression, so only these two are
    searched (variable projection: Golub and Pereyra, SIAM J Numer Anal 10:413–432, 1973).

    Args:
        predicted: Predicted scores [n] of examples that nothing is measured on (validation).
        label: True scores [n] of the same.

    Returns:
        The curve; where predictions or labels are all alike, flat at the mean label.

    Raises:
        UsageError: If the two differ in length, are not finite or hold fewer than 4 pairs, one
            for every parameter.

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
    """Middle and logarithm of the width, in ranges of the predictions, of the best curve."""
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import

    starts = [np.array([middle, np.log(width)]) for middle, width in product(*STARTS)]
    best = min(starts, key=squares)
    for _ in range(RUNS):
        steps = (0.05 if best[0] < 0.5 else -0.05, 0.3 if best[1] < 0 else -0.3)
        # By the simplex: the valley of a steep curve between two examples stops gradients half-way.
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
    """Low end, and high less low end, with the least squared error."""
    centred = rise - rise.mean()
    square = float(centred @ centred)
    gain = float(centred @ label) / square if square > 0 else 0.0
    return float(label.mean() - gain * rise.mean()), gain


def _rise(scores: Floats, middle: float, width: float) -> Floats:
    """From 0 to 1; the hyperbolic tangent has no overflow."""
    return np.asarray((1 + np.tanh((scores - middle) / (2 * width))) / 2)
