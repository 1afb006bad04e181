"""The units of an archive: everything that is new, whatever it is listed from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ctiqa.archive.archive import Archive
from ctiqa.archive.listing import list_local, without_own
from ctiqa.archive.local.units import local_units
from ctiqa.archive.reading import Reader, StoppedError
from ctiqa.archive.seen import Seen
from ctiqa.archive.sources.manifest.source import ManifestSource
from ctiqa.archive.sources.opening import open_source
from ctiqa.archive.totals import Totals
from ctiqa.archive.unit import Entry, Source, Unit
from ctiqa.errors import CtiqaError, NothingToDoError, Reason, UsageError, some
from ctiqa.store.store import Store

ENTRIES_AT_ONCE = 1000
"""Number of files that the store is asked for at once."""

Rooted = tuple[str, Unit]
"""Where the survey began, and a unit found there."""


def units_of(archive: Archive, store: Store | None, totals: Totals) -> list[Rooted]:
    """List the archive, and read the headers of new files.

    Args:
        archive: What is surveyed.
        store: What is in it already is left out; ``None`` lists everything.
        totals: Gets the numbers of files, and the inputs that could not be listed.

    Returns:
        The units that were found before the survey was stopped, if it was.

    Raises:
        UsageError: If a path does not exist.
        NothingToDoError: If there is nothing at all to look at.
    """
    seen = None if store is None else Seen(store, archive.marker(store), archive.choice)
    listing = _Listing(archive, seen, totals)
    inputs = listing.sorted_out()
    units = list(listing.units(inputs))
    if not totals.listed and not archive.stop.is_set():
        problems = some(f"{name}: {why}" for name, why in totals.failed.items())
        raise NothingToDoError(problems or f"no file in {some(archive.paths)}")
    if archive.choice.sample is not None:
        units.sort(key=lambda each: _shuffled(each[1]))
    return units


def _shuffled(unit: Unit) -> bytes:
    """Sort key of an order that has nothing to do with names, and is always the same."""
    return hashlib.sha256(os.fsencode(unit.entries[0].name)).digest()


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a survey looks at.

    Attributes:
        paths: Folders and files of this computer.
        manifests: Files of this computer that manifests name, by the name of the manifest.
        sources: Everything else.
    """

    paths: list[str] = field(default_factory=list)
    manifests: dict[str, list[str]] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Listing:
    """Lists an archive.

    Attributes:
        archive: What is surveyed.
        seen: What a store knows of it; ``None`` takes all for new.
        totals: Gets the numbers.
        there: All files that were listed.
        roots: Where all files were listed: what is known of others there is forgotten.
    """

    archive: Archive
    seen: Seen | None
    totals: Totals
    there: list[Entry] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)

    def sorted_out(self) -> _Inputs:
        """Paths of this computer, and everything else."""
        choice, found = self.archive.choice, _Inputs()
        for path in self.archive.paths:
            source = open_source(path, since=choice.since, until=choice.until)
            if source is None:
                found.paths.append(path)
                continue
            found.sources.append(source)
            if isinstance(source, ManifestSource):
                found.manifests[source.name] = self._present(source.local_paths())
        return found

    def units(self, inputs: _Inputs) -> Iterator[Rooted]:
        """All units that were found before the survey was stopped."""
        try:
            yield from self._local(inputs)
            for source in inputs.sources:
                yield from self._of_source(source)
        except StoppedError:
            return
        if self.seen is not None:
            self.totals.gone += self.seen.forget_others(self.roots, self.there)

    def _present(self, paths: Sequence[str]) -> list[str]:
        """The paths that exist; a manifest may be older than the files."""
        there = [path for path in paths if os.path.lexists(path)]
        missing = set(paths) - set(there)
        self.totals.skipped |= dict.fromkeys(missing, Reason.NOT_FETCHED.value)
        return there

    def _local(self, inputs: _Inputs) -> Iterator[Rooted]:
        found = list_local(inputs.paths, inputs.manifests)
        listed = without_own(found, self.archive.own)
        self.totals.listed += len(listed)
        self.there.extend(each.entry for each in listed)
        roots = {each.entry.name: each.root for each in listed}
        # A root without files may be a drive that is not there: nothing of it is forgotten.
        self.roots.update(set(roots.values()) - inputs.manifests.keys())
        reader = Reader(
            self.archive.scorer, self.archive.options, self.archive.progress, self.archive.stop
        )
        new = 0
        for unit in local_units(listed, self._known, reader):
            new += len(unit.entries)
            yield roots[unit.entries[0].name], unit
        self.totals.unchanged += len(listed) - new

    @property
    def _known(self) -> Seen | None:
        """What need not be looked at again; to take a sample, everything is."""
        return None if self.archive.choice.sample else self.seen

    def _of_source(self, source: Source) -> Iterator[Rooted]:
        try:
            for units in _batches(source.units()):
                if self.archive.stop.is_set():
                    raise StoppedError
                yield from ((source.name, unit) for unit in self._new_of(units))
        except UsageError:
            raise
        except CtiqaError as error:
            self.totals.failed[source.name] = str(error)
            return
        # A server that was asked for some days does not list what is there of the others.
        if self.archive.choice.since is None and self.archive.choice.until is None:
            self.roots.add(source.name)

    def _new_of(self, units: Sequence[Unit]) -> Iterator[Unit]:
        """The units with a file that is new or has changed."""
        entries = [entry for unit in units for entry in unit.entries]
        self.there.extend(entries)
        self.totals.listed += len(entries)
        known = self._known
        new = {each.name for each in (entries if known is None else known.new(entries))}
        for unit in units:
            if any(each.name in new for each in unit.entries):
                yield unit
            else:
                self.totals.unchanged += len(unit.entries)
        self.archive.tell("listing", self.totals.listed, self.totals.listed)


def _batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Units in batches: asking the store for each would take longer than listing.

    Raises:
        CtiqaError: If listing fails, after everything that was listed before.
    """
    batch: list[Unit] = []
    count = 0
    try:
        for unit in units:
            batch.append(unit)
            count += len(unit.entries)
            if count >= ENTRIES_AT_ONCE:
                yield batch
                batch, count = [], 0
    except CtiqaError:
        yield batch
        raise
    if batch:
        yield batch
