"""Write results: one transaction per series, in an order in which two writers never deadlock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ctiqa.errors import Reason, UsageError
from ctiqa.score.report.model_facts import model_title
from ctiqa.score.report.report import Report
from ctiqa.store.database.insert import insert_new, insert_once, insert_or_replace
from ctiqa.store.database.tables import models, runs, scans, skipped, slices
from ctiqa.store.keys import SeriesKey, model_digest, model_facts, series_key
from ctiqa.store.privacy import Privacy
from ctiqa.store.rows import scan_row, slice_row
from ctiqa.store.run import Run
from ctiqa.text.plain_text import clean, clean_tree
from ctiqa.types import ScanScore, Skipped
from ctiqa.version import __version__

CHUNK = 500
"""Number of values in one query."""


def keyed_scans(report: Report, keys: Iterable[SeriesKey]) -> Iterable[tuple[SeriesKey, ScanScore]]:
    """The scans to store, each with its key.

    Of a run that was stopped, the last scan is left out: part of it may be missing.

    Raises:
        UsageError: If a key belongs to another model or other options.
    """
    model = model_digest(report.model)
    given = {key.series_uid: key for key in keys}
    if wrong := [key.series_uid for key in given.values() if key.model != model]:
        raise UsageError(
            f"'keys' must be for the model of the report, {len(wrong)} are for another one; make "
            "them with 'series_key(scan, report.model, report.options)'"
        )
    stopped = any(each.reason is Reason.STOPPED for each in report.skipped)
    for verdict in report.scans[:-1] if stopped else report.scans:
        key = given.get(verdict.scan.series_uid)
        yield key or series_key(verdict.scan, report.model, report.options), verdict


def put_run(connection: Connection, report: Report, run: Run) -> None:
    """Store a run and the model that it uses."""
    facts = clean_tree(model_facts(report.model))
    model = {"digest": model_digest(report.model), "title": clean(model_title(facts))}
    insert_once(connection, models, {**model, "facts": facts})
    engine = report.model.get("engine")
    row = {
        "id": run.id,
        "kind": clean(run.kind),
        "version": __version__,
        "engine": None if engine is None else clean(str(engine)),
        "started": run.started,
    }
    insert_once(connection, runs, row)


def end_run(connection: Connection, run: Run) -> None:
    """Store the end of a run."""
    now = datetime.now(UTC)
    connection.execute(update(runs).where(runs.c.id == run.id).values(ended=now))


def put_scan(
    connection: Connection, key: SeriesKey, verdict: ScanScore, run: Run, privacy: Privacy
) -> bool:
    """Store a scan with its slices.

    Returns:
        Whether it was new.
    """
    row = {
        "series_uid": privacy.series_uid(key),
        "content": privacy.content(key),
        "model_digest": key.model,
        "options_digest": key.options,
        "run": run.id,
        "stored": datetime.now(UTC),
        **scan_row(verdict, privacy),
    }
    scan = insert_new(connection, scans, row)
    if scan is None:
        return False
    rows = [{"scan": scan, **slice_row(*each)} for each in enumerate(verdict.slices)]
    if rows:
        connection.execute(slices.insert(), rows)
    return True


def put_skipped(
    connection: Connection, inputs: Iterable[Skipped], run: Run, privacy: Privacy
) -> None:
    """Store the inputs that were not scored, except those that a stopped run did not reach."""
    reasons = {
        privacy.input_id(each.file): each.reason.value
        for each in inputs
        if each.reason is not Reason.STOPPED
    }
    rows = [{"input": key, "reason": reasons[key], "run": run.id} for key in sorted(reasons)]
    insert_or_replace(connection, skipped, rows, if_changed="reason")


def drop_skipped(connection: Connection, inputs: Collection[str]) -> None:
    """Remove inputs that are scored by now from the list of skipped ones."""
    found: list[str] = []
    for part in parts(sorted(inputs)):
        query = select(skipped.c.input).where(skipped.c.input.in_(part))
        found.extend(connection.execute(query).scalars())
    for each in sorted(found):
        connection.execute(delete(skipped).where(skipped.c.input == each))


def scored_inputs(verdict: ScanScore, report: Report, privacy: Privacy) -> set[str]:
    """The files of a scan, except those of which a part was skipped."""
    files = {each.header.source.file for each in verdict.slices}
    return {privacy.input_id(file) for file in files - {each.file for each in report.skipped}}


def known_keys(
    connection: Connection, keys: Iterable[SeriesKey], privacy: Privacy
) -> set[SeriesKey]:
    """Those of the keys whose results are stored."""
    wanted = {_stored_form(key, privacy): key for key in keys}
    known: set[SeriesKey] = set()
    columns = [scans.c[name] for name in ("series_uid", "content", "model_digest")]
    query = select(*columns, scans.c.options_digest)
    for part in parts(sorted({content for _, content, *_ in wanted})):
        rows = connection.execute(query.where(scans.c.content.in_(part)))
        known.update(wanted[row] for row in map(tuple, rows) if row in wanted)
    return known


def parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """The values in parts that fit into one query.

    >>> [len(part) for part in parts(range(1100))]
    [500, 500, 100]
    """
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _stored_form(key: SeriesKey, privacy: Privacy) -> tuple[str, ...]:
    return privacy.series_uid(key), privacy.content(key), key.model, key.options
