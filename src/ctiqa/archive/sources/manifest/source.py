"""A manifest as a source: units by the column ``series``, or by folders of URLs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from ctiqa.archive.listing import stamp_of
from ctiqa.archive.sources.addresses import check_url, scheme_of, shown
from ctiqa.archive.sources.dicomweb.site import SCHEMES
from ctiqa.archive.sources.dicomweb.source import series_unit
from ctiqa.archive.sources.download import download
from ctiqa.archive.sources.faults import fetching, gone
from ctiqa.archive.sources.filesystem import open_filesystem
from ctiqa.archive.sources.manifest.table import check_file, read_table
from ctiqa.archive.unit import Entry, Unit, parent_of

UNKNOWN = "-"
"""Stamp of a URL for which the manifest states none: it counts as unchanged."""

_ROWS = 10_000
"""Number of rows that are Python objects at the same time."""


@dataclass(frozen=True, slots=True)
class ManifestUnit:
    """Rows of a manifest that belong together.

    Attributes:
        name: The folder or URL that they have in common.
        entries: Its files; URLs without passwords.
        urls: URLs with passwords, by the names of their entries; mostly empty.
    """

    name: str
    entries: tuple[Entry, ...]
    urls: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def fetch(self, folder: Path) -> Mapping[str, Path]:
        """Download what is a URL; local files stay where they are.

        Raises:
            RefusedError: If a file does not exist or cannot be had.
        """
        complete = dict(self.urls)
        places: dict[str, Path] = {}
        remote: dict[str, list[str]] = {}
        for each in self.entries:
            if scheme_of(each.name) is None:
                places[each.name] = _local(each.name, self.name)
            elif scheme_of(each.name) in SCHEMES:
                remote[each.name] = [each.name]
            else:
                remote.setdefault(each.name.rpartition("/")[0], []).append(each.name)
        for number, names in enumerate(remote.values()):
            inner = folder / f"{number:06}"
            inner.mkdir()
            places |= _fetch({name: complete.get(name, name) for name in names}, inner)
        return places


@dataclass(frozen=True, slots=True)
class ManifestSource:
    r"""A CSV or Parquet file that lists what is to be surveyed.

    Args:
        file: The manifest. Columns: ``path`` (local, perhaps relative to the manifest, or a URL),
            ``series`` (rows with equal values are one unit; optional), ``stamp`` (changes with the
            content; optional).

    Raises:
        UsageError: If it is not a file, or an extra is missing.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "m.csv").write_text("path,series\n1.dcm,a\n2.dcm,a\n3.dcm,\n")
    ...     source = ManifestSource(Path(folder, "m.csv"))
    ...     [len(unit.entries) for unit in source.units()], len(source.local_paths())
    ([2], 1)
    """

    file: Path

    def __post_init__(self) -> None:
        check_file(self.file)

    @property
    def name(self) -> str:
        """Its path."""
        return os.path.abspath(self.file)  # noqa: PTH100 - links stay as they are

    def units(self) -> Iterator[Unit]:
        """One unit for every value of ``series``; without it, one for every folder of a URL.

        Raises:
            DataError: If the manifest cannot be read, or rows contradict each other.
            UsageError: If a URL is wrong.
        """
        frame = read_table(self.file)
        frame = frame.filter(frame["kind"].is_not_null())
        rows = (row for part in frame.iter_slices(_ROWS) for row in part.iter_rows(named=True))
        for _, group in groupby(rows, itemgetter("kind", "unit")):
            yield self._unit(list(group))

    def local_paths(self) -> list[str]:
        """Absolute paths of the local files without a series, which are listed like folders.

        Raises:
            DataError: If the manifest cannot be read, or rows contradict each other.
        """
        frame = read_table(self.file)
        paths: list[str] = frame.filter(frame["kind"].is_null())["path"].to_list()
        return [self._absolute(path) for path in paths]

    def _unit(self, rows: list[dict[str, Any]]) -> ManifestUnit:
        entries, urls = [], []
        for row in rows:
            name, stamp = self._name_and_stamp(row["path"], row["stamp"])
            entries.append(Entry(name, stamp))
            if name != row["path"] and scheme_of(name):
                urls.append((name, row["path"]))
        entries.sort(key=lambda each: each.name)
        name = parent_of([each.name for each in entries])
        return ManifestUnit(name, tuple(entries), tuple(urls))

    def _name_and_stamp(self, path: str, stamp: str | None) -> tuple[str, str]:
        if scheme_of(path) is None:
            place = self._absolute(path)
            return place, stamp_of(place) if stamp is None else stamp
        check_url(path)
        return shown(path), UNKNOWN if stamp is None else stamp

    def _absolute(self, path: str) -> str:
        folder = os.path.dirname(self.name)  # noqa: PTH120 - for every row
        return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - for every row


def _local(path: str, name: str) -> Path:
    if not os.path.exists(path):  # noqa: PTH110 - for every row
        raise gone(name)
    return Path(path)


def _fetch(urls: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Fetch files of one folder of a server; keys are URLs as they are shown."""
    first, url = next(iter(urls.items()))
    if scheme_of(url) in SCHEMES:
        with fetching(first):
            series_unit(url, UNKNOWN).fetch(folder)
        return {first: folder}
    with fetching(first):
        paths = {}
        for name, complete in urls.items():
            filesystem, path = open_filesystem(complete)
            paths[path] = name
        places = download(filesystem, list(paths), folder, first, None)
        return {paths[path]: place for path, place in places.items()}
