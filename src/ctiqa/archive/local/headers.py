"""Headers of new files, with those of the files that belong to the same series."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ctiqa.archive.local.groups import Group, groups_of
from ctiqa.archive.reading import Reader
from ctiqa.archive.seen import Seen
from ctiqa.archive.unit import Entry, entry_name
from ctiqa.errors import Reason
from ctiqa.io.access.files import HEADER_SUFFIXES
from ctiqa.types import Skipped


@dataclass(slots=True)
class Headers:
    """What headers say.

    Attributes:
        entries: All files that are there, by name.
        reader: Reads headers.
        wanted: Names of the files that the survey must deal with.
        places: Names of the files by their places, which are the same.
        done: Names of the files that were read.
        groups: The series.
        skipped: Why other files were skipped.
    """

    entries: Mapping[str, Entry]
    reader: Reader
    wanted: set[str]
    places: Mapping[str, str] = field(init=False, repr=False)
    done: set[str] = field(default_factory=set)
    groups: list[Group] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = {name: name for name in self.entries}

    def read(self, names: set[str]) -> None:
        """Read headers; what is known of these files is replaced.

        Raises:
            StoppedError: If the survey is stopped.
        """
        self.groups = [each for each in self.groups if not each.names & names]
        self.skipped = [each for each in self.skipped if self._name_of(each) not in names]
        found = self.reader.read([self.entries[name] for name in sorted(names)])
        self.groups.extend(groups_of(found.scans, self.places, found.skipped))
        self.skipped.extend(found.skipped)
        self.done |= names

    def read_too_late(self, seen: Seen) -> set[str]:
        """Files that must be read together: some that were read, with some that were not.

        Args:
            seen: Knows which files were of the same series when they were last looked at.
        """
        again = self._series_with_more(seen)
        if again:
            again |= {
                self._name_of(each) for each in self.skipped if each.reason is Reason.DUPLICATE
            }
        again |= self._volumes_with_data()
        for group in self.groups:
            if group.names & again:
                again |= group.names
        return again

    def skipped_by_name(self) -> dict[str, list[Skipped]]:
        """Why files, or files in an archive, were skipped, by the name of the entry."""
        found: dict[str, list[Skipped]] = {}
        for each in self.skipped:
            found.setdefault(self._name_of(each), []).append(each)
        return found

    def _series_with_more(self, seen: Seen) -> set[str]:
        """Files of series of which some files were not read yet."""
        names = {name for group in self.groups for name in group.series}
        files = seen.of_series(names, list(self.entries.values()))
        again: set[str] = set()
        for group in self.groups:
            if not group.names & self.wanted:
                continue
            siblings = set().union(*(files[name] for name in group.series))
            self.wanted |= siblings
            if siblings - self.done:
                again |= siblings | group.names
        return again

    def _volumes_with_data(self) -> set[str]:
        """Headers of volumes that were skipped before, beside new files that may be their data."""
        unknown = [each for each in self.skipped if each.reason is Reason.UNKNOWN_FORMAT]
        folders = {_folder(self._name_of(each)) for each in unknown}
        beside = {
            name
            for name in self.entries.keys() - self.done
            if name.lower().endswith(HEADER_SUFFIXES) and _folder(name) in folders
        }
        folders = {_folder(name) for name in beside}
        data = {name for name in map(self._name_of, unknown) if _folder(name) in folders}
        return beside | data

    def _name_of(self, skipped: Skipped) -> str:
        return entry_name(skipped.file, self.places)


def _folder(name: str) -> str:
    return os.path.dirname(name)  # noqa: PTH120 - for every file
