"""Stores, users and tokens that the tests of the dashboard are made with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import insert

from ctiqa.clinic.config import Config
from ctiqa.clinic.config.reading import config_from
from ctiqa.store.database.tables import models, runs, scans, slices
from ctiqa.store.store import Store

STORED = datetime(2026, 11, 20, 8, tzinfo=UTC)

BASE = "http://127.0.0.1:8080"

PASSWORD = "correct horse battery"  # noqa: S105 - of the tests

HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

TOKENS = {name: f"token-of-{name}" for name in ("reading", "tenant", "scoring", "watching")}

SCOPES = {"reading": "read", "tenant": "read", "scoring": "score", "watching": "metrics"}


def put_scans(store: Store, rows: Sequence[dict[str, Any]], *, n_slices: int = 2) -> None:
    """Store scans; what is not named is unknown."""
    with store.writing() as connection:
        connection.execute(insert(models).values(digest="m", title="ctiqa-s4 1", facts={}))
        started = STORED - timedelta(hours=1)
        run = {"id": "r", "kind": "listen", "version": "0", "started": started}
        connection.execute(insert(runs).values(run))
        for number, row in enumerate(rows, 1):
            connection.execute(insert(scans).values({**scan_row(number), **row}))
            for index in range(n_slices):
                connection.execute(insert(slices).values(slice_row(number, index)))


def scan_row(number: int) -> dict[str, Any]:
    """A scan of scanner CT1."""
    return {
        "id": number,
        "series_uid": f"1.2.826.0.1.{number}",
        "content": f"{number:064x}",
        "model_digest": "m",
        "options_digest": "o",
        "run": "r",
        "stored": STORED + timedelta(minutes=number),
        "study_day": date(2026, 11, 1) + timedelta(days=number),
        "station": "CT1",
        "protocol": "Abdomen",
        "kernel": "Br40",
        "region": "abdomen",
        "score": 2.5,
        "low": 2.0,
        "high": 3.0,
        "equivalent_noise_hu": 20.0,
        "n_judged": 2,
        "n_unjudged": 0,
        "findings": {},
        "flags": {},
        "scan_flags": [],
        "warnings": [],
    }


def slice_row(scan: int, number: int) -> dict[str, Any]:
    """A slice."""
    return {"scan": scan, "number": number, "score": 2.5, "findings": "", "flags": ""}


def configured(folder: Path, *, model: Path | None = None, **web: Any) -> Config:
    """A configuration with its files in a folder."""
    score = {} if model is None else {"model": str(model)}
    files = {"secret_file": str(folder / "web.key"), "audit_file": str(folder / "audit.jsonl")}
    store = {"address": str(folder / "ct.sqlite")}
    return config_from({"store": store, "score": score, "web": {**files, **web}})


def user(name: str, role: str = "reader", *where: str, password: str = HASH) -> dict[str, Any]:
    """A user."""
    return {"name": name, "password": password, "role": role, "where": list(where)}


def tokens() -> list[dict[str, Any]]:
    """A token for each scope, and one that sees only the scans of CT2."""
    return [
        {
            "name": name,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "scopes": [SCOPES[name]],
            "where": ["station=CT2*"] if name == "tenant" else [],
        }
        for name, text in TOKENS.items()
    ]


def bearer(name: str) -> dict[str, str]:
    """The header of a program."""
    return {"Authorization": f"Bearer {TOKENS.get(name, name)}"}
