"""Equivalent noise against dose: the line of each group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl

from ctiqa.trends.groups import GROUPED_BY
from ctiqa.trends.result import DoseLine
from ctiqa.trends.robust import mad_scale, theil_sen
from ctiqa.trends.scans.usual import LEAST_GROUP

DOSES: tuple[Literal["ctdivol_mgy", "ssde_mgy"], ...] = ("ctdivol_mgy", "ssde_mgy")

LEAST_RANGE = 0.05
"""Least interquartile range of ln(dose) for a slope: doses that differ by less than 5 % say
nothing about it."""


def dose_lines(frame: pl.DataFrame) -> tuple[DoseLine, ...]:
    """Lines of the groups with at least ten scans, the largest group first, CTDIvol before SSDE.

    Args:
        frame: Scans with derived columns.
    """
    parts = frame.partition_by(GROUPED_BY, as_dict=True, maintain_order=True)
    ordered = sorted(parts.items(), key=lambda each: -each[1].height)
    return tuple(line for key, part in ordered for line in _lines(key, part))


def _lines(key: tuple[object, ...], part: pl.DataFrame) -> Iterator[DoseLine]:
    names = dict(zip(GROUPED_BY, key, strict=True))
    for dose in DOSES:
        known = part.select("equivalent_noise_hu", dose).drop_nulls()
        if known.height < LEAST_GROUP:
            continue
        x, y = np.log(known[dose].to_numpy()), np.log(known["equivalent_noise_hu"].to_numpy())
        flat = bool(np.subtract(*np.percentile(x, [75, 25])) < LEAST_RANGE)
        slope = 0.0 if flat else theil_sen(x, y) or 0.0
        left = y - slope * x
        low, high = np.exp(np.percentile(x, [5, 95]))
        yield DoseLine(
            **names,  # type: ignore[arg-type]
            dose=dose,
            n=known.height,
            slope=slope,
            intercept=float(np.median(left)),
            low=float(low),
            high=float(high),
            scatter=mad_scale(left),
            flat=flat,
        )
