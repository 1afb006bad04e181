"""Tables are upgraded when a store is opened, all at once or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from tests.store import made

from ctiqa.errors import DataError
from ctiqa.store import Run, Store, open_store
from ctiqa.store.database import schema
from ctiqa.store.database.connect import VERSION_TABLE, writing
from ctiqa.store.database.tables import metadata
from ctiqa.store.rows import Row, scan_row

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{newest}"


def upgrade() -> None:
    op.add_column("scans", sa.Column("note", sa.String))
    op.execute("UPDATE scans SET note = 'upgraded'")
    op.create_table("remarks", sa.Column("id", sa.Integer, primary_key=True))
"""
"""A migration of the future."""

NEXT = NEXT.format(newest=schema.SCHEMA)


@pytest.fixture
def future(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """File of one more migration, which this version of ctiqa has."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    file = folder / "versions" / "v9999_notes.py"
    file.write_text(NEXT, encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "SCHEMA", "9999")
    return file


@pytest.fixture
def old(address: str) -> str:
    """A store of this version, with a series."""
    with open_store(address) as store:
        store.add(made.report(made.scan_score()), Run())
    return address


def tables(store: Store) -> set[str]:
    return set(inspect(store._engine).get_table_names())


def test_migrations_make_the_tables_that_the_code_expects(store: Store) -> None:
    options = {"version_table": VERSION_TABLE, "compare_server_default": True}
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == schema.SCHEMA


def test_the_newest_migration_is_the_version_of_the_code() -> None:
    scripts = ScriptDirectory(schema.MIGRATIONS)
    assert scripts.get_heads() == [schema.SCHEMA]
    assert [each.revision for each in scripts.walk_revisions()][-1] == "0001"


def test_results_of_the_first_version_are_kept(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_the_first_version(*verdict_and_privacy: Any) -> Row:
        row = scan_row(*verdict_and_privacy)
        return {name: value for name, value in row.items() if name != "scan_flags"}

    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCHEMA", "0001")
        patch.setattr("ctiqa.store.bundle.scan_row", of_the_first_version)
        with open_store(address) as store:
            assert "files" not in tables(store)
            store.add(made.report(made.scan_score()), Run())
    with open_store(address) as store:
        assert "files" in tables(store)
        assert store.scans()["scan_flags"].to_list() == [None]
        assert store.slices().height == 3
        assert store.add(made.report(made.scan_score(), made.scan_score("1.2.4")), Run()) == 1
        assert store.scans()["scan_flags"].to_list() == [None, '["region"]']


def test_an_older_store_is_upgraded(old: str, future: Path) -> None:
    with open_store(old) as store:
        assert "remarks" in tables(store)
        with store._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT series_uid, note FROM scans").all()
        assert [tuple(row) for row in rows] == [("1.2.3", "upgraded")]
        assert store.slices().height == 3


def test_an_upgrade_that_fails_changes_nothing(
    old: str, future: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    future.write_text(f"{NEXT}    raise KeyboardInterrupt\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        open_store(old)
    monkeypatch.undo()
    with open_store(old) as store:
        assert "remarks" not in tables(store)
        assert "note" not in {each["name"] for each in inspect(store._engine).get_columns("scans")}
        assert store.scans().height == 1


def test_an_older_ctiqa_refuses_a_newer_store(
    address: str, future: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(address).close()
    monkeypatch.undo()
    with pytest.raises(
        DataError, match=rf"version 9999, and .* versions up to {schema.SCHEMA}; update ctiqa"
    ):
        open_store(address)


def test_a_creation_that_is_interrupted_leaves_nothing(
    address: str, future: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    future.write_text(f"{NEXT}    raise KeyboardInterrupt\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        open_store(address)
    monkeypatch.undo()
    with open_store(address, uids="hashed") as store:
        assert store.uids == "hashed"
        assert tables(store) == {*metadata.tables, VERSION_TABLE}


def test_slices_go_with_their_scan(store: Store) -> None:
    store.add(made.report(made.scan_score()), Run())
    with writing(store._engine) as connection:
        connection.exec_driver_sql("DELETE FROM scans")
    assert store.slices().height == 0
