"""Which files of a listing are new or changed, and which others belong to the same series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ctiqa.archive.choice import Choice
from ctiqa.archive.unit import Entry
from ctiqa.archive.work import NOT_CHOSEN
from ctiqa.store.marks import Marker
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
        """The files that are new, have changed, or must be looked at again."""
        numbers = [self.marker.input(each.name) for each in entries]
        marks = self.store.marks(numbers)
        whys = ("", __version__, NOT_CHOSEN + self.choice.digest)
        new = []
        for entry, number in zip(entries, numbers, strict=True):
            mark = marks.get(number)
            known = {self.marker.stamp(entry.stamp, why) for why in whys}
            if mark is None or not entry.stamp or mark.stamp not in known:
                new.append(entry)
        return new

    def of_series(self, uids: Iterable[str], entries: Sequence[Entry]) -> list[Entry]:
        """Those of the files that were part of some series when they were last looked at."""
        marks = self.store.marks_of_series({self.marker.series(uid) for uid in uids})
        wanted = {mark.input for mark in marks}
        return (
            [each for each in entries if self.marker.input(each.name) in wanted] if wanted else []
        )

    def forget_others(self, root: str, entries: Sequence[Entry]) -> int:
        """Forget the files of a root that are no longer there; returns their number."""
        listed = {self.marker.input(each.name) for each in entries}
        return self.store.forget_others(self.marker.root(root), listed)
