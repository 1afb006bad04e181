"""Inter-reader agreement: the agreement of the readers who gave the labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.statistics import METRIC_NAMES, SEED, MetricEstimate, unit_of
from ctiqa.metrics.agreement.readers import inter_reader_agreement

COLUMN = "reader_scores"
"""Column of a manifest with the score of every reader."""


@dataclass(frozen=True, slots=True)
class InterReaderEstimates:
    """Each reader against the mean of the others, averaged over the readers.

    Attributes:
        readers: Number of readers per example.
        estimates: All metrics, in units of the labels.
        pairwise_kappa: Weighted kappa averaged over all pairs of readers.
    """

    readers: int
    estimates: Mapping[str, MetricEstimate]
    pairwise_kappa: float


def inter_reader_estimates(labelled: Labelled) -> InterReaderEstimates | None:
    """Inter-reader agreement; ``None`` unless every example has as many readers, 2 or more.

    If a manifest does not identify the readers, the first score of every example is assigned to
    the first reader, and so on. If readers are interchangeable, the mean over them is the same.

    Args:
        labelled: The examples.
    """
    table = labelled.examples.table
    if COLUMN not in table.columns or labelled.patients < 2:
        return None
    given = [row or [] for row in table[COLUMN].to_list()]
    counts = {len(row) for row in given}
    if len(counts) > 1 or min(counts) < 2 or any(None in row for row in given):
        return None
    scale = labelled.scale
    grades = scale.grades(np.array(given, dtype=np.float64).T)
    found = inter_reader_agreement(grades, labelled.patient, np.random.default_rng(SEED))
    estimates = {}
    for name in METRIC_NAMES:
        unit, mean = unit_of(name, scale), found.mean[name]
        estimates[name] = MetricEstimate(unit * mean.value, (unit * mean.low, unit * mean.high))
    return InterReaderEstimates(len(grades), estimates, found.pairwise_kappa)
