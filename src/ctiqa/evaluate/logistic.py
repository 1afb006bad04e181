"""Correlation after scores are put on the scale of the labels by a logistic curve.

A model may order images well and use another scale; the quality community therefore reports
Pearson's correlation after a monotone mapping. Sheikh HR, Sabir MF, Bovik AC. IEEE Trans Image
Process 15:3440–3451, 2006; the four-parameter form: VQEG, Final report, phase I, 2000. Fitted on
other examples than it is measured on, it cannot flatter.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np

from ctiqa.evaluate.figures import Figure, figures_of
from ctiqa.evaluate.resampled import Pairs
from ctiqa.evaluate.scale import Floats

PARAMETERS = 4
LEAST_SLOPE = 1e-6


@dataclass(frozen=True, slots=True)
class Mapped:
    """Agreement of mapped scores.

    Attributes:
        plcc: Correlation after the mapping; ``None`` where there is no mapping.
        rmse: Error after the mapping, in units of the labels.
        parameters: Lower end, upper end, middle and slope of the curve.
        fitted_on: Examples that it was fitted on.
        why_not: Why there is no mapping; empty where there is one.
    """

    plcc: Figure | None = None
    rmse: Figure | None = None
    parameters: tuple[float, ...] = ()
    fitted_on: int = 0
    why_not: str = ""


def mapped_plcc(score: Floats, label: Floats, measured: Pairs) -> Mapped:
    """Fit the mapping on some examples and measure it on others.

    Args:
        score: Scores to fit on [m].
        label: Their labels [m].
        measured: What is measured.
    """
    parameters = fit_logistic(score, label)
    if parameters is None:
        return Mapped(why_not=f"the {len(score)} validation examples do not determine a curve")
    mapped = replace(measured, score=logistic(measured.score, *parameters))
    found = figures_of(mapped, ("plcc", "rmse"))
    return Mapped(found["plcc"], found["rmse"], parameters, len(score))


def logistic(x: Floats, low: float, high: float, middle: float, slope: float) -> Floats:
    """The curve low + (high − low) / (1 + exp(−(x − middle)/|slope|)).

    >>> logistic(np.array([2.0]), 0.0, 4.0, 2.0, 1.0).tolist()
    [2.0]
    """
    return np.asarray(low + (high - low) * _share(x, middle, slope))


def _share(x: Floats, middle: float, slope: float) -> Floats:
    """How far up the curve is, 0 to 1."""
    inner = -(x - middle) / max(abs(slope), LEAST_SLOPE)
    return np.asarray(1 / (1 + np.exp(np.clip(inner, -700, 700))))


def _gradient(x: Floats, low: float, high: float, middle: float, slope: float) -> Floats:
    """Derivatives by the four parameters [n, 4]."""
    share, width = _share(x, middle, slope), max(abs(slope), LEAST_SLOPE)
    steep = (high - low) * share * (1 - share) / width
    by_slope = -steep * (x - middle) / width * np.sign(slope)
    return np.column_stack([1 - share, share, -steep, by_slope])


def fit_logistic(score: Floats, label: Floats) -> tuple[float, ...] | None:
    """Parameters that fit best; ``None`` where scores or labels are constant or too few."""
    from scipy import optimize  # noqa: PLC0415 - slow to import

    if len(score) <= PARAMETERS or np.ptp(score) == 0 or np.ptp(label) == 0:
        return None
    start = (label.min(), label.max(), float(np.median(score)), float(score.std()))
    try:
        with warnings.catch_warnings():
            # Straight relations leave the ends of the curve undetermined, which does no harm.
            warnings.simplefilter("ignore", optimize.OptimizeWarning)
            found, _ = optimize.curve_fit(
                logistic, score, label, p0=start, jac=_gradient, maxfev=20_000
            )
    except RuntimeError:
        return None
    return tuple(float(value) for value in found)
