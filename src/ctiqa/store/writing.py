"""Write results: one transaction per series, in an order in which two writers never deadlock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from ctiqa.score.report.model_facts import model_title
from ctiqa.store.bundle import ScanRows
from ctiqa.store.database.insert import insert_new, insert_once, insert_or_replace
from ctiqa.store.database.parts import parts
from ctiqa.store.database.tables import models, runs, scans, skipped, slices
from ctiqa.store.keys import SeriesKey, model_digest, model_facts
from ctiqa.store.privacy import Privacy
from ctiqa.store.run import Run
from ctiqa.text.plain_text import clean, clean_tree
from ctiqa.version import __version__


def put_run(connection: Connection, model: Mapping[str, Any], run: Run) -> None:
    """Store a run and the model that it uses; the engine may become known later."""
    facts = clean_tree(model_facts(model))
    row = {"digest": model_digest(model), "title": clean(model_title(facts)), "facts": facts}
    insert_once(connection, models, row)
    engine = None if model.get("engine") is None else clean(str(model["engine"]))
    row = {
        "id": run.id,
        "kind": clean(run.kind),
        "version": __version__,
        "engine": engine,
        "started": run.started,
    }
    if not insert_once(connection, runs, row) and engine is not None:
        unknown = (runs.c.id == run.id) & runs.c.engine.is_(None)
        connection.execute(update(runs).where(unknown).values(engine=engine))


def end_run(connection: Connection, run: Run) -> None:
    """Store the end of a run."""
    now = datetime.now(UTC)
    connection.execute(update(runs).where(runs.c.id == run.id).values(ended=now))


def put_scan(connection: Connection, scan: ScanRows, run: Run) -> bool:
    """Store a scan with its slices; its files are no longer listed as skipped.

    Returns:
        Whether it was new.
    """
    stored = {"run": run.id, "stored": datetime.now(UTC)}
    number = insert_new(connection, scans, {**scan.row, **stored})
    if number is not None and scan.slices:
        connection.execute(slices.insert(), [{"scan": number, **each} for each in scan.slices])
    drop_skipped(connection, scan.inputs)
    return number is not None


def put_skipped(connection: Connection, reasons: Mapping[str, str], run: Run) -> None:
    """Store the reasons why inputs were not scored."""
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


def _stored_form(key: SeriesKey, privacy: Privacy) -> tuple[str, ...]:
    return privacy.series_uid(key), privacy.content(key), key.model, key.options
