"""Signs of life: what each part of the clinic last said of itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from ctiqa.clinic.records.records import Records
from ctiqa.store.database.clinic_tables import health
from ctiqa.store.database.insert import insert_or_replace

SILENT_AFTER = timedelta(seconds=90)
"""A part that has said nothing for so long is down."""


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign of life of a part.

    Attributes:
        part: Name of the part, such as ``receiver``.
        at: When it was given.
        started: When the part was started.
        is_well: Whether the part does its work.
        sentence: What it does, or what is wrong and what to do, in plain words.
        facts: Numbers for the page and for Prometheus.
    """

    part: str
    at: datetime
    started: datetime
    is_well: bool
    sentence: str
    facts: Mapping[str, float]


class Health(Records):
    """Signs of life in the database of a store."""

    def tell(
        self,
        part: str,
        sentence: str,
        *,
        started: datetime,
        is_well: bool = True,
        facts: Mapping[str, float] | None = None,
    ) -> None:
        """Give a sign of life; it replaces the one before."""
        row = {
            "part": part,
            "at": self._now(),
            "started": started,
            "is_well": is_well,
            "sentence": sentence,
            "facts": json.dumps(dict(facts or {}), sort_keys=True, allow_nan=False),
        }
        with self._store.writing() as connection:
            insert_or_replace(connection, health, [row])

    def signs(self) -> list[Sign]:
        """The last signs of all parts, by name."""
        with self._store.reading() as connection:
            rows = connection.execute(select(health).order_by(health.c.part)).mappings()
            return [Sign(**{**row, "facts": json.loads(row["facts"])}) for row in rows]

    def forget_others(self, parts: Collection[str]) -> None:
        """Remove the signs of parts that the configuration no longer has: they say nothing more."""
        with self._store.writing() as connection:
            connection.execute(delete(health).where(health.c.part.not_in(sorted(parts))))

    def is_silent(self, sign: Sign) -> bool:
        """Whether a part has said nothing for too long, or its clock is ahead by as much."""
        return abs(self._now() - sign.at) > SILENT_AFTER
