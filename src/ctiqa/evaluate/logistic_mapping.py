"""Correlation after scores are put on the scale of the labels by a logistic curve.

The curve (:mod:`ctiqa.metrics.agreement.logistic`) is fitted on the validation split and measured
on another.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

import numpy as np

from ctiqa.evaluate.statistics import Figure, Pairs, figures_of
from ctiqa.metrics.agreement.logistic import PARAMETERS, fit_logistic
from ctiqa.types import Floats


@dataclass(frozen=True, slots=True)
class Mapped:
    """Agreement of mapped scores.

    Attributes:
        plcc: Correlation after the mapping; ``None`` where there is no mapping.
        rmse: Error after the mapping, in units of the labels.
        curve: Parameters of the curve by name, in units of scores and labels.
        fitted_on: Examples that it was fitted on.
        why_not: Why there is no mapping; empty where there is one.
    """

    plcc: Figure | None = None
    rmse: Figure | None = None
    curve: dict[str, float] = field(default_factory=dict)
    fitted_on: int = 0
    why_not: str = ""


def mapped_plcc(score: Floats, label: Floats, measured: Pairs) -> Mapped:
    """Fit the mapping on some examples and measure it on others.

    Args:
        score: Scores to fit on [m].
        label: Their labels [m].
        measured: What is measured.
    """
    if len(score) < PARAMETERS or np.ptp(score) == 0 or np.ptp(label) == 0:
        return Mapped(why_not=f"the {len(score)} validation examples do not determine a curve")
    curve = fit_logistic(score, label)
    found = figures_of(replace(measured, score=curve(measured.score)), ("plcc", "rmse"))
    return Mapped(found["plcc"], found["rmse"], asdict(curve), len(score))
