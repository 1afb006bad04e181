"""How many maps of local noise were written, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctiqa.score.maps.writer import MapCounts


def maps_line(counts: MapCounts) -> str:
    """The number of maps, and what slices without a map or without DICOM lack.

    >>> from pathlib import Path
    >>> from ctiqa.score.maps.writer import MapCounts
    >>> maps_line(MapCounts(Path("m"), written=10, without_score=2))
    'Maps of local noise: 10 slices in m; 2 without a score have none'
    """
    parts = [f"Maps of local noise: {_slices(counts.written)} in {counts.folder}"]
    if counts.without_score:
        parts.append(f"{counts.without_score} without a score have none")
    for reason, count in counts.without_dicom.most_common():
        parts.append(f"{_slices(count)} as PNG only: {reason}")
    return "; ".join(parts)


def _slices(count: int) -> str:
    return f"{count} slice{'' if count == 1 else 's'}"
