"""Work that needs no images, and archives of empty files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.store.made import report, scan_score, skip

from ctiqa.archive.unit import Entry, LocalUnit, Unit
from ctiqa.cluster.batches import Batch, Place
from ctiqa.cluster.setup import Job
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.marks import Mark
from ctiqa.store.privacy import Privacy

ROOT = "/archive"


def unit_of(name: str, files: int = 2, stamp: str = "1") -> LocalUnit:
    """A series named by a number, such as ``7`` or ``7-kill``."""
    folder = f"{ROOT}/series-{name}"
    return LocalUnit(folder, tuple(Entry(f"{folder}/{n}.dcm", stamp) for n in range(files)))


def units(count: int, *extra: str, files: int = 2) -> list[Place]:
    """Some series, and others by name."""
    names = [*map(str, range(count)), *extra]
    return [(ROOT, unit_of(name, files)) for name in names]


def uid_of(unit: Unit) -> str:
    """UID of the series of a unit."""
    number = unit.name.rpartition("series-")[2].partition("-")[0]
    return f"1.2.3.{number}"


def bundle(unit: Unit, privacy: Privacy, job: Job | None = None) -> Bundle:
    """Rows of one scan of two slices, and one file that was skipped."""
    made = report(scan_score(uid_of(unit), [3.0, 2.5]), skipped=[skip(f"{unit.name}/scout.dcm")])
    if job is None:
        return bundle_of(made, privacy)
    marker = job.marker
    marks = [
        Mark(marker.input(e.name), marker.stamp(e.stamp), marker.series(uid_of(unit)), 1)
        for e in unit.entries
    ]
    return bundle_of(made, privacy, marks=marks)


def work(job: Job, root: str, unit: Unit) -> Iterator[Bundle]:
    """Score a unit at once, unless its name says otherwise."""
    if unit.name.endswith("-kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if unit.name.endswith("-raise"):
        raise ZeroDivisionError(f"secret of {unit.name}")
    if unit.name.endswith("-full"):
        raise OSError(28, "No space left on device", unit.name)
    yield bundle(unit, job.privacy, job)


def slow_work(job: Job, root: str, unit: Unit) -> Iterator[Bundle]:
    """The same, in 10 ms."""
    time.sleep(0.01)
    yield from work(job, root, unit)


@dataclass
class Told:
    """Progress and sentences that a survey has told."""

    progress: list[tuple[int, int]]
    said: list[str]

    def step(self, done: int, total: int) -> None:
        self.progress.append((done, total))

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def told() -> Told:
    return Told([], [])


def leftovers(folder: Path) -> list[str]:
    """Files that are neither parts nor the file of the survey."""
    return sorted(
        each.name
        for each in folder.iterdir()
        if each.name != "survey.json" and not each.name.endswith(".json.gz")
    )


def batch(*names: str) -> Batch:
    return Batch(tuple((ROOT, unit_of(name)) for name in names))
