"""Score an archive: everything that the store does not have yet, one series after the other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event

from ctiqa.archive.choice import Choice
from ctiqa.archive.listing import Listed, list_local
from ctiqa.archive.local import Reader, local_units
from ctiqa.archive.seen import Seen
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.sources.opening import open_source
from ctiqa.archive.totals import Totals
from ctiqa.archive.unit import Entry, Source, Unit
from ctiqa.archive.work import Worker, work_on
from ctiqa.errors import CtiqaError, NothingToDoError, Reason, UsageError, some
from ctiqa.io import ReadOptions
from ctiqa.io.scans import AnyPath
from ctiqa.score.scorer import ScoreProgress, Scorer
from ctiqa.store.bundle import Bundle
from ctiqa.store.keys import model_digest, options_digest
from ctiqa.store.marks import Marker
from ctiqa.store.run import Run
from ctiqa.store.store import Store

Rooted = tuple[str, Unit]
"""Where the survey began, and a unit found there."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What is surveyed, and how.

    Attributes:
        paths: Folders, files, manifests and URLs.
        scorer: The model.
        options: How files are read.
        choice: Which series are scored.
        progress: Called with (stage, done, total).
        stop: Ends the survey early once it is set.
    """

    paths: Sequence[str]
    scorer: Scorer
    options: ReadOptions = field(default_factory=ReadOptions)
    choice: Choice = field(default_factory=Choice)
    progress: ScoreProgress | None = None
    stop: Event = field(default_factory=Event)

    @property
    def how(self) -> str:
        """Name of the model and the options: another one looks at every file again."""
        return f"{model_digest(self.scorer.facts)} {options_digest(self.options)}"

    def marker(self, store: Store) -> Marker:
        """Makes the marks of this survey."""
        return Marker(store.privacy, self.how)


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
        progress: Called as the work proceeds, with (stage, files done, number of files).
        stop: Once it is set, the series in hand is given up and the survey ends.

    Returns:
        What was done, in numbers, and what was skipped.

    Raises:
        UsageError: If a path does not exist, or an extra is missing.
        NothingToDoError: If there is nothing at all to look at.
        OutputError: If the store cannot be written; what was stored before is kept.

    >>> import tempfile
    >>> import ctiqa
    >>> from ctiqa.data.examples import example_scan  # doctest: +SKIP
    >>> with ctiqa.open_store("ct.sqlite") as store:  # doctest: +SKIP
    ...     ctiqa.survey("archive/", store).stored
    1
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
    run = Run("survey")
    units = units_of(archive, store, totals)
    for bundle, unit in score_units(units, archive, store):
        totals.stored += store.put(bundle, run)
        totals.take(bundle, unit, store.privacy)
    totals.stopped = archive.stop.is_set()
    if not totals.stopped:
        store.finish(run)
    return totals


def units_of(archive: Archive, store: Store | None, totals: Totals) -> list[Rooted]:
    """List the archive, and read the headers of new files.

    Args:
        archive: What is surveyed.
        store: What is in it already is left out; ``None`` lists everything.
        totals: Gets the numbers of files, and the inputs that could not be listed.

    Raises:
        UsageError: If a path does not exist.
        NothingToDoError: If there is nothing at all to look at.
    """
    seen = None if store is None else Seen(store, archive.marker(store), archive.choice)
    local, sources = sorted_out(archive, totals)
    units = [*_local(archive, local, seen, totals), *_others(archive, sources, seen, totals)]
    if not totals.listed:
        problems = some(f"{name}: {why}" for name, why in totals.failed.items())
        raise NothingToDoError(problems or f"no file in {some(archive.paths)}")
    if archive.choice.sample is not None:
        units.sort(key=lambda each: hashlib.sha256(each[1].entries[0].name.encode()).digest())
    return units


def sorted_out(archive: Archive, totals: Totals) -> tuple[list[str], list[Source]]:
    """Paths of this computer, and everything else.

    Files that a manifest lists and that do not exist are skipped; it may be older than the files.
    """
    choice, local, sources = archive.choice, [], []
    for path in archive.paths:
        source = open_source(path, since=choice.since, until=choice.until)
        if source is None:
            local.append(path)
            continue
        sources.append(source)
        if isinstance(source, ManifestSource):
            listed = source.local_paths()
            there = [each for each in listed if os.path.lexists(each)]
            totals.skipped |= dict.fromkeys(set(listed) - set(there), Reason.NOT_FETCHED.value)
            local.extend(there)
    return local, sources


def _local(
    archive: Archive, paths: Sequence[str], seen: Seen | None, totals: Totals
) -> Iterator[Rooted]:
    if not paths:
        return
    listed = list_local(paths)
    totals.listed += len(listed)
    roots = {each.entry.name: each.root for each in listed}
    if seen is not None:
        totals.gone += _forget_others(listed, seen)
    reader = Reader(archive.scorer, archive.options, archive.progress)
    new = 0
    for unit in local_units(listed, None if archive.choice.sample else seen, reader):
        new += len(unit.entries)
        yield roots[unit.entries[0].name], unit
    totals.unchanged += len(listed) - new


def _forget_others(listed: Sequence[Listed], seen: Seen) -> int:
    by_root: dict[str, list[Listed]] = {}
    for each in listed:
        by_root.setdefault(each.root, []).append(each)
    return sum(
        seen.forget_others(root, [each.entry for each in files]) for root, files in by_root.items()
    )


def _others(
    archive: Archive, sources: Sequence[Source], seen: Seen | None, totals: Totals
) -> Iterator[Rooted]:
    for source in sources:
        try:
            yield from _units_of_source(archive, source, seen, totals)
        except UsageError:
            raise
        except CtiqaError as error:
            totals.failed[source.name] = str(error)


def _units_of_source(
    archive: Archive, source: Source, seen: Seen | None, totals: Totals
) -> Iterator[Rooted]:
    entries: list[Entry] = []
    for unit in source.units():
        if archive.stop.is_set():
            return
        entries.extend(unit.entries)
        totals.listed += len(unit.entries)
        if seen is None or archive.choice.sample or seen.new(unit.entries):
            yield source.name, unit
        else:
            totals.unchanged += len(unit.entries)
        if archive.progress is not None:
            archive.progress("listing", totals.listed, totals.listed)
    if seen is not None:
        totals.gone += seen.forget_others(source.name, entries)


def score_units(
    units: list[Rooted], archive: Archive, store: Store
) -> Iterator[tuple[Bundle, Unit]]:
    """Score units one after the other.

    Yields:
        The rows of each series, with its unit.
    """
    worker = Worker(
        archive.scorer,
        archive.marker(store),
        archive.options,
        archive.choice,
        store.has,
        stop=archive.stop,
    )
    total, done = sum(len(unit.entries) for _, unit in units), 0
    tell: Callable[[str, int, int], None] = archive.progress or (lambda *_: None)
    units.reverse()
    while units and not archive.stop.is_set():
        # Headers of a series are dropped as soon as it is scored.
        root, unit = units.pop()
        for bundle in work_on(unit, root, worker):
            yield bundle, unit
        done += len(unit.entries)
        tell("surveying", done, total)
