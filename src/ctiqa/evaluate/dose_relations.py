"""Labels against dose or number of views, region by region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from ctiqa.types import Floats

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that summarize the labels of a class."""

EDGES = {
    "dose": (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0),
    "views": (0.0, 60.0, 96.0, 120.0, 160.0, 240.0, 480.0, 960.0),
}
"""Lower edges of the classes, by manifest column."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Number of labels in one class of dose or view count, and their :data:`QUANTILES`."""

    name: str
    n: int
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """Label against dose or views in one region, from the highest to the lowest."""

    region: str
    column: str
    rows: tuple[Spread, ...]


def relations(table: pl.DataFrame, column: str) -> tuple[Relation, ...]:
    """Labels against dose or views, region by region; empty if the column is unknown.

    Args:
        table: Rows of a manifest, with ``region`` and ``label``.
        column: A key of :data:`EDGES`.
    """
    if column not in table.columns:
        return ()
    known = table.drop_nulls([column, "label"]).sort("region")
    return tuple(
        Relation(str(region), column, tuple(_spreads(part, column)))
        for (region,), part in known.group_by("region", maintain_order=True)
    )


def _spreads(part: pl.DataFrame, column: str) -> Iterator[Spread]:
    values, labels = (part[name].to_numpy().astype(np.float64) for name in (column, "label"))
    place = np.maximum(np.searchsorted(EDGES[column], values, side="right") - 1, 0)
    for k in np.unique(place)[::-1].tolist():
        inside = place == k
        quantiles = np.quantile(labels[inside], QUANTILES)
        name = class_name(column, k, values[inside])
        yield Spread(name, int(inside.sum()), tuple(quantiles.tolist()))


def class_name(column: str, k: int, values: Floats) -> str:
    """Name of class ``k`` of a column: its single value, or its range.

    >>> class_name("dose", 5, np.array([0.5, 0.6])), class_name("dose", 5, np.array([0.5]))
    ('50–75 %', '50 %')
    >>> class_name("views", 7, np.array([1000.0, 1200.0])), class_name("views", 7, np.array([1000]))
    ('960 and more', '1000')
    """
    factor, unit = (100, " %") if column == "dose" else (1, "")
    if np.ptp(values) == 0:
        return f"{round(values[0] * factor, 2):g}{unit}"
    if k == len(EDGES[column]) - 1:
        return f"{EDGES[column][k] * factor:g}{unit} and more"
    low, high = (edge * factor for edge in EDGES[column][k : k + 2])
    return f"{low:g}–{high:g}{unit}"
