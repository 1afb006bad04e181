"""Agreement of scan scores, if the manifest says which slices make up a scan."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import polars as pl

from ctiqa.data.manifest import Examples
from ctiqa.evaluate.dataset import FEWEST_EXAMPLES
from ctiqa.evaluate.monotonicity import SETTINGS
from ctiqa.evaluate.scored import ScoredExamples
from ctiqa.evaluate.statistics import Estimates, estimates_of
from ctiqa.hu import body_mask
from ctiqa.metrics.agreement.scan import Aggregation, scan_score
from ctiqa.types import Floats

AGGREGATIONS: tuple[Aggregation, ...] = ("mean", "median", "worst-tenth", "area-weighted")

_SHOWN = ("plcc", "srocc", "krocc", "mae", "bias")
"""Metrics of scan scores."""

LOOSE = frozenset({"ldctiqac2023", "kadid10k"})
"""Sources that published single images, not whole scans."""

INDEX = re.compile(r"-\d{3}(?=-[a-z]|$)")
"""Number of a slice within its series, in the name of a shard."""

SAME_IN_SCAN = ("patient", "variant", "thickness", *SETTINGS)
"""Columns that all slices of a scan have in common."""


@dataclass(frozen=True, slots=True)
class ScanAgreement:
    """Agreement of scan scores.

    Attributes:
        scans: Scans of at least two slices.
        slices: Their slices.
        patients: Their patients.
        estimates: Metrics for every aggregation; scores and labels in the same way.
        why_not: Why there are none; empty otherwise.
    """

    scans: int = 0
    slices: int = 0
    patients: int = 0
    estimates: Mapping[str, Estimates] | None = None
    why_not: str = ""


def scan_agreement(scored: ScoredExamples) -> ScanAgreement:
    """Aggregate scores and labels over the slices of every scan, and compare them.

    Args:
        scored: Scored slices.
    """
    groups = scans_of(scored.examples.table)
    if groups is None:
        return ScanAgreement(why_not="the manifest does not say which slices make up a scan")
    if len(groups) < FEWEST_EXAMPLES:
        return ScanAgreement(
            why_not=f"{len(groups)} scans have two slices or more, {FEWEST_EXAMPLES} are needed"
        )
    areas = body_areas(scored.examples)
    scans = {by: _scored_scans(scored, groups, by, areas) for by in AGGREGATIONS}
    return ScanAgreement(
        scans=len(groups),
        slices=sum(map(len, groups)),
        patients=scans[AGGREGATIONS[0]].patients,
        estimates={by: estimates_of(each, _SHOWN) for by, each in scans.items()},
    )


def _scored_scans(
    scored: ScoredExamples, groups: Sequence[npt.NDArray[np.intp]], by: Aggregation, areas: Floats
) -> ScoredExamples:
    """One score and one label for every scan."""
    first = Examples(scored.examples.folder, scored.examples.table[[int(g[0]) for g in groups]])
    score, label = (
        np.array([_aggregated(values[group], by, areas[group]) for group in groups])
        for values in (scored.score, scored.label)
    )
    return ScoredExamples(first, scored.scale, score, label, np.zeros_like(score))


def scans_of(table: pl.DataFrame) -> list[npt.NDArray[np.intp]] | None:
    """Row numbers of every scan with at least two slices; ``None`` if scans are not known.

    A scan is the slices of one series with the same acquisition, reconstruction and degradation.
    """
    names = [_scan_name(row) for row in table.iter_rows(named=True)]
    if any(name is None for name in names):
        return None
    shared = [column for column in SAME_IN_SCAN if column in table.columns]
    numbered = table.select(shared).with_columns(pl.Series("scan", names)).with_row_index("number")
    groups = numbered.group_by("scan", *shared, maintain_order=True).agg("number")["number"]
    return [np.array(group, dtype=np.intp) for group in groups.to_list() if len(group) > 1]


def body_areas(examples: Examples) -> Floats:
    """Area of the patient in pixels, for every example; measured on the first one of its shard."""
    images = examples.images()
    shards = examples.column("shard").tolist()
    first = {shard: number for number, shard in reversed(list(enumerate(shards)))}
    known = {s: body_mask(images[n].astype(np.float32)).sum() for s, n in first.items()}
    return np.array([max(float(known[shard]), 1.0) for shard in shards])


def _aggregated(values: Floats, by: Aggregation, areas: Floats) -> float:
    return scan_score(values, by, areas=areas if by == "area-weighted" else None)


def _scan_name(row: Mapping[str, object]) -> str | None:
    """The series of a slice: its folder, its volume, or its name without the slice number."""
    if row.get("source") in LOOSE:
        return None
    if path := str(row.get("file") or row.get("published_path") or ""):
        return path if row.get("frame") is not None else str(PurePosixPath(path).parent)
    name, found = INDEX.subn("", str(row["shard"]), count=1)
    return name if found else None
