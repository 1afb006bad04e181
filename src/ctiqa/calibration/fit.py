"""The map, fitted: four forms from none to three parameters, chosen on patients left out.

Twenty cases cannot carry a free curve. The form with the least error on patients left out is taken
only if no simpler form is as good within a standard error (Breiman et al., Classification and
regression trees, section 3.4.3, 1984), so the model's scores stay where there is nothing to gain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctiqa.calibration.cases import Cases
from ctiqa.calibration.curve import Curve
from ctiqa.calibration.descent import Rows, cost_of, descend
from ctiqa.calibration.effects import Indices
from ctiqa.calibration.forms import FORMS, curve_of, evaluate, values_of
from ctiqa.types import Floats

MOST_FOLDS = 20
"""Patients are left out one by one, or in this many groups if they are more."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A map that was chosen among all forms.

    Attributes:
        form: Name of its form.
        curve: The map.
        errors: Mean squared error of every form on patients left out, in grades².
        left_out: Score of each slice by a map chosen and fitted without its patient, not clipped
            [slices].
    """

    form: str
    curve: Curve
    errors: dict[str, float]
    left_out: Floats


def fit_map(cases: Cases) -> Fitted:
    """Choose a form by its error on patients left out, and fit it to all cases.

    The scores of patients left out are by maps whose form was chosen without them as well.
    """
    folds = fold_of(cases)
    count = int(folds.max()) + 1
    whole = {form: _fit_whole(cases, form) for form in FORMS}
    without = {form: _fit_without(cases, form, folds, whole[form]) for form in FORMS}
    scores = {form: evaluate(cases, form, fits)[0] for form, fits in without.items()}
    left_out = np.empty(len(cases.open_scores))
    for fold in range(count):
        form = _chosen_form(cases, scores, fold * count + folds, folds != fold)[0]
        own = cases.of_slices(folds == fold)
        left_out[own] = values_of(cases, form, without[form][[fold * (count + 1)]])[0, own]
    every = np.ones(len(folds), dtype=np.bool_)
    form, errors = _chosen_form(cases, scores, folds * (count + 1), every)
    return Fitted(form, curve_of(form, whole[form], cases.middle), errors, left_out)


def fold_of(cases: Cases) -> Indices:
    """Index of the group with which each case is left out [cases].

    Patients are dealt out in the order of their mean score, so every group spans the scale.
    """
    _, patient = np.unique(cases.patient, return_inverse=True)
    mean = np.bincount(patient, weights=cases.target) / np.bincount(patient)
    place = np.empty(len(mean), dtype=np.intp)
    place[np.argsort(mean, kind="stable")] = np.arange(len(mean))
    return np.asarray(place[patient] % MOST_FOLDS)


def _chosen_form(
    cases: Cases, scores: dict[str, Floats], fits: Indices, rows: Rows
) -> tuple[str, dict[str, float]]:
    """The simplest form that is as good as the best one, within a standard error.

    Args:
        cases: The cases.
        scores: Scores of all cases by every fit [fits, cases], for each form.
        fits: The fit that a case is judged by [cases].
        rows: Cases to judge by.

    Returns:
        Name of the form, and the mean squared error of every form.
    """
    at = np.flatnonzero(rows)
    squares = {
        form: (found[fits[at], at] - cases.target[at]) ** 2 for form, found in scores.items()
    }
    errors = {form: float(np.mean(found)) for form, found in squares.items()}
    best = min(errors, key=errors.__getitem__)
    for form, found in squares.items():
        worse = found - squares[best]
        if float(np.mean(worse)) <= _standard_error(worse, cases.patient[at]):
            return form, errors
    return best, errors


def _standard_error(values: Floats, patient: Indices) -> float:
    """Standard error of a mean over cases that are clustered by patient."""
    sums = np.bincount(patient, weights=values - values.mean())[np.unique(patient)]
    count = len(sums)
    return float(np.sqrt(np.sum(sums**2) * count / max(count - 1, 1))) / len(values)


def _fit_whole(cases: Cases, form: str) -> Floats:
    """Parameters fitted to all cases [parameters].

    Two starts, the model's own scores and its scores shifted to the mean of the readers, because
    the error is flat where all scores are clipped; the better end counts.
    """
    starts = np.zeros((2, len(FORMS[form][0])))
    starts[1, :1] = cases.target.mean() - cases.middle
    rows = np.ones((2, len(cases.target)), dtype=np.bool_)
    ends = descend(cases, form, rows, starts)
    return np.asarray(ends[int(np.argmin(cost_of(cases, form, rows, ends)))])


def _fit_without(cases: Cases, form: str, folds: Indices, start: Floats) -> Floats:
    """Parameters fitted without every group, and without every two groups.

    Returns:
        Parameters [groups², parameters]; row ``g * groups + h`` is without g and h.
    """
    count = int(folds.max()) + 1
    first, second = np.triu_indices(count)
    rows = (folds != first[:, None]) & (folds != second[:, None])
    fits = descend(cases, form, rows, np.tile(start, (len(rows), 1)))
    every = np.empty((count, count, len(start)))
    every[first, second] = every[second, first] = fits
    return every.reshape(count**2, -1)
