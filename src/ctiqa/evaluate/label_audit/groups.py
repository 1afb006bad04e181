"""Labels of a group of images: counts, distribution, ties, and extreme examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.evaluate.manifest_table import numbers, parts_of, share
from ctiqa.score.verdict import WORDS
from ctiqa.types import SCORE_RANGE, Floats

STEPS_A_GRADE = 5
"""Steps per grade of histograms: 0.0, 0.2, … 4.0, as the challenge's scores."""

CHALLENGE = (
    *(25, 19, 22, 42, 48, 56, 51, 65, 65, 74, 53),
    *(56, 60, 62, 42, 65, 35, 42, 31, 51, 36),
)
"""Number of training images of LDCTIQAC2023 (1,000 in all) with scores 0.0, 0.2, … 4.0."""


@dataclass(frozen=True, slots=True)
class Ties:
    """Ties among labels, and how they limit the correlation of a predictor without ties.

    Attributes:
        distinct: Number of distinct labels.
        value: The most frequent label.
        share: Its share of the labels.
        greatest_tau_b: Largest Kendall's tau-b of a predictor without ties.
        greatest_srocc: Its largest Spearman correlation.
    """

    distinct: int
    value: float
    share: float
    greatest_tau_b: float
    greatest_srocc: float


@dataclass(frozen=True, slots=True)
class Group:
    """A split, a region, a region of a split, or the whole data set.

    Attributes:
        name: Its name.
        patients: Number of patients.
        slices: Number of clean slices that the images were simulated from.
        examples: Number of images for training and evaluation.
        checks: Number of images for checks only (dose ladder, sharper kernel).
        missing: Number of images without a label.
        counts: Histogram of the labels of the examples at 0.0, 0.2, … 4.0.
        grades: Histogram of their nearest grades 0, 1, … 4.
        at_ends: Share of labels at (or beyond) 0 and 4.
        ties: Ties of the labels; ``None`` for fewer than two labels.
    """

    name: str
    patients: int
    slices: int
    examples: int
    checks: int
    missing: int
    counts: tuple[int, ...]
    grades: tuple[int, ...]
    at_ends: tuple[float, float]
    ties: Ties | None

    @property
    def images(self) -> int:
        """Number of images."""
        return self.examples + self.checks

    @property
    def distance(self) -> float:
        """Earth mover's distance, in grades, to the labels of the challenge."""
        return distance(self.counts, CHALLENGE)


@dataclass(frozen=True, slots=True)
class Pick:
    """An example to show: its region, its role there, and its row of the manifest."""

    region: str
    role: str
    row: Mapping[str, object]


def group(name: str, table: pl.DataFrame) -> Group:
    """The group of some rows of a completed manifest."""
    drawn = table.filter(pl.col("purpose") == "example")
    labels = numbers(drawn["label"].drop_nulls())
    low, high = SCORE_RANGE
    return Group(
        name=name,
        patients=table["patient"].n_unique(),
        slices=_slices(table),
        examples=len(drawn),
        checks=len(table) - len(drawn),
        missing=table["label"].null_count(),
        counts=count_labels(labels),
        grades=tuple(np.bincount(_grades(labels), minlength=len(WORDS)).tolist()),
        at_ends=(share(labels <= low), share(labels >= high)),
        ties=ties(labels) if len(labels) > 1 else None,
    )


def ties(labels: Floats) -> Ties:
    """Ties among labels.

    With t labels at a value, n in all: tau-b ≤ √(1 − Σt(t−1) / n(n−1)), and Spearman's
    correlation ≤ √(1 − Σ(t³−t) / (n³−n)), for predictions without ties.

    >>> ties(np.array([0.0, 0.0, 1.0, 2.0])).greatest_tau_b ** 2
    0.8333...
    """
    values, counts = np.unique(labels, return_counts=True)
    n, t = float(len(labels)), counts.astype(np.float64)
    return Ties(
        distinct=len(values),
        value=float(values[counts.argmax()]),
        share=float(t.max() / n),
        greatest_tau_b=float(np.sqrt(1 - (t * (t - 1)).sum() / (n * (n - 1)))),
        greatest_srocc=float(np.sqrt(1 - (t**3 - t).sum() / (n**3 - n))),
    )


def count_labels(labels: Floats) -> tuple[int, ...]:
    """Histogram of labels at 0.0, 0.2, … 4.0; labels beyond the scale count at its ends.

    >>> count_labels(np.array([0.0, 0.05, 0.21, 4.0]))[:3]
    (2, 1, 0)
    """
    low, high = SCORE_RANGE
    places = np.rint((np.clip(labels, low, high) - low) * STEPS_A_GRADE).astype(np.intp)
    return tuple(np.bincount(places, minlength=len(CHALLENGE)).tolist())


def distance(counts: Sequence[int], reference: Sequence[int]) -> float:
    """Earth mover's distance of two histograms, in grades; NaN for an empty histogram.

    >>> round(distance([1, 0, 0], [0, 0, 1]), 6)
    0.4
    """
    if not (sum(counts) and sum(reference)):
        return float("nan")
    found, wanted = (np.cumsum(each) / np.sum(each) for each in (counts, reference))
    return float(np.abs(found - wanted).sum() / STEPS_A_GRADE)


def _slices(table: pl.DataFrame) -> int:
    """Number of slices; a slice in its native and its soft version counts once."""
    return table["shard"].cast(pl.String).str.replace("-(native|soft)$", "").n_unique()


def _grades(labels: Floats) -> npt.NDArray[np.intp]:
    return np.floor(np.clip(labels, *SCORE_RANGE) + 0.5).astype(np.intp)


def picks(table: pl.DataFrame) -> Iterator[Pick]:
    """The best, the median and the worst example of every region."""
    for region, part in parts_of(table.drop_nulls("label"), "region").items():
        rows = part.sort("label", "raw", "id", descending=True)
        roles = {"Best": 0, "Median": len(rows) // 2, "Worst": len(rows) - 1}
        for role, place in roles.items():
            yield Pick(region, role, rows.row(place, named=True))
