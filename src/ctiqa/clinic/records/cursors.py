"""How far archives were looked through, so that nothing is looked at twice or missed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from ctiqa.clinic.records.records import Records
from ctiqa.store.database.clinic_tables import cursors
from ctiqa.store.database.insert import insert_or_replace


class Cursors(Records):
    """Positions in archives, by name of the source."""

    def position(self, source: str) -> str | None:
        """Where to go on; ``None`` at the beginning."""
        query = select(cursors.c.position).where(cursors.c.source == source)
        with self._store.reading() as connection:
            found = connection.scalar(query)
            return None if found is None else str(found)

    def move(self, source: str, position: str) -> None:
        """Record that everything before a position was dealt with."""
        row = {"source": source, "position": position, "moved": self._now()}
        with self._store.writing() as connection:
            insert_or_replace(connection, cursors, [row])

    def forget(self, prefix: str, before: datetime) -> int:
        """Remove positions that have not moved since a time.

        Args:
            prefix: Beginning of the names of their sources.
            before: The time.

        Returns:
            Number of positions removed.
        """
        old = cursors.c.source.startswith(prefix, autoescape=True) & (cursors.c.moved < before)
        with self._store.writing() as connection:
            return int(connection.execute(delete(cursors).where(old)).rowcount)
