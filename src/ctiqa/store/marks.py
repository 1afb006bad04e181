"""Marks of files that a survey has dealt with; a second survey only reads files without one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from ctiqa.store.database.insert import insert_or_replace
from ctiqa.store.database.parts import parts
from ctiqa.store.database.tables import files
from ctiqa.store.privacy import Privacy


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that needs not be read again; all values are keyed hashes.

    A file of several series has one more mark for each further series, so that it is found with
    any of them; there, ``stamp`` is the ``input`` of its first mark.

    Attributes:
        input: Which file, scored by which model and how.
        stamp: Its size and time of modification when it was listed.
        series: The series that it belongs to; ``None`` if it is part of none.
        root: Where the survey began.
    """

    input: int
    stamp: int
    series: int | None
    root: int

    @property
    def files(self) -> tuple[int, int]:
        """Numbers of which one stands for the file: its own, or that of the first mark."""
        return self.input, self.stamp


@dataclass(frozen=True, slots=True)
class Marker:
    """Makes the marks of one survey.

    Attributes:
        privacy: That of the store.
        how: Model and options: a file that was scored by another model is a new one.

    >>> marker = Marker(Privacy(secret="ab"), "model and options")
    >>> marker.input("/a/1.dcm") == marker.input("/a/1.dcm") != marker.input("/a/2.dcm")
    True
    """

    privacy: Privacy
    how: str

    def input(self, name: str) -> int:
        """What stands for a file, by its path or URL."""
        return self.privacy.number("input", self.how, name)

    def further(self, name: str, series: str) -> int:
        """What stands for a file in the mark of its second series or a later one."""
        return self.privacy.number("further", self.how, name, series)

    def stamp(self, stamp: str, why: str = "") -> int:
        """What stands for the state of a file.

        Args:
            stamp: Its size and time of modification, or an ETag.
            why: Why it need not be read again, if it is not part of a series.
        """
        return self.privacy.number("stamp", why, stamp)

    def series(self, name: str) -> int:
        """What stands for a series, by its UID or its file."""
        return self.privacy.number("series", self.how, name)

    def root(self, name: str) -> int:
        """What stands for the place where a survey begins."""
        return self.privacy.number("root", self.how, name)


def put_marks(connection: Connection, marks: Iterable[Mark]) -> None:
    """Store marks, in place of earlier ones of the same files."""
    rows = [asdict(each) for each in sorted(marks, key=lambda each: each.input)]
    insert_or_replace(connection, files, rows)


def read_marks(connection: Connection, inputs: Collection[int]) -> dict[int, Mark]:
    """The marks of files, as far as they have one."""
    found = {}
    for part in parts(sorted(inputs)):
        for row in connection.execute(select(files).where(files.c.input.in_(part))):
            found[row.input] = Mark(*row)
    return found


def marks_of_series(connection: Connection, series: Collection[int]) -> list[Mark]:
    """The marks of all files of some series."""
    found: list[Mark] = []
    for part in parts(sorted(series)):
        query = select(files).where(files.c.series.in_(part))
        found.extend(Mark(*row) for row in connection.execute(query))
    return found


def gone_marks(
    connection: Connection, roots: Collection[int], listed: Collection[int]
) -> dict[int, Mark]:
    """The marks of files of some roots that are not listed any more, by their inputs."""
    gone = {}
    for part in parts(sorted(roots)):
        for row in connection.execute(select(files).where(files.c.root.in_(part))):
            mark = Mark(*row)
            if mark.input not in listed and mark.stamp not in listed:
                gone[mark.input] = mark
    return gone


def drop_marks(connection: Connection, inputs: Collection[int]) -> None:
    """Remove marks."""
    for part in parts(sorted(inputs)):
        connection.execute(delete(files).where(files.c.input.in_(part)))
