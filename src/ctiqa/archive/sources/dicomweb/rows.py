"""What QIDO-RS says of a series."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ctiqa.archive.sources.dicomweb.query import value_of
from ctiqa.archive.sources.dicomweb.site import is_uid

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
DAY, MODALITY, COUNT = "00080020", "00080060", "00201209"

CHANGING = ("00080021", "00080031", "0008103E", "00400244", "00400245")
"""Date, time and description of a series, and when its procedure began."""


@dataclass(frozen=True, slots=True, order=True)
class SeriesRow:
    """One series; rows sort by day.

    Attributes:
        day: Day of the study, as ``YYYYMMDD``; empty if unknown.
        study: UID of the study.
        series: UID of the series.
        count: Number of its instances; -1 if unknown.
        rest: Hash of what else may change.
    """

    day: str
    study: str
    series: str
    count: int
    rest: str

    @property
    def path(self) -> str:
        """Where the series is below the address of the service."""
        return f"/studies/{self.study}/series/{self.series}"


def is_ct(row: Any) -> bool:
    """Whether a row is of a CT series; some servers ignore the condition, or do not repeat it."""
    return value_of(row, MODALITY) in ("CT", "")


def parse_row(row: Any, day: str = "") -> SeriesRow | None:
    """Read a row; ``None`` if it is broken.

    Args:
        row: From DICOM JSON.
        day: The day that was asked for.

    >>> parse_row({"0020000D": {"Value": ["1.2"]}, "0020000E": {"Value": ["1.3"]}}).path
    '/studies/1.2/series/1.3'
    >>> parse_row({"0020000D": {"Value": ["1.2"]}, "0020000E": {"Value": ["../x"]}})
    """
    study, series = value_of(row, STUDY), value_of(row, SERIES)
    if not (is_uid(study) and is_uid(series)):
        return None
    count, stated = value_of(row, COUNT), value_of(row, DAY)
    rest = "\0".join(value_of(row, tag) for tag in CHANGING)
    return SeriesRow(
        stated if re.fullmatch(r"[0-9]{8}", stated) else day,
        study,
        series,
        int(count) if count.isascii() and count.isdigit() else -1,
        sha256(rest.encode()).hexdigest()[:16],
    )
