"""Units of work: files that are fetched and scored together, mostly those of one series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ctiqa.io import Found


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive, as listed.

    Attributes:
        name: Absolute path or URL. It may hold the name of a patient: it is never stored or
            logged, only its hash.
        stamp: Whatever changes when the content changes: size and time of modification, or an
            ETag.
    """

    name: str
    stamp: str


class Unit(Protocol):
    """Files that are fetched and scored together; small, immutable, and can be pickled."""

    @property
    def name(self) -> str:
        """What the unit is called in messages: a folder or URL, without credentials."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its files, sorted by name."""

    def fetch(self, folder: Path) -> Mapping[str, Path]:
        """Make the files available on this computer.

        Args:
            folder: An empty folder for downloads; removed after the unit was scored.

        Returns:
            Where each file is, by the name of its entry.

        Raises:
            RefusedError: With ``NOT_FETCHED`` if they cannot be had; the next survey tries again.
        """


class Source(Protocol):
    """Something to survey: folders, a manifest, a bucket, a server."""

    @property
    def name(self) -> str:
        """Its address, without credentials."""

    def units(self) -> Iterator[Unit]:
        """List everything, in a fixed order, without fetching it.

        Raises:
            DataError: If the listing is not what it must be.
            OutputError: If the source cannot be reached.
            UsageError: If an extra or credentials are missing.
        """


@dataclass(frozen=True)
class LocalUnit:
    """Files of this computer, which need no fetching.

    Attributes:
        name: A folder or file.
        entries: The files.
        found: What their headers say, if they were read already; not pickled.

    >>> unit = LocalUnit("scan", (Entry("scan/1.dcm", "1"),))
    >>> dict(unit.fetch(Path()))["scan/1.dcm"].name
    '1.dcm'
    """

    name: str
    entries: tuple[Entry, ...]
    found: Found | None = field(default=None, repr=False, compare=False)

    def fetch(self, folder: Path) -> Mapping[str, Path]:  # noqa: ARG002 - nothing is downloaded
        """Where the files are: where they were listed."""
        return {each.name: Path(each.name) for each in self.entries}

    def __reduce__(self) -> tuple[type[LocalUnit], tuple[str, tuple[Entry, ...]]]:
        return LocalUnit, (self.name, self.entries)


def parent_of(names: Sequence[str]) -> str:
    """The place that files have in common, up to the last ``/``.

    >>> parent_of(["/a/b/1.dcm", "/a/b/2.dcm"]), parent_of(["s3://x/y/1.dcm"])
    ('/a/b', 's3://x/y')
    """
    first, last = min(names), max(names)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    return first[:shared].rpartition("/")[0] or first
