"""Score one unit: fetch it, find its series, and turn their results into rows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from ctiqa.archive.choice import Choice
from ctiqa.archive.unit import Entry, Unit
from ctiqa.errors import NothingToDoError, Reason, RefusedError
from ctiqa.io import Found, ReadOptions
from ctiqa.score.report.report import Report
from ctiqa.score.scorer import Scorer
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.keys import SeriesKey, series_key
from ctiqa.store.marks import Mark, Marker
from ctiqa.store.rows import header_facts
from ctiqa.types import Scan, Skipped
from ctiqa.version import __version__

AGAIN = frozenset({Reason.STOPPED, Reason.NOT_FETCHED, Reason.NO_PERMISSION})
"""A file that is skipped for one of these reasons is tried again by the next survey."""

NOT_CHOSEN = "not chosen "
"""Begins the reason why a file that was left out need not be read again."""


@dataclass(frozen=True, slots=True)
class Worker:
    """Everything it takes to score units.

    Attributes:
        scorer: The model.
        marker: Marks files for the store that the rows are for.
        options: How files are read.
        choice: Which series are scored.
        is_stored: Whether the store has the result of a series.
        taken: Number of series of each protocol so far, to take a sample.
        stop: No further series is begun once it is set, and the one in hand is given up.
    """

    scorer: Scorer
    marker: Marker
    options: ReadOptions = field(default_factory=ReadOptions)
    choice: Choice = field(default_factory=Choice)
    is_stored: Callable[[SeriesKey], bool] = lambda _key: False
    taken: Counter[str | None] = field(default_factory=Counter)
    stop: Event = field(default_factory=Event)

    def takes(self, scan: Scan) -> bool:
        """Whether a series is scored; it counts towards the sample of its protocol."""
        if not self.choice.takes(scan.headers):
            return False
        if self.choice.sample is None:
            return True
        protocol = header_facts(scan.headers)["protocol"]
        self.taken[protocol] += 1
        return self.taken[protocol] <= self.choice.sample


def work_on(unit: Unit, root: str, worker: Worker) -> Iterator[Bundle]:
    """Score a unit.

    Args:
        unit: Its files are fetched into a temporary folder, which is removed afterwards.
        root: Where the survey began.
        worker: The model, and what is to be done with it.

    Yields:
        The rows of one series after the other. Files get their marks with the last one, so a unit
        that is interrupted is worked on again; what is stored of it is not scored twice.
    """
    with TemporaryDirectory(prefix="ctiqa-") as folder:
        task = _Task(unit, root, worker)
        try:
            places = unit.fetch(Path(folder))
        except RefusedError as error:
            yield task.refused(error)
            return
        task.names = {os.fspath(path): name for name, path in places.items()}
        yield from task.bundles(task.found(unit, sorted(places.values())))


@dataclass(slots=True)
class _Task:
    """One unit in work.

    Attributes:
        names: Name of an entry by its place on this computer.
        series: Series of an entry, by its name.
        skipped: Why an entry was skipped, by its name.
        left_out: Entries of series that were not chosen.
    """

    unit: Unit
    root: str
    worker: Worker
    names: Mapping[str, str] = field(default_factory=dict)
    series: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, Reason] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    def found(self, unit: Unit, paths: Sequence[Path]) -> Found:
        """The series of the unit, from their headers."""
        known = getattr(unit, "found", None)
        if isinstance(known, Found):
            return known
        try:
            return self.worker.scorer.find(paths, self.worker.options, across_series=False)
        except NothingToDoError:
            return Found((), ())

    def bundles(self, found: Found) -> Iterator[Bundle]:
        """The rows of the series, one after the other."""
        scans = [scan for scan in found.scans if self._is_chosen(scan)]
        counts = {"left_out": len(found.scans) - len(scans)}
        report = self._empty(found.skipped)
        self._note(report.skipped)
        keys: list[SeriesKey] = []
        for number, scan in enumerate(scans):
            if self.worker.stop.is_set():
                return
            key = series_key(scan, self.worker.scorer.facts, self.worker.options)
            self._note_series(scan)
            if self.worker.is_stored(key):
                counts["known"] = counts.get("known", 0) + 1
            else:
                keys, report = [key], self._scored(scan, report)
            if number < len(scans) - 1 and report.scans:
                yield self._bundle(report, keys)
                report = self._empty(())
        if not self.worker.stop.is_set():
            yield replace(self._bundle(report, keys, self._marks()), counts=counts)

    def refused(self, error: RefusedError) -> Bundle:
        """Nothing could be fetched: every file is skipped for the same reason."""
        skipped = [Skipped(Path(each.name), error.reason, error.detail) for each in self._entries]
        self.names = {
            os.fspath(each.file): entry.name
            for each, entry in zip(skipped, self._entries, strict=True)
        }
        return self._bundle(self._empty(skipped), [])

    @property
    def _entries(self) -> tuple[Entry, ...]:
        return self.unit.entries

    def _empty(self, skipped: Sequence[Skipped]) -> Report:
        return Report(self.worker.scorer.facts, (), tuple(skipped), self.worker.options)

    def _is_chosen(self, scan: Scan) -> bool:
        chosen = self.worker.takes(scan)
        if not chosen:
            self.left_out.update(self.name_of(each.source.file) for each in scan.headers)
        return chosen

    def _scored(self, scan: Scan, before: Report) -> Report:
        """The result of a series, with what was skipped before it."""
        worker = self.worker
        report = worker.scorer.score_found(Found((scan,), ()), worker.options, stop=worker.stop)
        self._note(report.skipped)
        return replace(report, skipped=(*before.skipped, *report.skipped))

    def _note(self, skipped: Sequence[Skipped]) -> None:
        self.skipped.update((self.name_of(each.file), each.reason) for each in skipped)

    def _note_series(self, scan: Scan) -> None:
        self.series.update(
            (self.name_of(each.source.file), scan.series_uid) for each in scan.headers
        )

    def name_of(self, file: Path) -> str:
        """The name by which a file was listed, or the archive that it is in."""
        for place in (file, *file.parents):
            if name := self.names.get(os.fspath(place)):
                return name
        return os.fspath(file)

    def _shown(self, file: Path) -> str:
        """What a skipped file is called: a part of an archive by its own name."""
        for place in (file, *file.parents):
            if name := self.names.get(os.fspath(place)):
                return "/".join([name, *file.relative_to(place).parts])
        return os.fspath(file)

    def _bundle(
        self, report: Report, keys: Sequence[SeriesKey], marks: Sequence[Mark] = ()
    ) -> Bundle:
        privacy = self.worker.marker.privacy
        return bundle_of(report, privacy, keys=keys, marks=marks, name_of=self._shown)

    def _marks(self) -> list[Mark]:
        found = (self._mark(entry) for entry in self._entries)
        return [mark for mark in found if mark is not None]

    def _mark(self, entry: Entry) -> Mark | None:
        """The mark of a file; none if the next survey must try it again."""
        reason = self.skipped.get(entry.name)
        if not entry.stamp or reason in AGAIN:
            return None
        marker, uid = self.worker.marker, self.series.get(entry.name)
        stamp = marker.stamp(entry.stamp, self._why(entry, uid))
        series = None if uid is None else marker.series(uid)
        return Mark(marker.input(entry.name), stamp, series, marker.root(self.root))

    def _why(self, entry: Entry, uid: str | None) -> str:
        """Why a file need not be read again: the version that skipped it, or the choice."""
        if uid is not None:
            return ""
        return (
            NOT_CHOSEN + self.worker.choice.digest if entry.name in self.left_out else __version__
        )
