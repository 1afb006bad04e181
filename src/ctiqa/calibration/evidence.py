"""Agreement of the model with the readers before and after calibration, and among the readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ctiqa.calibration.readings import Readings
from ctiqa.calibration.rules import FEWEST_SHARED
from ctiqa.metrics.agreement.bootstrap import LEVEL
from ctiqa.metrics.agreement.intervals import Estimate, agreement_intervals, paired_differences
from ctiqa.metrics.agreement.readers import inter_reader_agreement
from ctiqa.types import SCORE_RANGE, Floats

METRICS = ("plcc", "srocc", "mae", "bias")
"""The metrics that are reported."""

Table = dict[str, Any]


def agreement_facts(readings: Readings, left_out: Floats) -> Table:
    """Agreement with the mean of the readers, with intervals from resampling patients.

    Args:
        readings: Cases and their readers.
        left_out: Score of each slice by a map made without its patient, not clipped [slices].

    Returns:
        Metrics ``before``, ``after`` and their ``change`` (after minus before); those of each
        reader against the mean of the others, ``readers``, if enough cases were read by all.
    """
    cases = readings.cases
    by_slice = {"after": left_out, "before": cases.open_scores}
    methods = {
        name: cases.means(np.clip(values, *SCORE_RANGE)) for name, values in by_slice.items()
    }
    found = {
        name: agreement_intervals(scores, cases.target, cases.patient, _rng())
        for name, scores in methods.items()
    }
    change = paired_differences(methods, cases.target, cases.patient, _rng(), metrics=METRICS)
    return {
        "confidence": LEVEL,
        "before": _table(found["before"]),
        "after": _table(found["after"]),
        "change": _table({each.metric: each.estimate for each in change}),
        "readers": _among_readers(readings),
    }


def _among_readers(readings: Readings) -> Table | None:
    table = readings.table()
    shared = ~np.isnan(table).any(axis=0)
    patients = readings.cases.patient[shared]
    if len(table) < 2 or np.sum(shared) < FEWEST_SHARED or len(np.unique(patients)) < 2:
        return None
    found = inter_reader_agreement(table[:, shared], patients, _rng())
    return {"cases": int(np.sum(shared)), **_table(found.mean)}


def _table(found: Mapping[str, Estimate]) -> Table:
    return {
        name: {
            "value": round(found[name].value, 4),
            "interval": [round(found[name].low, 4), round(found[name].high, 4)],
        }
        for name in METRICS
    }


def _rng() -> np.random.Generator:
    """The same bootstrap samples for all metrics and methods."""
    return np.random.default_rng(0)
