"""The list of changes of an Orthanc, and what it says of series; nothing in it is trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ctiqa.archive.sources.dicomweb.session import Fault
from ctiqa.clinic.fetching.faults import ArchiveFault
from ctiqa.clinic.fetching.session import Archive
from ctiqa.clinic.spool.spool import is_file_uid

PAGE = 1000
"""Changes that are asked for at once; one series has one for each instance and a few more."""

MOST_INSTANCES = 100_000
"""Maximum number of instances of a series."""

KINDS = frozenset({"NewSeries", "StableSeries"})

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{8}){4}")

_NOT_ORTHANC = "it must answer as Orthanc does, and does not; correct 'url' in [[fetch]]"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list of changes.

    Attributes:
        series: Identifiers of series that are new or complete, with the time, in order.
        last: Number of the last change.
        date: Time of the last change; empty if there is none.
        is_end: Whether there are no more.
    """

    series: tuple[tuple[str, str], ...]
    last: int
    date: str
    is_end: bool


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series in an Orthanc.

    Attributes:
        modality: Its modality.
        uid: Series Instance UID.
        count: Number of its instances.
        is_stable: Whether nothing has come for a while.
    """

    modality: str
    uid: str
    count: int
    is_stable: bool


def last_change(archive: Archive) -> int:
    """Number of the newest change.

    Raises:
        ArchiveFault: If the archive does not answer as Orthanc does.
    """
    return _page(_asked(archive, "/changes", [("last", "")]), -1).last


def change_at(archive: Archive, number: int) -> str:
    """Time of a change; empty if it is no longer listed.

    Raises:
        ArchiveFault: If the archive does not answer as Orthanc does.
    """
    page = _page(_asked(archive, "/changes", _params(number - 1, 1)), number - 1)
    return page.date if page.last == number else ""


def changes_after(archive: Archive, number: int) -> Page:
    """The changes that follow one.

    Raises:
        ArchiveFault: If the archive does not answer as Orthanc does.
    """
    return _page(_asked(archive, "/changes", _params(number, PAGE)), number)


def series_state(archive: Archive, identifier: str) -> SeriesState | None:
    """What the archive says of a series; ``None`` if it is gone.

    Raises:
        Fault: If it says nothing that can be used.
    """
    try:
        found = archive.json(f"/series/{identifier}")
    except Fault as fault:
        if fault.status in (404, 410):
            return None
        raise
    tags = found.get("MainDicomTags") if isinstance(found, dict) else None
    instances = found.get("Instances") if isinstance(found, dict) else None
    if not isinstance(tags, dict) or not isinstance(instances, list):
        raise Fault(_NOT_ORTHANC)
    uid = str(tags.get("SeriesInstanceUID", "")).strip()
    if not is_file_uid(uid) or len(instances) > MOST_INSTANCES:
        raise Fault("it lists a series without a valid UID, or with too many instances")
    modality = str(tags.get("Modality", "")).strip()
    return SeriesState(modality, uid, len(instances), found.get("IsStable") is not False)


def instances_of(archive: Archive, identifier: str) -> dict[str, str]:
    """SOP Instance UIDs of the instances of a series, by identifier.

    Raises:
        Fault: If the list cannot be used.
    """
    found = archive.json(f"/series/{identifier}/instances")
    if not isinstance(found, list) or len(found) > MOST_INSTANCES:
        raise Fault(_NOT_ORTHANC)
    instances: dict[str, str] = {}
    for each in found:
        tags = each.get("MainDicomTags") if isinstance(each, dict) else None
        name = str(each.get("ID")) if isinstance(each, dict) else ""
        uid = str(tags.get("SOPInstanceUID", "")).strip() if isinstance(tags, dict) else ""
        if not (_ID.fullmatch(name) and is_file_uid(uid)):
            raise Fault("it lists an instance without a valid UID; see its log")
        instances[name] = uid
    return instances


def _params(since: int, limit: int) -> list[tuple[str, str]]:
    return [("since", str(since)), ("limit", str(limit))]


def _asked(archive: Archive, path: str, params: list[tuple[str, str]]) -> Any:
    """Without a list of changes, nothing can be done."""
    try:
        return archive.json(path, params)
    except ArchiveFault:
        raise
    except Fault as fault:
        raise ArchiveFault(str(fault), fault.status) from None


def _page(found: Any, since: int) -> Page:
    try:
        changes, last, is_end = found["Changes"], int(found["Last"]), bool(found["Done"])
        rows = [(int(each["Seq"]), str(each["Date"]), each) for each in changes]
        series = tuple(
            (str(each["ID"]), date)
            for _, date, each in rows
            if each["ChangeType"] in KINDS and _ID.fullmatch(str(each["ID"]))
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ArchiveFault(_NOT_ORTHANC) from None
    if any(number <= since for number, *_ in rows):
        raise ArchiveFault("its list of changes goes backwards; see its log")
    number, date, _ = rows[-1] if rows else (last, "", None)
    return Page(series, number, date[:32], is_end or not rows)
