"""Score one unit: fetch it, find its series, and turn their results into rows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from ctiqa.archive.choice import Choice
from ctiqa.archive.reading import find_present
from ctiqa.archive.unit import Unit, entry_name, series_names, shown_name
from ctiqa.archive.unit_marks import UnitMarks
from ctiqa.errors import Reason, RefusedError
from ctiqa.io import Found, ReadOptions
from ctiqa.score.report.report import Report
from ctiqa.score.scorer import Scorer
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.keys import SeriesKey, series_key
from ctiqa.store.marks import Marker
from ctiqa.store.rows import header_facts
from ctiqa.types import Scan, Skipped


def _silent(_done: int, _total: int) -> None:
    """No-op progress callback."""


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
        tell: Called with (slices done, slices of the unit).
    """

    scorer: Scorer
    marker: Marker
    options: ReadOptions = field(default_factory=ReadOptions)
    choice: Choice = field(default_factory=Choice)
    is_stored: Callable[[SeriesKey], bool] = lambda _key: False
    taken: Counter[str | None] = field(default_factory=Counter)
    stop: Event = field(default_factory=Event)
    tell: Callable[[int, int], None] = _silent

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
        The rows of one series after the other; then what was skipped, and the marks of the files.
        A unit that is interrupted has no marks and is worked on again; what is stored of it is
        not scored twice.
    """
    with TemporaryDirectory(prefix="ctiqa-") as folder:
        try:
            places = unit.fetch(Path(folder))
        except RefusedError as error:
            yield _refused(unit, error, worker)
            return
        names = {os.fspath(path): name for name, path in places.items()}
        found = getattr(unit, "found", None)
        if not isinstance(found, Found):
            found = find_present(worker.scorer, sorted(places.values()), worker.options)
        task = _Task(worker, names, UnitMarks(unit, root, worker.marker, worker.choice))
        yield from task.bundles(found)


def _refused(unit: Unit, error: RefusedError, worker: Worker) -> Bundle:
    """Nothing could be fetched: every file is skipped for the same reason."""
    keys = [worker.marker.privacy.input_id(each.name) for each in unit.entries]
    skipped, details = dict.fromkeys(keys, error.reason.value), dict.fromkeys(keys, error.detail)
    return Bundle(worker.scorer.facts, skipped=skipped, details=details)


def crashed(
    unit: Unit, root: str, marker: Marker, facts: Mapping[str, Any], detail: str = ""
) -> Bundle:
    """What is recorded of a unit that cannot be scored: every file is skipped as ``crashed``.

    The files are tried again by another version of ctiqa.

    Args:
        unit: The unit.
        root: Where the survey began.
        marker: Makes marks for the store.
        facts: Facts of the model.
        detail: What went wrong, if it is known.
    """
    marks = UnitMarks(unit, root, marker, Choice())
    for each in unit.entries:
        marks.note_skipped(each.name, each.name, Reason.CRASHED)
    keys = [marker.privacy.input_id(each.name) for each in unit.entries]
    return Bundle(
        facts,
        skipped=dict.fromkeys(keys, Reason.CRASHED.value),
        marks=tuple(marks.made()),
        details=dict.fromkeys(keys, detail),
    )


@dataclass(frozen=True, slots=True)
class _Task:
    """One unit in work.

    Attributes:
        worker: The model, and what is to be done with it.
        names: Name of an entry by its place on this computer.
        marks: What becomes of the entries.
    """

    worker: Worker
    names: Mapping[str, str]
    marks: UnitMarks

    def bundles(self, found: Found) -> Iterator[Bundle]:
        """The rows of the series, one after the other, and at last everything else."""
        self._note(found.skipped)
        chosen = [scan for scan in found.scans if self._is_chosen(scan)]
        total, done = sum(len(scan.headers) for scan in chosen), 0
        counts = {"left_out": len(found.scans) - len(chosen), "known": 0}
        for scan in chosen:
            if self.worker.stop.is_set():
                return
            key = series_key(scan, self.worker.scorer.facts, self.worker.options)
            if self.worker.is_stored(key):
                counts["known"] += 1
            else:
                report = self._scored(scan, done, total)
                if any(each.reason is Reason.STOPPED for each in report.skipped):
                    return
                yield self._bundle(report, [key])
            done += len(scan.headers)
        yield self._rest(found, counts)

    def _rest(self, found: Found, counts: Mapping[str, int]) -> Bundle:
        """What is stored of a unit besides its series."""
        worker = self.worker
        report = Report(worker.scorer.facts, (), self._with_missing(found.skipped), worker.options)
        self._note(report.skipped)
        hashed = worker.marker.privacy.input_id
        files = {each.source.file for scan in found.scans for each in scan.headers}
        names = {*map(self._shown, files), *(each.name for each in self.marks.unit.entries)}
        cleared = {hashed(name) for name in names - self.marks.skipped_names}
        return replace(
            self._bundle(report),
            marks=tuple(self.marks.made()),
            counts=counts,
            cleared=tuple(sorted(cleared)),
        )

    def _with_missing(self, skipped: Sequence[Skipped]) -> tuple[Skipped, ...]:
        """Skipped files, with those that vanished before they were read."""
        places = {name: place for place, name in self.names.items()}
        missing = [
            Skipped(Path(places[each.name]), Reason.NOT_FETCHED, "the file is no longer there")
            for each in self.marks.unread
            if not os.path.lexists(places[each.name])
        ]
        return (*skipped, *missing)

    def _is_chosen(self, scan: Scan) -> bool:
        is_chosen = self.worker.takes(scan)
        files = {each.source.file for each in scan.headers}
        entries = {entry_name(file, self.names) for file in files}
        self.marks.note_series(series_names(scan, self.names), entries, is_chosen=is_chosen)
        return is_chosen

    def _scored(self, scan: Scan, done: int, total: int) -> Report:
        worker = self.worker

        def tell(_stage: str, scored: int, _total: int) -> None:
            worker.tell(done + scored, total)

        report = worker.scorer.score_found(
            Found((scan,), ()), worker.options, progress=tell, stop=worker.stop
        )
        self._note(report.skipped)
        return report

    def _note(self, skipped: Sequence[Skipped]) -> None:
        for each in skipped:
            name = entry_name(each.file, self.names)
            self.marks.note_skipped(name, self._shown(each.file), each.reason)

    def _shown(self, file: Path) -> str:
        return shown_name(file, self.names)

    def _bundle(self, report: Report, keys: Sequence[SeriesKey] = ()) -> Bundle:
        return bundle_of(report, self.worker.marker.privacy, keys=keys, name_of=self._shown)
