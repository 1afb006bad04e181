"""Which files of a listing are new or changed, and which others belong to the same series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctiqa.archive.choice import Choice
from ctiqa.archive.unit import Entry
from ctiqa.archive.unit_marks import NOT_CHOSEN
from ctiqa.store.marks import Mark, Marker
from ctiqa.store.store import Store
from ctiqa.version import __version__


@dataclass(frozen=True, slots=True)
class Seen:
    """What a store knows of the files of an archive.

    Attributes:
        store: The store.
        marker: Makes the marks of this survey.
        choice: Which series are scored.
    """

    store: Store
    marker: Marker
    choice: Choice

    def new(self, entries: Sequence[Entry]) -> list[Entry]:
        """The files that are new, have changed, or must be looked at again.

        If a file of a series has changed, all of the series is looked at again, also if the file
        does not belong to it any more.
        """
        numbers = [self.marker.input(each.name) for each in entries]
        marks = self.store.marks(numbers)
        kept = [self._is_known(*each, marks) for each in zip(entries, numbers, strict=True)]
        changed = (
            marks[number]
            for number, is_known in zip(numbers, kept, strict=True)
            if not is_known and number in marks
        )
        series = {mark.series for mark in changed if mark.series is not None}
        again = self._inputs_of(series)
        return [
            entry
            for entry, number, is_known in zip(entries, numbers, kept, strict=True)
            if not is_known or number in again
        ]

    def of_series(self, names: Iterable[str], entries: Sequence[Entry]) -> dict[str, set[str]]:
        """The files that were part of some series when they were last looked at.

        Args:
            names: Names of the series, of :func:`ctiqa.archive.unit.series_names`.
            entries: The files that are there.

        Returns:
            Names of files by the name of the series.
        """
        series = {self.marker.series(name): name for name in names}
        found: dict[str, set[str]] = {name: set() for name in series.values()}
        wanted: dict[int, set[str]] = {}
        for mark in self.store.marks_of_series(series):
            for number in mark.files:
                wanted.setdefault(number, set()).add(series[mark.series or 0])
        for entry in entries if wanted else ():
            for name in wanted.get(self.marker.input(entry.name), ()):
                found[name].add(entry.name)
        return found

    def forget_others(self, roots: Iterable[str], entries: Sequence[Entry]) -> int:
        """Forget the files of roots that are no longer there; returns their number.

        Args:
            roots: Where the survey began.
            entries: All files that are there, below any of the roots.
        """
        listed = {self.marker.input(each.name) for each in entries}
        return self.store.forget_others({self.marker.root(root) for root in roots}, listed)

    def _is_known(self, entry: Entry, number: int, marks: dict[int, Mark]) -> bool:
        mark = marks.get(number)
        if mark is None or not entry.stamp:
            return False
        whys = ("", __version__, NOT_CHOSEN + self.choice.digest)
        return any(mark.stamp == self.marker.stamp(entry.stamp, why) for why in whys)

    def _inputs_of(self, series: set[int]) -> set[int]:
        """Inputs of the files of some series."""
        marks = self.store.marks_of_series(series)
        return {number for mark in marks for number in mark.files}
