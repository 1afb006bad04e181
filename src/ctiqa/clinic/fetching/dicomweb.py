"""Catch up with a DICOMweb server: QIDO-RS by day, WADO-RS by series."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import requests

from ctiqa.archive.sources.dicomweb.multipart import MultipartError, boundary_of, split
from ctiqa.archive.sources.dicomweb.query import pages, value_of
from ctiqa.archive.sources.dicomweb.retrieve import ACCEPT
from ctiqa.archive.sources.dicomweb.rows import (
    COUNT,
    DAY,
    INSTANCE,
    MODALITY,
    SERIES,
    SeriesRow,
    parse_row,
)
from ctiqa.archive.sources.dicomweb.session import Fault
from ctiqa.clinic.fetching.changes import MOST_INSTANCES
from ctiqa.clinic.fetching.faults import ArchiveFault
from ctiqa.clinic.fetching.known import Known
from ctiqa.clinic.fetching.landing import Landing
from ctiqa.clinic.fetching.session import Archive
from ctiqa.clinic.fetching.tally import Tally
from ctiqa.clinic.keeping.looking import DOSE_REPORT
from ctiqa.clinic.records.clock import Clock
from ctiqa.clinic.spool.spool import is_file_uid

SOP_CLASS = "00080016"

MOST_ROWS = 100_000
"""Maximum number of series of one day."""


class DicomwebLook:
    """One look at a DICOMweb server.

    Every day of the last ones is asked for each time, since series may come late.

    Args:
        archive: The connections.
        known: What ctiqa has.
        landing: Where instances go.
        folder: An empty folder on the drive of the spool, for what is arriving.
        days: How far back studies are looked for.
        now: The clock.
    """

    def __init__(
        self,
        archive: Archive,
        known: Known,
        landing: Landing,
        *,
        folder: Path,
        days: int,
        now: Clock,
    ) -> None:
        self._archive = archive
        self._known = known
        self._landing = landing
        self._folder = folder
        # Days of studies are those of the hospital; its scanners may be ahead of this clock.
        today = now().astimezone().date()
        self._days = [today - timedelta(days=back) for back in range(days, -2, -1)]

    def run(self, tally: Tally) -> None:
        """Fetch what is new.

        Raises:
            ArchiveFault: If the archive fails.
            StoppedError: If the program is to end.
            OutputError: If database or disk are out of order.
        """
        failed = [
            row
            for day in self._days
            for modality in ("CT", "SR")
            for row in sorted(self._listed(f"{day:%Y%m%d}", modality))
            if not tally.attempt(partial(self._fetch, row, modality))
        ]
        for row in () if tally.nothing_works else failed:
            tally.given_up += self._known.failed(row.series, row.study, max(row.count, 0))

    def _listed(self, day: str, modality: str) -> Iterator[SeriesRow]:
        """The series of a day; some servers ignore conditions, or do not repeat them."""
        fields = [("includefield", tag) for tag in (DAY, MODALITY, COUNT)]
        params = [("Modality", modality), ("StudyDate", day), *fields]
        for number, row in enumerate(self._rows("/series", SERIES, params)):
            if number == MOST_ROWS:
                raise ArchiveFault(f"it lists more than {MOST_ROWS} series of one day; see its log")
            parsed = parse_row(row, day) if value_of(row, MODALITY) in (modality, "") else None
            if parsed is not None and parsed.day == day and is_file_uid(parsed.series):
                yield parsed

    def _rows(self, path: str, key: str, params: list[tuple[str, str]]) -> Iterator[Any]:
        try:
            for page in pages(self._archive, path, key, params, self._archive.url):
                yield from page
        except ArchiveFault:
            raise
        except Fault as fault:
            if path != "/series":
                raise
            raise ArchiveFault(str(fault), fault.status) from None

    def _fetch(self, row: SeriesRow, modality: str) -> int | None:
        """Fetch a series; ``None`` if it has come already, or nothing is wanted of it."""
        if row.count >= 0 and self._known.is_settled(row.series, row.study, row.count):
            return None
        classes: dict[str, str] = {}
        if modality == "SR" or row.count < 0:
            classes = self._instances(row)
        count = row.count if row.count >= 0 else len(classes)
        if self._known.is_settled(row.series, row.study, count):
            return None
        n_new = (
            self._fetch_images(row, count)
            if modality == "CT"
            else self._fetch_reports(row, classes)
        )
        self._known.come(row.series, row.study, count)
        return n_new

    def _instances(self, row: SeriesRow) -> dict[str, str]:
        """SOP classes of the instances of a series, by UID."""
        found: dict[str, str] = {}
        params = [("includefield", SOP_CLASS)]
        for each in self._rows(f"{row.path}/instances", INSTANCE, params):
            found[value_of(each, INSTANCE)] = value_of(each, SOP_CLASS)
            if len(found) > MOST_INSTANCES:
                raise Fault(f"it lists more than {MOST_INSTANCES} instances of a series")
        return {uid: sop_class for uid, sop_class in found.items() if is_file_uid(uid)}

    def _fetch_images(self, row: SeriesRow, count: int) -> int:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            files = self._retrieved(row.path, max(count, 1), Path(folder))
            if len(files) < count:
                raise Fault(f"it lists {count} instances of a series, and sends {len(files)}")
            return self._adopted(files, row)

    def _fetch_reports(self, row: SeriesRow, classes: dict[str, str]) -> int | None:
        # A server that does not name classes sends every report, and most are left out then.
        wanted = sorted(uid for uid, each in classes.items() if each in (DOSE_REPORT, ""))
        n_new = 0
        for uid in wanted:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                files = self._retrieved(f"{row.path}/instances/{uid}", 1, Path(folder))
                n_new += self._adopted(files, row)
        return n_new if wanted else None

    def _adopted(self, files: list[Path], row: SeriesRow) -> int:
        name = self._known.name(row.series)
        return sum(self._landing.adopt(file, row.series, name) for file in files)

    def _retrieved(self, path: str, count: int, folder: Path) -> list[Path]:
        """The files of an answer."""
        try:
            with self._archive.get(path, ACCEPT) as answer:
                if answer.status_code in (204, 206):
                    raise Fault("it does not send all instances of a series; see its log")
                most_bytes = count * self._landing.most_bytes
                pieces = self._landing.bounded(answer.iter_content(), most_bytes)
                media = answer.headers.get("Content-Type", "")
                if boundary := boundary_of(media):
                    return split(pieces, boundary, folder)
                if media.partition(";")[0].strip().lower() != "application/dicom":
                    raise Fault("it must send a series as multipart/related, and does not")
                file = folder / "000000.dcm"
                with file.open("wb") as stream:
                    stream.writelines(pieces)
                return [file]
        except MultipartError as error:
            raise Fault(f"it does not send a whole series: {error}") from None
        except requests.RequestException:
            raise Fault("it closes the connection in the middle of a series") from None
