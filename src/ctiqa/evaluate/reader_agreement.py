"""How far the readers behind the labels agree with each other, beside the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ctiqa.evaluate.dataset import Labelled
from ctiqa.evaluate.statistics import ALL, SEED, MetricEstimate, unit_of
from ctiqa.metrics.agreement.readers import inter_reader_agreement

COLUMN = "reader_scores"
"""Column of a manifest with the score of every reader."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Each reader against the mean of the others, averaged over the readers.

    Attributes:
        readers: Readers of every example.
        estimates: All metrics, in units of the labels.
        pairwise_kappa: Weighted kappa averaged over all pairs of readers.
    """

    readers: int
    estimates: Mapping[str, MetricEstimate]
    pairwise_kappa: float


def readers_of(labelled: Labelled) -> Readers | None:
    """Agreement of the readers; ``None`` unless all examples have the same number, 2 or more.

    Where a manifest does not say who is who, the first score of every example is taken for the
    first reader's: with readers that are alike the mean over them is the same.

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
    for name in ALL:
        unit, mean = unit_of(name, scale), found.mean[name]
        estimates[name] = MetricEstimate(unit * mean.value, (unit * mean.low, unit * mean.high))
    return Readers(len(grades), estimates, found.pairwise_kappa)
