"""What groups series that can be compared: station, protocol, description, day of the study."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from ctiqa.io.dicom.tags import Tags
from ctiqa.text.free_text import protocol_text, station_text
from ctiqa.types import SeriesFacts


def series_facts(tags: Tags) -> SeriesFacts:
    """Read the facts of a series, without texts that could identify the patient."""
    return _facts(
        tags.shown("StationName"),
        tags.shown("ProtocolName"),
        tags.shown("SeriesDescription"),
        tags.day("StudyDate") or tags.day("AcquisitionDate"),
    )


# The slices of a series have the same texts, and share one object.
@lru_cache(maxsize=64)
def _facts(
    station: str | None, protocol: str | None, description: str | None, day: date | None
) -> SeriesFacts:
    return SeriesFacts(
        station_text(station), protocol_text(protocol), protocol_text(description), day
    )
