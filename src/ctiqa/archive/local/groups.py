"""Series that must be worked on together, because they share files: archives, or voxels.

Duplicates belong to their originals: read without them, they would be a series of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ctiqa.archive.unit import entry_name, series_names
from ctiqa.store.content import data_files
from ctiqa.types import Scan, Skipped


@dataclass(frozen=True, slots=True)
class Group:
    """Series that share files.

    Attributes:
        scans: The series.
        names: Names of the entries that they are in, with those of their duplicates.
        series: Names of the series, by which other files of them are found.
    """

    scans: tuple[Scan, ...]
    names: frozenset[str]
    series: frozenset[str]


def groups_of(
    scans: Sequence[Scan], places: Mapping[str, str], skipped: Iterable[Skipped] = ()
) -> list[Group]:
    """Group series that share files: of a folder, each series is a group of its own.

    Args:
        scans: The series.
        places: Names of the entries by their places on this computer.
        skipped: What was skipped; duplicates are joined to their originals.

    Returns:
        The groups, in the order of their first series.
    """
    files = [_names(scan, places) for scan in scans]
    first_of: dict[str, str] = {}
    for names in files:
        _join(first_of, names)
    doubles = _join_duplicates(first_of, skipped, places)
    members: dict[str, list[int]] = {}
    for number, names in enumerate(files):
        members.setdefault(_first(first_of, min(names)), []).append(number)
    return [
        Group(
            tuple(scans[number] for number in numbers),
            frozenset().union(*(files[number] for number in numbers), doubles.get(first, ())),
            frozenset(name for number in numbers for name in series_names(scans[number], places)),
        )
        for first, numbers in members.items()
    ]


def _names(scan: Scan, places: Mapping[str, str]) -> set[str]:
    """Names of the entries that a series is in, with the data files of a volume."""
    files = {each.source.file for each in scan.headers}
    data = map(os.fspath, data_files(scan.headers[0].source))
    return {entry_name(file, places) for file in files} | (set(data) & places.keys())


def _join_duplicates(
    first_of: dict[str, str], skipped: Iterable[Skipped], places: Mapping[str, str]
) -> dict[str, set[str]]:
    """Join duplicates to their originals.

    Returns:
        Names of their entries, by the file that stands for the group.
    """
    names = set()
    for each in skipped:
        if each.original is not None:
            name = entry_name(each.file, places)
            _join(first_of, (name, entry_name(each.original, places)))
            names.add(name)
    doubles: dict[str, set[str]] = {}
    for name in names:
        doubles.setdefault(_first(first_of, name), set()).add(name)
    return doubles


def _join(first_of: dict[str, str], names: Iterable[str]) -> None:
    """Note that files belong together.

    Args:
        first_of: Another file of the same group, for every file; the first one has itself.
        names: The files.
    """
    firsts = {_first(first_of, name) for name in names}
    first = min(firsts)
    first_of.update(dict.fromkeys(firsts, first))


def _first(first_of: dict[str, str], name: str) -> str:
    """The file that stands for the group of a file."""
    while (other := first_of.setdefault(name, name)) != name:
        first_of[name] = first_of[other]
        name = other
    return name
