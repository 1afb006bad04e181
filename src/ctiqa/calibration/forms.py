"""The forms that a map may have, from none to three parameters."""

from __future__ import annotations

import numpy as np

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.curve import Curve
from ctiqa.types import SCORE_RANGE, Floats

FORMS: dict[str, tuple[tuple[float, ...], ...]] = {
    "identity": ((), (), ()),
    "shift": ((1.0,), (0.0,), (0.0,)),
    "line": ((1.0, 0.0), (0.0, 1.0), (0.0, 1.0)),
    "bent": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
"""Forms of the map, simplest first: how their parameters set the three of the general form, which
are the shift at the middle of the cases, and the logarithms of the slopes below and above it."""

DECIMALS = 6
"""Decimals of the knots."""


def evaluate(cases: Cases, form: str, parameters: Floats) -> tuple[Floats, Floats]:
    """Scores of all cases by several maps, and their derivatives by the parameters.

    Args:
        cases: The cases.
        form: Name of the form.
        parameters: [fits, parameters].

    Returns:
        Scores [fits, cases] and derivatives [fits, cases, parameters].
    """
    shift, low, high = _parts(cases, form, parameters)
    values = cases.middle + shift + low + high
    inside = (values > SCORE_RANGE[0]) & (values < SCORE_RANGE[1])
    parts = [cases.means(part * inside) for part in (np.ones_like(values), low, high)]
    slopes = np.stack(parts, axis=-1) @ np.array(FORMS[form])
    return cases.means(np.clip(values, *SCORE_RANGE)), np.asarray(slopes)


def values_of(cases: Cases, form: str, parameters: Floats) -> Floats:
    """Scores of all slices by several maps, not clipped [fits, slices]."""
    return np.asarray(cases.middle + sum(_parts(cases, form, parameters)))


def _parts(cases: Cases, form: str, parameters: Floats) -> tuple[Floats, Floats, Floats]:
    """What the shift, and the slopes below and above the middle, add to the middle.

    Returns:
        [fits, 1], [fits, slices] and [fits, slices].
    """
    shift, below, above = (parameters @ np.array(FORMS[form]).T)[:, :, None].transpose(1, 0, 2)
    from_middle = cases.open_scores - cases.middle
    low = np.exp(below) * np.minimum(from_middle, 0)
    return shift, low, np.exp(above) * np.maximum(from_middle, 0)


def curve_of(form: str, parameters: Floats, middle: float) -> Curve:
    """The map as knots: the ends of the scale, or a grade on both sides of the middle."""
    if form == "identity":
        return Curve(SCORE_RANGE, SCORE_RANGE)
    shift, below, above = np.array(FORMS[form]) @ parameters
    at = middle + shift
    knots = {-1.0: at - np.exp(below), 0.0: at, 1.0: at + np.exp(above)}
    if form != "bent":
        del knots[0.0]
    return Curve(
        tuple(round(middle + offset, DECIMALS) for offset in knots),
        tuple(round(float(value), DECIMALS) for value in knots.values()),
    )
