"""Scans that are unlike those that they are compared with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from ctiqa.trends.groups import ARTEFACT_SHARE
from ctiqa.trends.result import Outlier, OutlierReason, label_of
from ctiqa.trends.scans.usual import LEAST_GROUP

FAR = 3.5
"""Robust distance of an outlier: Iglewicz B, Hoaglin DC. How to detect and handle outliers. ASQC
Quality Press, 1993."""

NOISIER = 1.25
"""Least factor of the noise: a third of the dose would be missing."""

OTHER_DOSE = 1.4
"""Least factor of the dose, up or down."""

UNUSUAL_SHARE = 0.2
"""A filter, or an artefact, of fewer scans of a group than this is unusual."""

ALIKE = ("kind", "scanner", "kernel")
"""Scans that should all be filtered, or none."""

COMPARED = {
    0: "this protocol, scanner and kernel",
    1: "this protocol, kind of kernel and thickness",
    2: "this region, kind of kernel and thickness",
}
DOSES_COMPARED = {0: "this protocol and scanner", 1: "this protocol", 2: "this region"}
"""Whom a scan was compared with, by the numbers of ``NOISE_GROUPS`` and ``DOSE_GROUPS``."""


def outliers(frame: pl.DataFrame) -> tuple[Outlier, ...]:
    """All outliers, the worst first.

    Args:
        frame: Scans with derived columns and those of :func:`~ctiqa.trends.scans.usual.with_usual`,
            in their final order.
    """
    found = frame.with_row_index("row").with_columns(
        _filtered_n=pl.col("filtered").sum().over(ALIKE),
        _artefact_n=(pl.col("artefact_share") >= ARTEFACT_SHARE).sum().over(ALIKE),
        _alike_n=pl.len().over(ALIKE),
    )
    found = found.with_columns(**_reasons()).filter(
        pl.any_horizontal("_noisy", "_dosed", "_odd_artefact", "_odd_filter")
    )
    rows = [_outlier(row) for row in found.iter_rows(named=True)]
    return tuple(sorted(rows, key=lambda each: (-each.severity, each.row)))


def _reasons() -> dict[str, pl.Expr]:
    """Columns that say whether each reason holds."""
    dose = pl.col("dose_ratio")
    return {
        "_noisy": (pl.col("_noise_z") >= FAR) & (pl.col("noise_ratio") >= NOISIER),
        "_dosed": (pl.col("_dose_z").abs() >= FAR)
        & ((dose >= OTHER_DOSE) | (dose <= 1 / OTHER_DOSE)),
        "_odd_artefact": (pl.col("artefact_share") >= ARTEFACT_SHARE) & _is_rare("_artefact_n"),
        "_odd_filter": pl.col("filtered") & _is_rare("_filtered_n"),
    }


def _is_rare(count: str) -> pl.Expr:
    """Whether few of the scans that should be alike are so; true if there are too few to say."""
    few = pl.col("_alike_n") < LEAST_GROUP
    return few | (pl.col(count) < UNUSUAL_SHARE * pl.col("_alike_n"))


def _outlier(row: dict[str, Any]) -> Outlier:
    found = sorted(_found(row), key=lambda each: -each[1])
    far = [row[f"_{name}_z"] for name in ("noise", "dose") if name in {each[0] for each in found}]
    where = label_of(row["protocol"], row["scanner"])
    day = "" if row["study_day"] is None else f"{row['study_day']}, "
    return Outlier(
        row=int(row["row"]),
        series_uid=row["series_uid"],
        content=row["content"],
        day=row["study_day"],
        protocol=row["protocol"],
        scanner=row["scanner"],
        kernel=row["kernel"],
        reasons=tuple(each[0] for each in found),
        z=max(far, key=abs, default=None),
        severity=found[0][1],
        sentence=f"{day}{where}: {'; '.join(each[2] for each in found)}",
    )


def _found(row: dict[str, Any]) -> Iterator[tuple[OutlierReason, float, str]]:
    """Reasons with their severity and what is said about them."""
    if row["_noisy"]:
        yield "noise", row["_noise_z"], _noise_words(row)
    if row["_dosed"]:
        yield "dose", abs(row["_dose_z"]), _dose_words(row)
    if row["_odd_artefact"]:
        share = row["artefact_share"]
        kind = row["artefact"].replace("_", " ")
        yield (
            "artefact",
            FAR * (1 + share),
            f"{kind} in {100 * share:.0f} % of its slices"
            + _rare(row, "_artefact_n", "an artefact in as many"),
        )
    if row["_odd_filter"]:
        yield (
            "filter",
            FAR,
            "its noise has the texture of a filtered image" + _rare(row, "_filtered_n", "one"),
        )


def _noise_words(row: dict[str, Any]) -> str:
    noise, ratio = row["equivalent_noise_hu"], row["noise_ratio"]
    known = [name for name, has in (("size", "has_dw"), ("dose", "has_dose")) if row[has]]
    given = f" at this {' and '.join(known)}" if known else ""
    return (
        f"noise {noise:.0f} HU, {ratio:.2f} × the usual {noise / ratio:.0f} HU of "
        f"{row['_noise_n']} scans of {COMPARED[row['_noise_group']]}{given}"
    )


def _dose_words(row: dict[str, Any]) -> str:
    dose, ratio = row["ctdivol_mgy"], row["dose_ratio"]
    given = " at this size" if row["has_dw"] else ""
    return (
        f"CTDIvol {dose:.3g} mGy, {ratio:.2f} × the usual {dose / ratio:.3g} mGy of "
        f"{row['_dose_n']} scans of {DOSES_COMPARED[row['_dose_group']]}{given}"
    )


def _rare(row: dict[str, Any], count: str, what: str) -> str:
    """How many others are so."""
    if row["_alike_n"] < LEAST_GROUP:
        return ""
    return f"; {row[count]} of {row['_alike_n']} scans of {COMPARED[0]} have {what}"
