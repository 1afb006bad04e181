"""The result of a scan, as far as the store keeps it, for what the report says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ctiqa.store.rows import PHYSICS
from ctiqa.store.store import Store
from ctiqa.types import (
    Acquisition,
    PatientPhysics,
    Scan,
    ScanScore,
    SliceHeader,
    SliceScore,
    SliceSource,
)
from ctiqa.web.pages.parts.rows import flags_of, known
from ctiqa.web.reading.table import KEY

NOWHERE = Path()
"""The store does not keep where files are."""

ACQUIRED = (
    "kvp",
    "tube_current_ma",
    "ctdivol_mgy",
    "ctdi_phantom_cm",
    "kernel",
    "slice_thickness_mm",
    "manufacturer",
    "model",
    "body_part",
)
"""Facts of the acquisition that a store keeps for the scan as a whole."""


def slices_of(store: Store, row: Mapping[str, Any]) -> pl.DataFrame:
    """The slices of a scan along z.

    Args:
        store: The store.
        row: Row of the scan, of :meth:`ctiqa.web.reading.view.ScanView.one`.

    Raises:
        OutputError: If the database cannot be reached.
    """
    found: pl.DataFrame = store.slices(row["series_uid"])
    return found.filter(*(pl.col(name) == row[name] for name in KEY))


def stored_scan(row: Mapping[str, Any], slices: pl.DataFrame) -> ScanScore:
    """The result of a scan with its slices; there are no files and no noise maps.

    Args:
        row: Row of the scan.
        slices: Its slices, as :func:`slices_of` returns them.
    """
    acquired = Acquisition(**{name: row[name] for name in ACQUIRED})
    verdicts = tuple(_slice(each, acquired) for each in slices.to_dicts())
    headers = tuple(each.header for each in verdicts)
    measured: dict[str, Any] = {name: known(row[name]) for name in PHYSICS}
    return ScanScore(
        scan=Scan(row["series_uid"], NOWHERE, headers),
        score=known(row["score"]),
        interval=_interval(row["low"], row["high"]),
        slices=verdicts,
        flags=flags_of(row),
        warnings=tuple(json.loads(row["warnings"])),
        equivalent_noise_hu=known(row["equivalent_noise_hu"]),
        equivalent_noise_interval=_interval(
            row["equivalent_noise_low"], row["equivalent_noise_high"]
        ),
        physics=PatientPhysics(**measured),
        dose_reserve=known(row["dose_reserve"]),
    )


def worst_slice(scan: ScanScore) -> int | None:
    """Index of the slice with the lowest score; ``None`` if none has one."""
    scored = [
        (each.score, index) for index, each in enumerate(scan.slices) if each.score is not None
    ]
    return min(scored)[1] if scored else None


def _slice(row: Mapping[str, Any], acquired: Acquisition) -> SliceScore:
    source = SliceSource(NOWHERE)
    return SliceScore(
        header=SliceHeader(source, 1, 1, z_mm=row["z_mm"], acquisition=acquired),
        score=known(row["score"]),
        interval=_interval(row["low"], row["high"]),
        flags=tuple(row["flags"].split()),
        equivalent_noise_hu=known(row["equivalent_noise_hu"]),
        region=row["region"],
        findings=tuple(each for each in row["findings"].split("; ") if each),
        dose_reserve=known(row["dose_reserve"]),
    )


def _interval(low: float | None, high: float | None) -> tuple[float, float] | None:
    low, high = known(low), known(high)
    return None if low is None or high is None else (low, high)
