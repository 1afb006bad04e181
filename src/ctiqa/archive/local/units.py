"""Series in folders of this computer: only files that are new or have changed are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ctiqa.archive.listing import Listed
from ctiqa.archive.local.headers import Headers
from ctiqa.archive.reading import Reader
from ctiqa.archive.seen import Seen
from ctiqa.archive.unit import LocalUnit, parent_of
from ctiqa.io import Found

SKIPPED_AT_ONCE = 1000
"""Number of files without a series in one unit."""


def local_units(listed: Sequence[Listed], seen: Seen | None, reader: Reader) -> Iterator[LocalUnit]:
    """Units of the files that are new or have changed.

    A series that has grown or changed is read as a whole, with the files that were known.

    Args:
        listed: All files.
        seen: What a store knows of them; ``None`` takes all files for new.
        reader: Reads headers.

    Yields:
        A unit per series, or for the series of one archive; then units of skipped files.

    Raises:
        StoppedError: If the survey is stopped.
    """
    entries = {each.entry.name: each.entry for each in listed}
    every = list(entries.values())
    new = {each.name for each in (every if seen is None else seen.new(every))}
    headers = Headers(entries, reader, wanted=new)
    headers.read(new)
    while seen is not None and (more := headers.read_too_late(seen)):
        headers.read(more)
    yield from _units(headers)


def _units(headers: Headers) -> Iterator[LocalUnit]:
    rest, skipped = set(headers.wanted), headers.skipped_by_name()
    for group in headers.groups:
        if group.names & headers.wanted:
            rest -= group.names
            why = [each for name in sorted(group.names) for each in skipped.get(name, ())]
            yield _unit(sorted(group.names), headers, Found(group.scans, tuple(why)))
    ordered = sorted(rest)
    for start in range(0, len(ordered), SKIPPED_AT_ONCE):
        part = ordered[start : start + SKIPPED_AT_ONCE]
        why = [each for name in part for each in skipped.get(name, ())]
        yield _unit(part, headers, Found((), tuple(why)))


def _unit(names: Sequence[str], headers: Headers, found: Found) -> LocalUnit:
    return LocalUnit(parent_of(names), tuple(headers.entries[name] for name in names), found)
