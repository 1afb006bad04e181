"""Score an archive: everything that the store does not have yet, one series after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event

from ctiqa.archive.archive import Archive
from ctiqa.archive.choice import Choice
from ctiqa.archive.totals import Totals
from ctiqa.archive.unit import LocalUnit, Unit
from ctiqa.archive.units import Rooted, units_of
from ctiqa.archive.work import Worker, crashed, work_on
from ctiqa.errors import CtiqaError
from ctiqa.io import ReadOptions
from ctiqa.io.scans import AnyPath
from ctiqa.score.scorer import ScoreProgress, Scorer
from ctiqa.store.bundle import Bundle
from ctiqa.store.run import Run
from ctiqa.store.store import Store

__all__ = ["Archive", "score_units", "survey", "survey_units", "units_of"]


def survey(
    paths: AnyPath | Sequence[AnyPath],
    store: Store,
    *,
    scorer: Scorer | None = None,
    options: ReadOptions | None = None,
    choice: Choice | None = None,
    progress: ScoreProgress | None = None,
    stop: Event | None = None,
) -> Totals:
    """Score what a store does not have yet.

    Every series is stored as soon as it is scored: whatever ends the survey, at most the series in
    hand is lost, and the next survey goes on. Files that have not changed since the last survey
    with this model are not opened.

    Args:
        paths: Folders and files of this computer (DICOM also in zip archives), manifests
            (``.csv``, ``.parquet``), object stores (``s3://bucket/prefix``) and DICOMweb servers
            (``https://host/dicom-web``), in any combination.
        store: Where the results go, of :func:`ctiqa.open_store`.
        scorer: The model; the default model if ``None``.
        options: How files are read.
        choice: Which series are scored; ``None`` takes all.
        progress: Called as the work proceeds, with (stage, done, total).
        stop: Once it is set, the series in hand is given up and the survey ends.

    Returns:
        What was done, in numbers, and what was skipped.

    Raises:
        UsageError: If a path does not exist, or an extra is missing.
        NothingToDoError: If there is nothing at all to look at.
        OutputError: If the store cannot be written; what was stored before is kept.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import ctiqa
    >>> example = Path(ctiqa.__file__).parent / "assets" / "example"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with ctiqa.open_store(Path(folder, "ct.sqlite")) as store:
    ...         first = ctiqa.survey(example, store)
    ...         again = ctiqa.survey(example, store)
    >>> first.stored, again.stored, again.unchanged == again.listed
    (1, 0, True)
    """
    many = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    archive = Archive(
        [os.fspath(path) for path in many],
        scorer or Scorer(),
        options or ReadOptions(),
        choice or Choice(),
        progress,
        stop or Event(),
    )
    totals = Totals()
    survey_units(units_of(archive, store, totals), archive, store, totals)
    return totals


def survey_units(units: list[Rooted], archive: Archive, store: Store, totals: Totals) -> None:
    """Second half of :func:`survey`: score units, and store the results.

    Args:
        units: Of :func:`units_of`; the list is emptied, because headers take much memory.
        archive: What is surveyed.
        store: Where the results go.
        totals: Gets the numbers.

    Raises:
        OutputError: If the store cannot be written; what was stored before is kept.
    """
    run = Run("survey")
    store.begin(archive.scorer.facts, run)
    for bundle, unit in score_units(units, archive, store):
        new = store.put(bundle, run)
        totals.take(bundle, unit, store.privacy, new)
    totals.stopped = archive.stop.is_set()
    if not totals.stopped:
        store.finish(run)


def score_units(
    units: list[Rooted], archive: Archive, store: Store
) -> Iterator[tuple[Bundle, Unit]]:
    """Score units one after the other.

    Args:
        units: The units; the list is emptied.
        archive: What is surveyed.
        store: What it has is not scored again.

    Yields:
        Rows of one series after the other, with its unit.
    """
    worker = Worker(
        archive.scorer,
        archive.marker(store),
        archive.options,
        archive.choice,
        store.has,
        stop=archive.stop,
    )
    course = _Course(archive, sum(_size(unit) for _, unit in units))
    units.reverse()
    while units and not archive.stop.is_set():
        root, unit = units.pop()
        course.begin(unit)
        for bundle in _unless_it_crashes(unit, root, replace(worker, tell=course.within)):
            yield bundle, unit
        course.end()


def _unless_it_crashes(unit: Unit, root: str, worker: Worker) -> Iterator[Bundle]:
    """Score a unit; one strange series must not end every survey of an archive."""
    try:
        yield from work_on(unit, root, worker)
    except (CtiqaError, ImportError, MemoryError, OSError):
        raise
    except Exception as error:
        if os.environ.get("CTIQA_DEBUG"):
            raise
        why = f"unexpected {type(error).__name__}; report it, CTIQA_DEBUG=1 shows where it happened"
        yield crashed(unit, root, worker.marker, worker.scorer.facts, why)


@dataclass(slots=True)
class _Course:
    """How far the work has come.

    Attributes:
        archive: Is told.
        total: Number of slices; of what was not read yet, of files.
        done: Those of the units before the one in work.
        size: Those of the unit in work.
    """

    archive: Archive
    total: int
    done: int = 0
    size: int = 0

    def begin(self, unit: Unit) -> None:
        """A unit is begun."""
        self.size = _size(unit)
        self._tell(0)

    def within(self, slices: int, of: int) -> None:
        """Some slices of the unit are scored."""
        self._tell(self.size * slices // max(of, 1))

    def end(self) -> None:
        """The unit is done."""
        self.done += self.size
        self.size = 0
        self._tell(0)

    def _tell(self, within: int) -> None:
        self.archive.tell("surveying", self.done + within, self.total)


def _size(unit: Unit) -> int:
    """Number of slices in a unit, or of files if it was not read yet."""
    found = unit.found if isinstance(unit, LocalUnit) else None
    slices = sum(len(scan.headers) for scan in found.scans) if found else 0
    return max(slices, len(unit.entries))
