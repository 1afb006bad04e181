"""The version of the tables: created, upgraded when a store is opened, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from ctiqa.errors import DataError
from ctiqa.store.database.address import Address
from ctiqa.store.database.clinic_tables import jobs
from ctiqa.store.database.connect import VERSION_TABLE, writing

SCHEMA = "0003"
"""Version of the tables that this version of ctiqa reads and writes."""

METADATA = jobs.metadata
"""All tables, those of the clinic included."""

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = 0x6374697161
"""Advisory lock of PostgreSQL: one process upgrades, others wait."""


def upgrade(engine: Engine, address: Address) -> None:
    """Create or upgrade the tables, in one transaction.

    Raises:
        DataError: If the store was made by a newer version of ctiqa, or is not a store.
    """
    with engine.connect() as connection:
        if _version(connection, address) == SCHEMA:
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if _version(connection, address) != SCHEMA:
            _migrate(connection)


def _version(connection: Connection, address: Address) -> str | None:
    """Version of the tables; ``None`` if there are none."""
    names = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in names:
        if names & set(METADATA.tables):
            raise DataError(
                f"{address.name} must be a store of ctiqa or empty, but has tables of another "
                "program; use a database of its own"
            )
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608
    version = None if found is None else str(found)
    if version is not None and version > SCHEMA:
        raise DataError(
            f"{address.name} has tables of version {version}, and this ctiqa knows versions up to "
            f"{SCHEMA}; update ctiqa"
        )
    return version


def _migrate(connection: Connection) -> None:
    # Loading alembic takes a while, and most stores need no upgrade.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(MIGRATIONS)

    def steps(current: Any, _context: object) -> Any:
        return scripts._upgrade_revs(SCHEMA, current)

    with EnvironmentContext(Config(), scripts, fn=steps) as environment:
        environment.configure(
            connection=connection,
            target_metadata=METADATA,
            version_table=VERSION_TABLE,
            transactional_ddl=True,
        )
        environment.run_migrations()
