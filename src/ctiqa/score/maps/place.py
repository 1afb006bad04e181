"""Where a slice stands in a report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ctiqa.types import Scan, Slice


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slice stands in a report.

    Attributes:
        scan: Index of its scan among those found.
        series: Number of its scan in the report, from 1.
        index: Its index in the scan, from 0, as in the table of slices.
        series_uid: Identifier of its scan.
    """

    scan: int
    series: int
    index: int
    series_uid: str

    @property
    def name(self) -> str:
        """Name of files about the slice, without suffix.

        >>> Place(scan=0, series=1, index=17, series_uid="1.2").name
        'series-001-slice-0017'
        """
        return f"series-{self.series:03}-slice-{self.index:04}"


def with_places(
    slices: Iterable[tuple[int, Slice]], scans: Sequence[Scan]
) -> Iterator[tuple[Place, Slice]]:
    """Slices with their places; those that could not be read have none, and neither in the report.

    Args:
        slices: Slices with the index of their scan, scan after scan.
        scans: The scans.
    """
    counts: dict[int, int] = {}
    for scan, image in slices:
        index = counts.get(scan, 0)
        counts[scan] = index + 1
        yield Place(scan, len(counts), index, scans[scan].series_uid), image
