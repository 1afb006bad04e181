"""Stores filled from a frame, without scoring anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars
from sqlalchemy import insert

from ctiqa.store import Store, open_store
from ctiqa.store.database.tables import models, runs, scans

JSON = ("findings", "flags", "scan_flags", "warnings")


def store_of(frame: polars.DataFrame, address: str | Path, **privacy: Any) -> Store:
    """A store with the scans of a frame like ``Store.scans()``, open.

    Args:
        frame: The scans; UIDs are hashed if the store does so, days are kept as they are.
        address: Where there is no store yet.
        **privacy: ``uids`` and ``dates``.
    """
    store = open_store(address, **privacy)
    with store._engine.begin() as connection:
        for digest, title in frame.select("model_digest", "scored_by").unique().iter_rows():
            facts = {"digest": digest, "title": title, "facts": {}}
            connection.execute(insert(models), facts)
        for run in frame["run"].unique():
            started = datetime(2026, 1, 1, tzinfo=UTC)
            facts = {"id": run, "kind": "survey", "version": "1", "started": started}
            connection.execute(insert(runs), facts)
        rows = [_row(row, store) for row in frame.iter_rows(named=True)]
        if rows:
            connection.execute(insert(scans), rows)
    return store


def _row(row: dict[str, Any], store: Store) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name in scans.c}
    parsed = {name: json.loads(kept[name]) for name in JSON}
    return {**kept, **parsed, "series_uid": store.privacy.uid(kept["series_uid"])}
