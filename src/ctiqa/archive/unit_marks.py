"""What becomes of the files of a unit: which of them the next survey need not read again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ctiqa.archive.choice import Choice
from ctiqa.archive.unit import Entry, Unit
from ctiqa.errors import Reason
from ctiqa.store.marks import Mark, Marker
from ctiqa.version import __version__

AGAIN = frozenset({Reason.STOPPED, Reason.NOT_FETCHED, Reason.NO_PERMISSION})
"""A file that is skipped for one of these reasons is tried again by the next survey."""

NOT_CHOSEN = "not chosen "
"""Begins the reason why a file that was left out need not be read again."""


@dataclass(slots=True)
class UnitMarks:
    """Makes the marks of a unit.

    Attributes:
        unit: The unit.
        root: Where the survey began.
        marker: Makes marks for the store.
        choice: Which series are scored.
        series: Series of an entry, by its name.
        reasons: Why an entry or part of it was skipped, by its name.
        skipped_names: Names of entries, and of files in archives, that were skipped.
        left_out: Names of entries with a series that was not chosen.
    """

    unit: Unit
    root: str
    marker: Marker
    choice: Choice
    series: dict[str, list[str]] = field(default_factory=dict)
    reasons: dict[str, set[Reason]] = field(default_factory=dict)
    skipped_names: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)

    def note_series(
        self, series: Sequence[str], names: Collection[str], *, is_chosen: bool
    ) -> None:
        """Note a series by its names, with the names of its entries."""
        for name in names:
            self.series.setdefault(name, []).extend(series)
        if not is_chosen:
            self.left_out.update(names)

    def note_skipped(self, name: str, shown: str, reason: Reason) -> None:
        """Note that an entry, or a file in it, was skipped."""
        self.reasons.setdefault(name, set()).add(reason)
        self.skipped_names.add(shown)

    @property
    def unread(self) -> list[Entry]:
        """Entries that are neither skipped nor part of a series: data files, or vanished ones."""
        known = self.series.keys() | self.reasons.keys()
        return [each for each in self.unit.entries if each.name not in known]

    def made(self) -> Iterator[Mark]:
        """The marks of all files, except those that the next survey must try again."""
        # What data files and their volumes have in common: one finds the other.
        data = [f"data {self.unit.entries[0].name}"] if self.series and self.unread else []
        for entry in self.unit.entries:
            if entry.stamp and not AGAIN & self.reasons.get(entry.name, set()):
                series = list(dict.fromkeys(self.series.get(entry.name, ())))
                is_whole = bool(series) or entry.name not in self.reasons
                yield from self._of(entry, [*series, *data] if is_whole else [])

    def _of(self, entry: Entry, series: Sequence[str]) -> Iterator[Mark]:
        """The mark of a file, and one for each further name of its series."""
        marker, root = self.marker, self.marker.root(self.root)
        number = marker.input(entry.name)
        stamp = marker.stamp(entry.stamp, self._why(entry))
        yield Mark(number, stamp, marker.series(series[0]) if series else None, root)
        for each in series[1:]:
            yield Mark(marker.further(entry.name, each), number, marker.series(each), root)

    def _why(self, entry: Entry) -> str:
        """Why a file need not be read again, apart from its stamp: the choice, or the version."""
        if entry.name in self.left_out:
            return NOT_CHOSEN + self.choice.digest
        return __version__ if entry.name in self.reasons else ""
