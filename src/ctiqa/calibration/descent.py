"""Least squares: the parameters of a form, for many choices of cases at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.forms import evaluate
from ctiqa.types import Floats

Rows = npt.NDArray[np.bool_]
"""Which cases are used [cases], or [fits, cases]."""

STEEPEST = np.log(10.0)
"""Largest logarithm of a slope, and smallest with the sign changed."""

ROUNDS = 40
"""Most steps of a fit; ten are usual."""

TINY = 1e-9
"""Keeps steps finite where no case depends on a parameter."""

CLOSE = 1e-6
"""Smallest step of a fit; a smaller one ends it."""


def descend(cases: Cases, form: str, rows: Rows, start: Floats) -> Floats:
    """Penalised least squares for several choices of cases at once.

    Damped Gauss-Newton steps: Marquardt, J Soc Ind Appl Math 11:431–441, 1963.

    Args:
        cases: The cases.
        form: Name of the form.
        rows: Cases to use in each fit [fits, cases].
        start: Start values [fits, parameters].

    Returns:
        Parameters [fits, parameters].
    """
    if not start.shape[1]:
        return start
    at, damping = start, np.full(len(rows), 1e-3)
    cost, eye = cost_of(cases, form, rows, start), np.eye(start.shape[1])
    for _ in range(ROUNDS):
        scores, slopes = evaluate(cases, form, at)
        weighted, (extra, rise) = slopes * rows[:, :, None], _extra_case(at)
        pull = np.einsum("fnk,fn->fk", weighted, cases.target - scores) - extra * rise
        bend = np.einsum("fnk,fnl->fkl", weighted, slopes)
        steep = np.einsum("fkk->fk", bend) + rise**2
        bend = bend + ((damping[:, None] * steep) + rise**2 + TINY)[:, :, None] * eye
        step = np.linalg.solve(bend, pull[:, :, None])[:, :, 0]
        tried = at + step
        tried[:, 1:] = np.clip(tried[:, 1:], -STEEPEST, STEEPEST)
        found = cost_of(cases, form, rows, tried)
        better = found < cost
        at, cost = np.where(better[:, None], tried, at), np.where(better, found, cost)
        damping = np.where(better, damping / 3, damping * 4)
        if float(np.abs(step).max()) < CLOSE:
            break
    return at


def cost_of(cases: Cases, form: str, rows: Rows, parameters: Floats) -> Floats:
    """Sum of squares plus penalty of each fit."""
    scores = evaluate(cases, form, parameters)[0]
    squares = np.sum(rows * (scores - cases.target) ** 2, axis=1)
    return np.asarray(squares + np.sum(_extra_case(parameters)[0] ** 2, axis=1))


def _extra_case(parameters: Floats) -> tuple[Floats, Floats]:
    """What keeps slopes near 1: for each, one more case a grade from the middle, with slope 1.

    Returns:
        Error of that case by each parameter, and its derivative [fits, parameters]; 0 for the
        shift.
    """
    slopes = np.exp(parameters)
    slopes[:, :1] = 0
    return np.where(slopes > 0, slopes - 1, 0), slopes
