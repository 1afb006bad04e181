"""Agreement under redrawn patients, all resamples at once.

Redrawing patients with replacement is giving every patient a whole weight, the number of times it
was drawn. All measures are then functions of a few sums over patients or pairs of patients, which
are formed once; a resample costs a product of small matrices and not a new sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ctiqa.evaluate.scale import Floats, Scale

MOST_RANKS = 4_000_000
"""Ranks held at a time: the resamples are worked off in parts."""

ROWS_OF_PAIRS = 256
"""Examples that are paired with all others at a time."""

LEAST_VARIANCE = 1e-12
"""Variance below which values are constant: a millionth of a grade is no difference."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Predictions with their labels, by patient.

    Attributes:
        score: Predictions [n].
        label: Labels [n].
        owner: Number of the patient of every example, from 0 [n].
        scale: Scale of both.
    """

    score: Floats
    label: Floats
    owner: npt.NDArray[np.intp]
    scale: Scale

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.owner.max(initial=-1)) + 1

    def sums(self, values: Floats) -> Floats:
        """Values [n, k] summed over the examples of every patient [patients, k]."""
        total = np.zeros((self.patients, values.shape[1]))
        np.add.at(total, self.owner, values)
        return total

    def measures(self, weights: Floats) -> dict[str, Floats]:
        """All measures of agreement, by name.

        A measure that needs order where predictions or labels are constant is 0.

        Args:
            weights: How often every patient counts [resamples, patients].

        Returns:
            Each measure [resamples]; NaN where a resample has no example.
        """
        found = self.errors(weights) | self._ranked(weights)
        order = ("plcc", "srocc", "krocc")
        return {"overall": sum((np.abs(found[name]) for name in order), np.zeros(1)), **found}

    def errors(self, weights: Floats) -> dict[str, Floats]:
        """Measures that need no ranks: correlation, concordance, errors, kappa of the grades.

        Lin's concordance: Biometrics 45:255–268, 1989. Kappa with quadratic weights (Cohen,
        Psychol Bull 70:213–220, 1968) is the concordance of the grades.
        """
        error = self.score - self.label
        each = np.column_stack([np.ones_like(error), np.abs(error), error, error**2])
        n, distance, bias, square = (weights @ self.sums(each)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            mae, bias, mse = distance / n, bias / n, square / n
        plcc, concordance = self._linear(self.score, self.label, weights)
        graded, meant = (
            np.floor(self.scale.grades(values) + 0.5) for values in (self.score, self.label)
        )
        kappa = self._linear(graded, meant, weights)[1]
        return {
            "plcc": plcc,
            "mae": mae,
            "mse": mse,
            "rmse": np.sqrt(mse),
            "bias": bias,
            "concordance": concordance,
            "kappa": kappa,
        }

    def _linear(self, x: Floats, y: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Pearson's correlation and Lin's concordance."""
        # Centred values keep the differences of large sums exact.
        apart = x.mean() - y.mean()
        x, y = x - x.mean(), y - y.mean()
        sums = weights @ self.sums(np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y]))
        with np.errstate(invalid="ignore", divide="ignore"):
            mx, my, xx, yy, xy = (sums[:, 1:] / sums[:, :1]).T
        vx, vy, cov = _spread(xx - mx**2), _spread(yy - my**2), xy - mx * my
        cov = np.where((vx == 0) | (vy == 0), 0.0, cov)
        return (
            _ratio(cov, np.sqrt(vx * vy)),
            _ratio(2 * cov, vx + vy + (mx - my + apart) ** 2),
        )

    def _ranked(self, weights: Floats) -> dict[str, Floats]:
        return {"srocc": self._spearman(weights), **self._kendall(weights)}

    def _spearman(self, weights: Floats) -> Floats:
        below_x, below_y = self._below(self.score), self._below(self.label)
        step = max(MOST_RANKS // max(len(self.score), 1), 1)
        parts = [
            _rank_correlation(below_x, below_y, part, part[:, self.owner])
            for part in (weights[k : k + step] for k in range(0, len(weights), step))
        ]
        return np.concatenate(parts)

    def _below(self, values: Floats) -> Floats:
        """How many values of every patient lie below each value; equal ones count half."""
        columns = [np.sort(values[self.owner == k]) for k in range(self.patients)]
        return np.column_stack(
            [
                (np.searchsorted(own, values, "left") + np.searchsorted(own, values, "right")) / 2
                for own in columns
            ]
        )

    def _kendall(self, weights: Floats) -> dict[str, Floats]:
        """Kendall's tau-b and tau-a: Biometrika 30:81–93, 1938, and 33:239–251, 1945."""
        n = weights @ np.bincount(self.owner, minlength=self.patients)
        ordered, tied_x, tied_y = (
            np.einsum("rp,pq,rq->r", weights, part, weights, optimize=True)
            for part in self._pair_sums
        )
        return {
            "krocc": _ratio(ordered, np.sqrt((n**2 - tied_x) * (n**2 - tied_y))),
            "krocc_a": _ratio(ordered, n * (n - 1)),
        }

    @cached_property
    def _pair_sums(self) -> tuple[Floats, Floats, Floats]:
        """Sums over pairs of examples [patients, patients]: agreement in order, ties of each."""
        order = np.argsort(self.owner, kind="stable")
        x, y, owner = self.score[order], self.label[order], self.owner[order]
        starts = np.searchsorted(owner, np.arange(self.patients))
        totals = [np.zeros((self.patients, self.patients)) for _ in range(3)]
        for rows in _row_blocks(len(x)):
            dx, dy = (np.sign(v[rows, None] - v[None, :]) for v in (x, y))
            for total, pairs in zip(totals, (dx * dy, dx == 0, dy == 0), strict=True):
                by_patient = np.add.reduceat(pairs, starts, axis=1, dtype=np.float64)
                np.add.at(total, owner[rows], by_patient)
        return totals[0], totals[1], totals[2]


def pairs_of(score: Floats, label: Floats, patient: npt.NDArray[np.generic], scale: Scale) -> Pairs:
    """Predictions and labels by patient."""
    owner = np.unique(patient, return_inverse=True)[1]
    return Pairs(score, label, owner.astype(np.intp), scale)


def draw_weights(patients: int, resamples: int, rng: np.random.Generator) -> Floats:
    """How often every patient is drawn [resamples, patients].

    >>> draw_weights(3, 2, np.random.default_rng(0)).sum(axis=1).tolist()
    [3.0, 3.0]
    """
    return rng.multinomial(patients, np.full(patients, 1 / patients), resamples).astype(np.float64)


def _rank_correlation(below_x: Floats, below_y: Floats, part: Floats, each: Floats) -> Floats:
    """Spearman's correlation of some resamples: the mean rank is half of the examples."""
    middle = each.sum(axis=1)[:, None] / 2
    rx, ry = (part @ below.T - middle for below in (below_x, below_y))
    xy, xx, yy = ((each * a * b).sum(axis=1) for a, b in ((rx, ry), (rx, rx), (ry, ry)))
    return _ratio(xy, np.sqrt(xx * yy))


def _row_blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, ROWS_OF_PAIRS):
        yield slice(start, start + ROWS_OF_PAIRS)


def _spread(variance: Floats) -> Floats:
    """Variances; what rounding leaves of a constant is 0."""
    return np.where(variance < LEAST_VARIANCE, 0.0, variance)


def _ratio(above: Floats, below: Floats) -> Floats:
    """A quotient; 0 where nothing varies, NaN where there is nothing."""
    flat = below <= 0
    return np.where(np.isnan(below), np.nan, np.where(flat, 0.0, above / np.where(flat, 1, below)))
