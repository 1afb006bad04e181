"""What reviewers say of a scan."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, tuple_

from ctiqa.clinic.records.records import Records
from ctiqa.errors import UsageError
from ctiqa.store.database.clinic_tables import notes
from ctiqa.store.database.parts import parts
from ctiqa.text.plain_text import clean

MOST_NOTE = 1000
"""Longest note, in characters."""

ScanName = tuple[str, str]
"""A scan in the store: ``series_uid`` and ``content``."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a reviewer says of a scan.

    Attributes:
        id: Number in the table.
        series: Name of the series in the store.
        content: Digest of its content, as stored.
        is_explained: Whether what is unusual has an explanation.
        note: In the reviewer's words.
        author: Name of the reviewer.
        written: When.
    """

    id: int
    series: str
    content: str
    is_explained: bool
    note: str
    author: str
    written: datetime


class Notes(Records):
    """Notes on the scans of a store; the latest one of a scan counts, earlier ones stay."""

    def write(self, scan: ScanName, note: str, *, author: str, is_explained: bool) -> None:
        """Add a note.

        Raises:
            UsageError: If it is longer than 1,000 characters.
        """
        if len(note) > MOST_NOTE:
            raise UsageError(
                f"a note must have at most {MOST_NOTE} characters, got {len(note)}; shorten it"
            )
        series, content = scan
        row = {
            "series": series,
            "content": content,
            "is_explained": is_explained,
            "note": clean(note, MOST_NOTE),
            "author": author,
            "written": self._now(),
        }
        with self._store.writing() as connection:
            connection.execute(insert(notes).values(row))

    def of_scan(self, scan: ScanName) -> list[Note]:
        """All notes on a scan, the latest first."""
        series, content = scan
        same = (notes.c.series == series) & (notes.c.content == content)
        with self._store.reading() as connection:
            rows = connection.execute(select(notes).where(same).order_by(notes.c.id.desc()))
            return [_note(row) for row in rows]

    def latest(self, scans: Collection[ScanName]) -> dict[ScanName, Note]:
        """The latest note on each of the scans that has one."""
        found: dict[ScanName, Note] = {}
        key = tuple_(notes.c.series, notes.c.content)
        with self._store.reading() as connection:
            for part in parts(sorted(scans)):
                query = select(notes).where(key.in_(part)).order_by(notes.c.id)
                for row in connection.execute(query):
                    found[row.series, row.content] = _note(row)
        return found


def _note(row: Row[Any]) -> Note:
    return Note(**row._mapping)
