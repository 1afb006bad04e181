"""The store: results in, frames out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, Engine

from ctiqa.score.report.report import Report
from ctiqa.store import frames, marks, writing
from ctiqa.store.bundle import Bundle, bundle_of
from ctiqa.store.database.address import Address
from ctiqa.store.database.connect import writing as transaction
from ctiqa.store.database.faults import explained
from ctiqa.store.digest import store_digest
from ctiqa.store.frames import FrameKind, frame_of
from ctiqa.store.keys import SeriesKey, model_digest
from ctiqa.store.marks import Mark
from ctiqa.store.privacy import UID, Dates, Privacy, Uids
from ctiqa.store.run import Run


class Store:
    """Results of many runs in one database; made by :func:`ctiqa.store.open_store`.

    A store may be used by several threads and processes at once. All methods raise ``OutputError``
    if the database cannot be reached, read or written, and ``DataError`` if it is damaged; what
    was stored before is kept.
    """

    def __init__(self, engine: Engine, address: Address, privacy: Privacy) -> None:
        self._engine = engine
        self._address = address
        self._privacy = privacy
        self._recorded: set[tuple[str, str, str | None]] = set()

    def __repr__(self) -> str:
        return f"<Store {self._address.name}>"

    @property
    def uids(self) -> Uids:
        """Whether UIDs are ``"plain"`` or ``"hashed"``."""
        return self._privacy.uids

    @property
    def privacy(self) -> Privacy:
        """What is kept of UIDs, days and names of files, with the key of the hashes."""
        return self._privacy

    @property
    def dates(self) -> Dates:
        """What is kept of the day of a study: ``"day"``, ``"month"`` or ``"none"``."""
        return self._privacy.dates

    def add(self, report: Report, run: Run, *, keys: Iterable[SeriesKey] = ()) -> int:
        """Store the results of a report.

        Every series is stored in a transaction of its own: a crash loses at most the series in
        hand. What is stored already stays as it is. Of a run that was stopped, the last series is
        not stored, because it may be incomplete. Inputs that were skipped and are scored now are
        no longer listed as skipped.

        Args:
            report: Results of :class:`ctiqa.Scorer`.
            run: The run that they belong to.
            keys: Keys of the series, as :func:`ctiqa.store.series_key` has computed them before
                they were scored. A series without one gets the key of the slices that were read,
                which differs if some could not be read; its files are read once more.

        Returns:
            Number of series that are new.

        Raises:
            UsageError: If a key belongs to another model.
        """
        return self.put(bundle_of(report, self._privacy, keys=keys), run)

    def put(self, bundle: Bundle, run: Run) -> int:
        """Store rows that were made with the privacy of this store.

        Args:
            bundle: Rows of :func:`ctiqa.store.bundle.bundle_of`, stored in one transaction per
                scan; everything else comes with the last one.
            run: The run that they belong to.

        Returns:
            Number of series that are new.
        """
        self._record(bundle.model, run)
        *others, last = bundle.scans or (None,)
        new = 0
        for scan in others:
            with self.writing() as connection:
                new += writing.put_scan(connection, scan, run)
        with self.writing() as connection:
            new += last is not None and writing.put_scan(connection, last, run)
            writing.put_skipped(connection, bundle.skipped, run)
            writing.drop_skipped(connection, bundle.cleared)
            marks.put_marks(connection, bundle.marks)
        return new

    def begin(self, model: Mapping[str, Any], run: Run) -> None:
        """Record a run before it stores anything, so that it is known if it is interrupted.

        Args:
            model: Facts of the model, :attr:`ctiqa.types.Results.model`.
            run: The run.
        """
        self._record(model, run)

    def finish(self, run: Run) -> None:
        """Record that a run has come to its end."""
        with self.writing() as connection:
            writing.end_run(connection, run)

    def has(self, key: SeriesKey) -> bool:
        """Whether the result of a series is stored."""
        return bool(self.known([key]))

    def marks(self, inputs: Collection[int]) -> dict[int, Mark]:
        """The marks of files (:class:`ctiqa.store.marks.Marker`), as far as they have one."""
        with self.reading() as connection:
            return marks.read_marks(connection, inputs)

    def marks_of_series(self, series: Collection[int]) -> list[Mark]:
        """The marks of all files of some series."""
        with self.reading() as connection:
            return marks.marks_of_series(connection, series)

    def forget_others(self, roots: Collection[int], listed: Collection[int]) -> int:
        """Remove the marks of files of some roots that are no longer there; results stay.

        Args:
            roots: Where the survey began.
            listed: The files that are there, with and without a mark.

        Returns:
            Number of files that are gone.
        """
        with self.reading() as connection:
            gone = marks.gone_marks(connection, roots, listed)
        if gone:
            with self.writing() as connection:
                marks.drop_marks(connection, gone)
        return sum(mark.stamp not in gone for mark in gone.values())

    def known(self, keys: Iterable[SeriesKey]) -> set[SeriesKey]:
        """Those of the keys whose results are stored."""
        with self.reading() as connection:
            return writing.known_keys(connection, keys, self._privacy)

    def scans(self, kind: FrameKind = "polars") -> Any:
        """All scans, one row each.

        Args:
            kind: Library of the frame, ``"polars"`` or ``"pandas"``.

        Returns:
            A frame sorted by day and key. ``findings`` and ``flags`` are JSON objects with numbers
            of slices, ``warnings`` is a JSON list; the other columns are those of
            :mod:`ctiqa.store.database.tables`, and ``scored_by``, the model.

        Raises:
            UsageError: If the library is not installed.
        """
        return self._frame(frames.scans_query(), kind)

    def slices(self, *series_uids: str, kind: FrameKind = "polars") -> Any:
        """Slices along z, one row each, with the key of their scan.

        Args:
            series_uids: Series, by UID or as they are named in :meth:`scans`; none stands for all.
            kind: Library of the frame, ``"polars"`` or ``"pandas"``.
        """
        names = {*series_uids, *map(self._stored_uid, series_uids)}
        return self._frame(frames.slices_query(sorted(names)), kind)

    def skipped(self, kind: FrameKind = "polars") -> Any:
        """Inputs that were not scored: ``input`` (see :meth:`input_id`), ``reason`` and ``run``."""
        return self._frame(frames.skipped_query(), kind)

    def runs(self, kind: FrameKind = "polars") -> Any:
        """Runs, with the numbers of scans and skipped inputs that each has stored.

        A run without ``ended`` was interrupted, or is going on.
        """
        return self._frame(frames.runs_query(), kind)

    def input_id(self, path: str | os.PathLike[str]) -> str:
        """What stands for a path in :meth:`skipped`: a hash with the random key of the store."""
        return self._privacy.input_id(path)

    def digest(self) -> str:
        """Digest of all content, SHA-256 in hexadecimal digits.

        It does not depend on the database, on the order of writing, or on runs: an interrupted
        and resumed survey has the digest of one that was not, unless UIDs are hashed, which every
        store does with a key of its own. Compute it while nobody writes.
        """
        with self.reading() as connection:
            return store_digest(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _record(self, model: Mapping[str, Any], run: Run) -> None:
        """Store the run and its model, once."""
        name = (run.id, model_digest(model), model.get("engine"))
        if name not in self._recorded:
            with self.writing() as connection:
                writing.put_run(connection, model, run)
            self._recorded.add(name)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that reads, for what else the database of the store keeps."""
        with explained(self._address), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, rolled back on any error."""
        with explained(self._address), transaction(self._engine) as connection:
            yield connection

    def _stored_uid(self, uid: str) -> str:
        return self._privacy.uid(uid) if UID.fullmatch(uid) else uid

    def _frame(self, query: frames.Query, kind: FrameKind) -> Any:
        with self.reading() as connection:
            return frame_of(connection, query, kind)
