"""Units of work: files that are fetched and scored together, mostly those of one series."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ctiqa.io import Found
from ctiqa.types import Scan


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


def entry_name(file: Path, names: Mapping[str, str]) -> str:
    """The name of the entry that a file is, or the archive that it is in.

    Args:
        file: A file of a unit.
        names: Names of the entries by their places on this computer.

    >>> entry_name(Path("a.zip/1.dcm"), {"a.zip": "/data/a.zip"})
    '/data/a.zip'
    """
    for place in (file, *file.parents):
        if name := names.get(os.fspath(place)):
            return name
    return os.fspath(file)


def shown_name(file: Path, names: Mapping[str, str]) -> str:
    """What a file is called in messages: as it was listed; in an archive, with its name there.

    Args:
        file: A file of a unit.
        names: Names of the entries by their places on this computer.

    >>> shown_name(Path("a.zip/1.dcm"), {"a.zip": "/data/a.zip"})
    '/data/a.zip/1.dcm'
    """
    for place in (file, *file.parents):
        if name := names.get(os.fspath(place)):
            return "/".join([name, *file.relative_to(place).parts])
    return os.fspath(file)


def series_names(scan: Scan, names: Mapping[str, str]) -> list[str]:
    """By what a series is found again when a file is added: its UID, or its first file.

    Slices that name no series, or each its own, may belong together if they are in one folder;
    then the folder is a second name.

    Args:
        scan: The series.
        names: Names of the entries by their places on this computer.
    """
    sources = [each.source for each in scan.headers]
    uids = {each.series_uid for each in sources}
    found = [sources[0].series_uid or entry_name(sources[0].file, names)]
    if sources[0].format == "dicom" and (uids == {None} or len(uids) == len(sources)):
        folder = os.path.dirname(shown_name(sources[0].file, names))  # noqa: PTH120 - or a URL
        found.append(f"folder {folder}")
    return found
