"""Equivalent noise against dose: the line of each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
import polars as pl

from ctiqa.trends.groups import GROUPED_BY
from ctiqa.trends.result import DoseLine
from ctiqa.trends.robust import mad_scale, theil_sen
from ctiqa.trends.scans.partition import rows_by
from ctiqa.trends.scans.usual import LEAST_GROUP
from ctiqa.types import Floats

DOSES: tuple[Literal["ctdivol_mgy", "ssde_mgy"], ...] = ("ctdivol_mgy", "ssde_mgy")

LEAST_RANGE = 0.05
"""Least interquartile range of ln(dose) for a slope: doses that differ by less than 5 % say
nothing about it."""


def dose_lines(frame: pl.DataFrame) -> tuple[DoseLine, ...]:
    """Lines of the groups with at least ten scans, the largest group first, CTDIvol before SSDE.

    Args:
        frame: Scans with derived columns.
    """
    logs = {
        name: frame.select(pl.col(name).log().fill_null(np.nan)).to_series().to_numpy()
        for name in (*DOSES, "equivalent_noise_hu")
    }
    return tuple(
        line
        for key, rows in rows_by(frame, GROUPED_BY)
        if rows.size >= LEAST_GROUP
        for line in _lines(key, {name: values[rows] for name, values in logs.items()})
    )


def _lines(key: tuple[str | None, ...], logs: Mapping[str, Floats]) -> Iterator[DoseLine]:
    protocol, scanner, kernel = key
    for dose in DOSES:
        known = np.isfinite(logs[dose]) & np.isfinite(logs["equivalent_noise_hu"])
        if known.sum() < LEAST_GROUP:
            continue
        x, y = logs[dose][known], logs["equivalent_noise_hu"][known]
        flat = bool(np.subtract(*np.percentile(x, [75, 25])) < LEAST_RANGE)
        slope = 0.0 if flat else theil_sen(x, y) or 0.0
        left = y - slope * x
        low, high = np.exp(np.percentile(x, [5, 95]))
        yield DoseLine(
            protocol=protocol,
            scanner=scanner,
            kernel=kernel,
            dose=dose,
            n=x.size,
            slope=slope,
            intercept=float(np.median(left)),
            low=float(low),
            high=float(high),
            scatter=mad_scale(left),
            flat=flat,
        )
