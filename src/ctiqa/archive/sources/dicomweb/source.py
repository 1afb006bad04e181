"""A DICOMweb server as a source: CT series by day of their study, a unit for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ctiqa.archive.sources.dicomweb.site import Site, parse_site
from ctiqa.archive.sources.unfetchable import UnfetchableUnit
from ctiqa.archive.unit import Entry, Unit
from ctiqa.errors import OutputError, Reason, RefusedError, UsageError
from ctiqa.system.extras import require_extra

if TYPE_CHECKING:
    from ctiqa.archive.sources.dicomweb.rows import SeriesRow
    from ctiqa.archive.sources.dicomweb.session import Server

_ADDRESS = re.compile(r"(.+)(/studies/[0-9.]{1,64}/series/[0-9.]{1,64})/?")


@dataclass(frozen=True, slots=True)
class SeriesUnit:
    """A series of a DICOMweb server.

    Attributes:
        site: The server, with the login of its address if there is one.
        path: Where the series is below the address of the server.
        stamp: Changes when the series does.
        count: Number of its instances; -1 if unknown.
    """

    site: Site
    path: str
    stamp: str
    count: int = -1

    @property
    def name(self) -> str:
        """Address of the series."""
        return self.site.base + self.path

    @property
    def entries(self) -> tuple[Entry, ...]:
        """One entry for the whole series."""
        return (Entry(self.name, self.stamp),)

    def fetch(self, folder: Path) -> Mapping[str, Path]:
        """Fetch all instances of the series; the entry is the folder with them.

        Raises:
            RefusedError: If the series is gone, not complete, or cannot be had.
        """
        _require()
        from ctiqa.archive.sources.dicomweb.retrieve import retrieve  # noqa: PLC0415 - optional
        from ctiqa.archive.sources.dicomweb.session import Fault, Server  # noqa: PLC0415 - optional

        try:
            with Server(self.site) as server:
                retrieve(server, self.path, self.count, folder, self.name)
        except (Fault, UsageError) as error:
            raise RefusedError(Reason.NOT_FETCHED, str(error)) from error
        except OSError as error:
            detail = f"'{self.name}' cannot be written to a temporary folder ({error.strerror})"
            raise RefusedError(Reason.NOT_FETCHED, f"{detail}; name another with TMPDIR") from error
        return {self.name: folder}


@dataclass(frozen=True, slots=True)
class DicomwebSource:
    """CT series of a DICOMweb server.

    Args:
        url: Address of the service, such as ``https://pacs.example/dicom-web``; it may hold a
            login. Otherwise that of ``CTIQA_DICOMWEB_TOKEN`` or ``CTIQA_DICOMWEB_USER`` and
            ``CTIQA_DICOMWEB_PASSWORD`` is sent, never over plain http to another computer.
        since: First day of the study; the server is then asked day by day.
        until: Last day of the study; today if only ``since`` is given.

    Raises:
        UsageError: If the address is wrong, ``since`` is after ``until``, or an extra is missing.

    >>> DicomwebSource("https://me:secret@pacs.example/dicom-web").name
    'https://pacs.example/dicom-web'
    """

    url: str = field(repr=False)
    since: date | None = None
    until: date | None = None

    def __post_init__(self) -> None:
        _require()
        parse_site(self.url).authorization()
        if self.since and self.until and self.since > self.until:
            raise UsageError(f"'since' must not be after 'until', got {self.since} > {self.until}")

    @property
    def name(self) -> str:
        """Its address, without a login."""
        return parse_site(self.url).base

    def units(self) -> Iterator[Unit]:
        """One unit for every CT series, sorted by day of the study.

        Raises:
            OutputError: If the server cannot be reached or does not answer as it should.
            UsageError: If it wants another login.
        """
        from ctiqa.archive.sources.dicomweb.session import Fault, Server  # noqa: PLC0415 - optional

        site = parse_site(self.url)
        try:
            with Server(site) as server:
                for day in _periods(self.since, self.until):
                    yield from _units(site, server, day)
        except Fault as fault:
            kind = UsageError if fault.status in (401, 403) else OutputError
            raise kind(str(fault)) from fault


def series_unit(address: str, stamp: str) -> SeriesUnit:
    """A series by its address, as it is in a manifest.

    Raises:
        UsageError: If it is not the address of a series.

    >>> series_unit("https://pacs.example/dicom-web/studies/1.2/series/1.3", "-").path
    '/studies/1.2/series/1.3'
    """
    site = parse_site(address)
    found = _ADDRESS.fullmatch(site.base)
    if found is None:
        raise UsageError(
            "an http address in a manifest must be that of a series of a DICOMweb server: "
            "https://HOST/dicom-web/studies/UID/series/UID"
        )
    return SeriesUnit(Site(found[1], site.login), found[2], stamp)


def _require() -> None:
    require_extra("a DICOMweb server", "requests", extra="clinic")


def _periods(since: date | None, until: date | None) -> Iterator[str]:
    """Conditions on the day: one for each day, or one for all; empty for no condition."""
    if since is None:
        yield f"-{until:%Y%m%d}" if until else ""
        return
    # The clock of the scanner may be ahead of this one's.
    last = until or date.today() + timedelta(days=1)
    for day in range((last - since).days + 1):
        yield f"{since + timedelta(days=day):%Y%m%d}"


def _units(site: Site, server: Server, period: str) -> Iterator[Unit]:
    from ctiqa.archive.sources.dicomweb.query import pages  # noqa: PLC0415 - optional
    from ctiqa.archive.sources.dicomweb.rows import (  # noqa: PLC0415 - optional
        COUNT,
        DAY,
        MODALITY,
        SERIES,
        is_ct,
        parse_row,
    )

    fields = [("includefield", tag) for tag in (DAY, MODALITY, COUNT)]
    params = [("Modality", "CT"), *([("StudyDate", period)] if period else []), *fields]
    day = period if period[:1].isdigit() else ""
    found: list[SeriesRow] = []
    broken = 0
    for page in pages(server, "/series", SERIES, params, site.base):
        for row in filter(is_ct, page):
            parsed = parse_row(row, day)
            broken += parsed is None
            if parsed is not None and _is_in(parsed.day, period):
                found.append(parsed)
    yield from (_unit(site, server, row) for row in sorted(found))
    if broken:
        problem = f"'{site.base}' lists a CT series without a valid UID; correct it on the server"
        yield UnfetchableUnit(f"{site.base}/series?{period or 'all'}", problem)


def _is_in(day: str, period: str) -> bool:
    """Whether a day is in the period; some servers ignore the condition."""
    if not day or not period:
        return True
    return day <= period[1:] if period[0] == "-" else day == period


def _unit(site: Site, server: Server, row: SeriesRow) -> Unit:
    from ctiqa.archive.sources.dicomweb.session import Fault  # noqa: PLC0415 - optional

    try:
        count = row.count if row.count >= 0 else _count(site, server, row)
    except Fault as fault:
        if not fault.status:
            raise
        return UnfetchableUnit(site.base + row.path, str(fault))
    return SeriesUnit(site, row.path, f"{count} {row.rest}", count)


def _count(site: Site, server: Server, row: SeriesRow) -> int:
    """The number of instances, for servers that do not say it in the list of series."""
    from ctiqa.archive.sources.dicomweb.query import pages  # noqa: PLC0415 - optional
    from ctiqa.archive.sources.dicomweb.rows import INSTANCE  # noqa: PLC0415 - optional

    found = pages(server, f"{row.path}/instances", INSTANCE, (), site.base)
    return sum(len(page) for page in found)
