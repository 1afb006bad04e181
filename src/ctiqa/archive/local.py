"""Series in folders of this computer: only files that are new or have changed are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ctiqa.archive.listing import Listed
from ctiqa.archive.seen import Seen
from ctiqa.archive.unit import Entry, LocalUnit, parent_of
from ctiqa.io import Found, ReadOptions
from ctiqa.score.scorer import ScoreProgress, Scorer
from ctiqa.types import Scan, Skipped

SKIPPED_AT_ONCE = 1000
"""Number of files without a series in one unit."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How headers are read.

    Attributes:
        scorer: Reads them, in its processes.
        options: How files are read.
        progress: Called with (stage, files done, number of files).
    """

    scorer: Scorer
    options: ReadOptions
    progress: ScoreProgress | None

    def read(self, entries: Sequence[Entry]) -> Found:
        """The series of some files."""
        if not entries:
            return Found((), ())
        paths = [Path(each.name) for each in entries]
        return self.scorer.find(paths, self.options, across_series=False, progress=self.progress)


def local_units(listed: Sequence[Listed], seen: Seen | None, reader: Reader) -> Iterator[LocalUnit]:
    """Units of the files that are new or have changed.

    A series that has grown or changed is read as a whole, with the files that were known.

    Args:
        listed: All files.
        seen: What a store knows of them; ``None`` takes all files for new.
        reader: Reads headers.

    Yields:
        A unit per series, or for the series of one archive; then units of skipped files.
    """
    entries = [each.entry for each in listed]
    new = entries if seen is None else seen.new(entries)
    found = reader.read(new)
    if seen is not None:
        siblings = seen.of_series((scan.series_uid for scan in found.scans), entries)
        if set(siblings) - set(new):
            new = sorted({*new, *siblings}, key=lambda each: each.name)
            found = reader.read(new)
    yield from _units(found, {each.name: each for each in new})


def _units(found: Found, entries: dict[str, Entry]) -> Iterator[LocalUnit]:
    rest = dict(entries)
    for scans in _sharing_files(found.scans, entries):
        files = {each.source.file for scan in scans for each in scan.headers}
        inside = tuple(
            entries[name] for name in sorted({_entry_of(each, entries) for each in files})
        )
        for each in inside:
            rest.pop(each.name, None)
        yield LocalUnit(parent_of([each.name for each in inside]), inside, Found(tuple(scans), ()))
    yield from _without_series(found.skipped, entries, rest)


def _without_series(
    skipped: Sequence[Skipped], entries: dict[str, Entry], rest: dict[str, Entry]
) -> Iterator[LocalUnit]:
    """Units of files that are skipped, or only belong to another file."""
    reasons: dict[str, list[Skipped]] = {name: [] for name in rest}
    for each in skipped:
        reasons.setdefault(_entry_of(each.file, entries), []).append(each)
    names = sorted(reasons)
    for start in range(0, len(names), SKIPPED_AT_ONCE):
        part = names[start : start + SKIPPED_AT_ONCE]
        why = tuple(each for name in part for each in reasons[name])
        yield LocalUnit(parent_of(part), tuple(entries[name] for name in part), Found((), why))


def _sharing_files(scans: Iterable[Scan], entries: dict[str, Entry]) -> list[list[Scan]]:
    """Scans in groups: those with files in one archive belong together."""
    groups: dict[int, list[Scan]] = {}
    group_of: dict[str, int] = {}
    for number, scan in enumerate(scans):
        names = {_entry_of(each.source.file, entries) for each in scan.headers}
        groups[number] = [scan]
        for other in {group_of[name] for name in names if name in group_of}:
            groups[number] = groups.pop(other) + groups[number]
        members = (each.source.file for each_scan in groups[number] for each in each_scan.headers)
        group_of.update((_entry_of(file, entries), number) for file in members)
    return list(groups.values())


def _entry_of(file: Path, entries: dict[str, Entry]) -> str:
    """Name of the listed file that is a file, or the archive with it inside."""
    places = (os.fspath(place) for place in (file, *file.parents))
    return next(place for place in places if place in entries)
