"""The parts that a label is computed from, and their rank correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ctiqa.evaluate.manifest_table import numbers
from ctiqa.types import Floats

LABEL_PARTS = {
    "loss_0": "Patch error",
    "loss_1": "SSIM, soft tissue",
    "loss_2": "SSIM, wide",
    "loss_3": "Gradient similarity",
    "loss_4": "VIF",
}
"""The parts of a label (see :func:`ctiqa.data.simulation.labels.losses`), by manifest column."""


@dataclass(frozen=True, slots=True)
class LabelPart:
    """One part of the label.

    Attributes:
        name: Its name.
        missing: Number of images in which it is null or not finite.
        low: Smallest value.
        high: Largest value.
        srocc: Spearman correlation with every part and, last, with the label.
    """

    name: str
    missing: int
    low: float
    high: float
    srocc: tuple[float, ...]


def label_parts(table: pl.DataFrame) -> tuple[LabelPart, ...]:
    """The parts of the label in a completed manifest; empty without ``loss_…`` columns."""
    names = sorted(name for name in table.columns if name.startswith("loss_"))
    columns = [numbers(table[name]) for name in (*names, "label")]
    return tuple(
        LabelPart(
            LABEL_PARTS.get(name, name),
            missing=int((~np.isfinite(column)).sum()),
            low=float(np.nanmin(column, initial=np.inf)),
            high=float(np.nanmax(column, initial=-np.inf)),
            srocc=tuple(srocc(column, other) for other in columns),
        )
        for name, column in zip(names, columns, strict=False)
    )


def srocc(x: Floats, y: Floats) -> float:
    """Spearman's correlation of the finite pairs; NaN if it is undefined.

    >>> round(srocc(np.array([1.0, 2.0, np.nan, 9.0]), np.array([4.0, 3.0, 2.0, 0.0])), 6)
    -1.0
    """
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < 2 or min(np.ptp(x[known]), np.ptp(y[known])) == 0:
        return float("nan")
    ranks = [pl.Series(each[known]).rank().to_numpy() for each in (x, y)]
    return float(np.corrcoef(ranks)[0, 1])
