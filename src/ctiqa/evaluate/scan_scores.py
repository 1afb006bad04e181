"""Scores of whole scans beside the labels of their slices, where a manifest tells scans apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.dataset import FEWEST_EXAMPLES, Labelled
from ctiqa.evaluate.monotonicity import SETTINGS
from ctiqa.evaluate.statistics import Figure, Pairs, figures_of
from ctiqa.hu import body_mask
from ctiqa.metrics.agreement.scan import Aggregation, scan_score
from ctiqa.types import Floats

AGGREGATIONS: tuple[Aggregation, ...] = ("mean", "median", "worst-tenth", "area-weighted")

_SHOWN = ("plcc", "srocc", "krocc", "mae", "bias")
"""Measures of scan scores."""

LOOSE = frozenset({"ldctiqac2023", "kadid10k"})
"""Sources whose images were published one by one, without the scans they are from."""

INDEX = re.compile(r"-\d{3}(?=-[a-z]|$)")
"""Number of a slice in its series, in the name of a shard."""

ALIKE = ("patient", "variant", "thickness", *SETTINGS)
"""Columns that slices of one scan share."""


@dataclass(frozen=True, slots=True)
class ScanFigures:
    """Agreement of scan scores.

    Attributes:
        scans: Scans of at least two slices.
        slices: Their slices.
        patients: Their patients.
        figures: Figures by way of aggregation; scores and labels are aggregated alike.
        why_not: Why there are none; empty where there are.
    """

    scans: int = 0
    slices: int = 0
    patients: int = 0
    figures: Mapping[str, Mapping[str, Figure]] | None = None
    why_not: str = ""


def scan_figures(labelled: Labelled, score: Floats) -> ScanFigures:
    """Aggregate scores and labels over the slices of every scan, and compare.

    Args:
        labelled: The examples.
        score: Their scores [n].
    """
    groups = scans_of(labelled.examples.table)
    if groups is None:
        return ScanFigures(why_not="the manifest does not say which slices make up a scan")
    if len(groups) < FEWEST_EXAMPLES:
        return ScanFigures(
            why_not=f"{len(groups)} scans have two slices or more, {FEWEST_EXAMPLES} are needed"
        )
    areas = body_areas(labelled.examples)
    patient = labelled.patient[[group[0] for group in groups]]
    figures: dict[str, Mapping[str, Figure]] = {}
    for by in AGGREGATIONS:
        own, label = (
            np.array([_aggregated(values[group], by, areas[group]) for group in groups])
            for values in (score, labelled.label)
        )
        figures[by] = figures_of(Pairs(own, label, patient, labelled.scale), _SHOWN)
    return ScanFigures(len(groups), sum(map(len, groups)), len(np.unique(patient)), figures)


def scans_of(table: pl.DataFrame) -> list[npt.NDArray[np.intp]] | None:
    """Numbers of the examples of every scan of at least two slices; ``None`` if it is not known.

    A scan is what was acquired and reconstructed, or degraded, alike: slices of one series with
    the same settings.
    """
    names = [_scan_name(row) for row in table.iter_rows(named=True)]
    if any(name is None for name in names):
        return None
    alike = [column for column in ALIKE if column in table.columns]
    numbered = table.select(alike).with_columns(pl.Series("scan", names)).with_row_index("number")
    groups = numbered.group_by("scan", *alike, maintain_order=True).agg("number")["number"]
    return [np.array(group, dtype=np.intp) for group in groups.to_list() if len(group) > 1]


def body_areas(examples: Examples) -> Floats:
    """Area of the patient in every example, in pixels; that of the first one of its shard."""
    images = examples.images()
    shards = examples.column("shard").tolist()
    first = {shard: number for number, shard in reversed(list(enumerate(shards)))}
    known = {s: body_mask(images[n].astype(np.float32)).sum() for s, n in first.items()}
    return np.array([max(float(known[shard]), 1.0) for shard in shards])


def _aggregated(values: Floats, by: Aggregation, areas: Floats) -> float:
    return scan_score(values, by, areas=areas if by == "area-weighted" else None)


def _scan_name(row: Mapping[str, object]) -> str | None:
    """The series of a slice: its folder, the volume it is a frame of, or its name less a number."""
    if row.get("source") in LOOSE:
        return None
    if path := str(row.get("file") or row.get("published_path") or ""):
        return path if row.get("frame") is not None else str(PurePosixPath(path).parent)
    name, found = INDEX.subn("", str(row["shard"]), count=1)
    return name if found else None
