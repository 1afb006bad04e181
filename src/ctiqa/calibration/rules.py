"""What cases must be like to calibrate a model: enough, of several grades, and in one direction."""

from __future__ import annotations

import numpy as np

from ctiqa.calibration.conformal import FEWEST_PATIENTS, LEVEL
from ctiqa.calibration.readings import Readings
from ctiqa.errors import DataError, some
from ctiqa.metrics.agreement.coefficients import agreement
from ctiqa.metrics.agreement.intervals import agreement_intervals

FEWEST_CASES = 20
"""Fewest cases."""

LEAST_SPAN = 1.0
"""Grades by which the best case must exceed the worst: less cannot be told from disagreement."""

FEWEST_SHARED = 10
"""Fewest cases that a reader must share with others to be compared with them."""

SHOWN = 0.9
"""Confidence with which the readers' scores must rise with the model's."""


def check(readings: Readings) -> None:
    """Check that readers' scores can calibrate a model.

    Raises:
        DataError: If they are too few, of one grade, or contradict each other or the model.
    """
    _check_number(readings)
    _check_readers(readings)
    _check_span(readings)
    _check_direction(readings)


def _check_number(readings: Readings) -> None:
    cases, patients = len(readings.target), len(np.unique(readings.cases.patient))
    if cases < FEWEST_CASES:
        raise DataError(
            f"a calibration needs at least {FEWEST_CASES} cases with scores of readers and of the "
            f"model, got {cases}{_without_score(readings)}let the readers score more"
        )
    if patients < FEWEST_PATIENTS:
        raise DataError(
            f"a calibration needs cases of at least {FEWEST_PATIENTS} patients, so that its "
            f"interval can cover {LEVEL:.0%} of patients left out, got {patients}; add cases of "
            "other patients"
        )


def _without_score(readings: Readings) -> str:
    """How many more cases the readers scored, and the remedy; a semicolon if there are none."""
    if not readings.left_out:
        return "; "
    total = len(readings.target) + len(readings.left_out)
    return (
        f" of the {total} that the readers scored: no score of the model for "
        f"{some(readings.left_out, 3)}; check these ids and files, or "
    )


def _check_span(readings: Readings) -> None:
    low, high = float(readings.target.min()), float(readings.target.max())
    if high - low < LEAST_SPAN:
        raise DataError(
            f"the readers' means of the best and the worst case must differ by at least "
            f"{LEAST_SPAN:g} grade of 0-4, got {low:.2f}-{high:.2f}; add cases of other quality, "
            "such as low-dose scans"
        )


def _check_readers(readings: Readings) -> None:
    """Refuse a reader whose scores do not rise with those of the others; the worst is named."""
    ranks = {
        (agreement(own, others).srocc, reader, len(own))
        for reader, (own, others) in readings.against_others().items()
        if len(own) >= FEWEST_SHARED
    }
    rank, reader, count = min(ranks, default=(1.0, "", 0))
    if rank <= 0:
        raise DataError(
            f"the scores of every reader must rise with those of the others, got a rank "
            f"correlation of {rank:.2f} for reader {reader!r} on {count} cases: they contradict "
            "each other; check the direction of the scale and the cases of this reader, or leave "
            "the reader out"
        )


def _check_direction(readings: Readings) -> None:
    """Refuse scores that do not rise with the model's beyond doubt."""
    cases = readings.cases
    model = cases.means(cases.open_scores)
    rank = agreement_intervals(
        model, cases.target, cases.patient, np.random.default_rng(0), level=SHOWN
    )["srocc"]
    if rank.low > 0:
        return
    raise DataError(
        f"the readers' scores must rise with the model's, got a rank correlation of "
        f"{rank.value:.2f} ({SHOWN:.0%} interval {rank.low:.2f} to {rank.high:.2f}) on "
        f"{len(model)} cases that the model scores {model.min():.2f}-{model.max():.2f}: they "
        "contradict the model, or differ too little to tell; check the ids and the score range "
        "(5 1 if 1 is the best of 5), or add cases of other quality"
    )
