"""Correlation after a logistic mapping of the scores to the scale of the labels.

The curve (:mod:`ctiqa.metrics.agreement.logistic`) is fitted on the validation split and evaluated
on another.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

import numpy as np

from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import MetricEstimate, estimates_of
from ctiqa.metrics.agreement.logistic import PARAMETERS, fit_logistic


@dataclass(frozen=True, slots=True)
class LogisticMapping:
    """Agreement after the logistic mapping.

    Attributes:
        plcc: Correlation after the mapping; ``None`` if there is no mapping.
        rmse: Error after the mapping, in units of the labels.
        curve: Parameters of the curve by name, in units of scores and labels.
        fitted_on: Number of examples it was fitted on.
        why_not: Why there is no mapping; empty if there is one.
    """

    plcc: MetricEstimate | None = None
    rmse: MetricEstimate | None = None
    curve: dict[str, float] = field(default_factory=dict)
    fitted_on: int = 0
    why_not: str = ""


def logistic_mapping(validation: ScoredExamples, measured: ScoredExamples) -> LogisticMapping:
    """Fit the mapping on some examples and measure it on others.

    Args:
        validation: Examples to fit on.
        measured: Examples to measure on.
    """
    score, label = validation.score, validation.label
    if len(score) < PARAMETERS or np.ptp(score) == 0 or np.ptp(label) == 0:
        return LogisticMapping(
            why_not=f"the {len(score)} validation examples do not determine a curve"
        )
    curve = fit_logistic(score, label)
    found = estimates_of(measured.rescored(curve(measured.score)), ("plcc", "rmse"))
    return LogisticMapping(found["plcc"], found["rmse"], asdict(curve), len(score))
