"""Results as a survey would store them, made without images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ctiqa.score.report.report import Report
from ctiqa.store import Run, SeriesKey, Store, model_digest, options_digest
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.marks import Mark, Marker
from ctiqa.store.privacy import Privacy
from ctiqa.types import Scan, ScanScore, SliceHeader, SliceScore, SliceSource

MODEL = {"name": "benchmark", "version": "1", "sha256": "0"}


def bundles(privacy: Privacy, scans: int, slices: int) -> Iterator[Bundle]:
    """Scans of some slices, one file each, with the marks of their files."""
    marker = Marker(privacy, "benchmark")
    for number in range(scans):
        uid = f"1.2.{number}"
        report = Report(MODEL, (_scan(uid, slices),), ())
        key = SeriesKey(uid, uid, model_digest(MODEL), options_digest(report.options))
        yield bundle_of(report, privacy, keys=[key], marks=_marks(marker, uid, slices))


def store_all(store: Store, made: Iterator[Bundle]) -> int:
    """Put bundles into a store; returns the number of new scans."""
    run = Run("benchmark")
    return sum(store.put(each, run) for each in made)


def _marks(marker: Marker, uid: str, slices: int) -> list[Mark]:
    series, root = marker.series(uid), marker.root("archive")
    return [
        Mark(marker.input(f"{uid}/{index}"), marker.stamp("1"), series, root)
        for index in range(slices)
    ]


def _scan(uid: str, slices: int) -> ScanScore:
    headers = [
        SliceHeader(SliceSource(Path(uid, str(index)), series_uid=uid), 512, 512, z_mm=float(index))
        for index in range(slices)
    ]
    verdicts = tuple(SliceScore(header, 3.25, (3.0, 3.5), region="chest") for header in headers)
    scan = Scan(uid, Path(uid), tuple(headers))
    return ScanScore(scan, 3.25, (3.0, 3.5), verdicts)
