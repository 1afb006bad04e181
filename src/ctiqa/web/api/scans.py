"""Scans, their slices and notes."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request

from ctiqa.clinic.records.notes import Note, ScanName
from ctiqa.errors import UsageError
from ctiqa.store.where import parse_conditions
from ctiqa.web.api.callers import Reader, writer
from ctiqa.web.api.models import NoteIn, NoteOut, Scan, ScanDetail, ScanList, Slice
from ctiqa.web.context import Site, record, site_of
from ctiqa.web.problems import Problem, ProblemError
from ctiqa.web.reading.view import ScanView
from ctiqa.web.security.viewer import Viewer

router = APIRouter(tags=["scans"])

MOST_CONDITIONS = 8

SCAN = r"^[0-9a-f]{32}$"

Name = Annotated[str, Path(alias="scan", pattern=SCAN, description="Name of the scan")]
Text = Annotated[str, Query(max_length=200)]
Where = Annotated[
    list[Text] | None,
    Query(
        max_length=MOST_CONDITIONS,
        description="Conditions that must all hold, as of `ctiqa trends --where`",
        examples=[["protocol=Abdomen*", "kvp<=100"]],
    ),
]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which scans are listed.

    Attributes:
        where: Conditions that must all hold.
        since: First day of the study.
        until: Last day of the study.
        current: Whether only the latest result of a series counts.
    """

    where: Where = None
    since: Annotated[date | None, Query(description="First day of the study")] = None
    until: Annotated[date | None, Query(description="Last day of the study")] = None
    current: Annotated[bool, Query(description="Only the latest result of a series")] = True

    def of(self, view: ScanView) -> pl.DataFrame:
        """The rows of a view.

        Raises:
            ProblemError: 400 if a condition breaks a rule.
        """
        days = [f"study_day>={self.since}"] if self.since else []
        days += [f"study_day<={self.until}"] if self.until else []
        try:
            conditions = parse_conditions([*(self.where or ()), *days])
        except UsageError as error:
            rule, _, remedy = str(error).rpartition("; ")
            raise ProblemError(Problem(400, "wrong_condition", rule or remedy, remedy)) from None
        frame = view.where(conditions)
        return frame.filter(pl.col("current")) if self.current else frame


@router.get("/scans", summary="Scans, the one stored last first")
def list_scans(
    request: Request,
    who: Reader,
    chosen: Annotated[Filter, Depends()],
    cursor: Annotated[str | None, Query(pattern=SCAN, description="`next` of a page")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> ScanList:
    """A page of scans."""
    frame = chosen.of(site_of(request).scans.of(who))
    start = 0 if cursor is None else _after(frame, cursor)
    page = frame.slice(start, limit)
    is_last = start + page.height >= frame.height
    record(request, who.name, "api_scans")
    return ScanList(
        n=frame.height,
        scans=[scan_out(row) for row in page.iter_rows(named=True)],
        next=None if is_last else str(page["scan"][-1]),
    )


@router.get("/scans/{scan}", summary="One scan with its slices")
def show_scan(request: Request, who: Reader, name: Name) -> ScanDetail:
    """A scan, its slices and the notes on it."""
    site = site_of(request)
    row = found_scan(site, who, name)
    record(request, who.name, "api_scan", row["series_uid"])
    return ScanDetail(
        scan=scan_out(row),
        slices=[Slice(**each) for each in slices_of(site, row)],
        notes=_notes(site, row),
    )


@router.get("/scans/{scan}/notes", summary="Notes on a scan, the latest first")
def list_notes(request: Request, who: Reader, name: Name) -> list[NoteOut]:
    """What reviewers say of a scan."""
    site = site_of(request)
    row = found_scan(site, who, name)
    record(request, who.name, "api_notes", row["series_uid"])
    return _notes(site, row)


@router.post("/scans/{scan}/notes", summary="Add a note", status_code=201)
def add_note(
    request: Request, who: Annotated[Viewer, Depends(writer)], name: Name, note: NoteIn
) -> list[NoteOut]:
    """Add a note of a reviewer; the answer is all notes on the scan."""
    site = site_of(request)
    row = found_scan(site, who, name)
    site.notes.write(_key(row), note.note, author=who.name, is_explained=note.is_explained)
    record(request, who.name, "note", row["series_uid"])
    return _notes(site, row)


def found_scan(site: Site, who: Viewer, name: str) -> dict[str, Any]:
    """The row of a scan.

    Raises:
        ProblemError: 404 if there is none that the viewer may see.
    """
    row = site.scans.of(who).one(name)
    if row is None:
        raise ProblemError(
            Problem(404, "no_such_scan", "there is no such scan", "see the list of scans", name)
        )
    return row


def slices_of(site: Site, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Slices of a scan along z; an infinite reserve is unknown."""
    same = [pl.col(name) == row[name] for name in ("content", "model_digest", "options_digest")]
    frame = site.store.slices(row["series_uid"]).filter(*same)
    return [_finite(each) for each in frame.iter_rows(named=True)]


def scan_out(row: dict[str, Any]) -> Scan:
    """A row as an object of the API."""
    lists = {
        name: json.loads(row[name]) if row[name] else empty
        for name, empty in (("findings", {}), ("flags", {}), ("scan_flags", []), ("warnings", []))
    }
    return Scan(**{**_finite(row), **lists, "series": row["series_uid"]})


def _after(frame: pl.DataFrame, cursor: str) -> int:
    """Row after that of a cursor."""
    found = frame.select(pl.col("scan").eq(cursor).arg_true())["scan"]
    if not found.len():
        raise ProblemError(
            Problem(
                400,
                "wrong_cursor",
                "'cursor' must be 'next' of a page with the same conditions",
                "begin with the first page",
                cursor,
            )
        )
    return int(found[0]) + 1


def _notes(site: Site, row: dict[str, Any]) -> list[NoteOut]:
    return [_note_out(note) for note in site.notes.of_scan(_key(row))]


def _note_out(note: Note) -> NoteOut:
    return NoteOut.model_validate(note)


def _key(row: dict[str, Any]) -> ScanName:
    return row["series_uid"], row["content"]


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
