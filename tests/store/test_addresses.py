"""Addresses of stores, good and bad, and the libraries that each needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.faults import filled, refused

from ctiqa.errors import OutputError, UsageError
from ctiqa.store import open_store
from ctiqa.store.database.address import parse_address
from ctiqa.store.database.drives import network_drive

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/me ext4 rw 0 0
//server/ct /mnt/my\\040drive cifs rw 0 0
tmpfs /mnt/both tmpfs rw 0 0
server:/b /mnt/both nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("ct.sqlite", "ct.sqlite"),
        (Path("a") / "b c.db", "a/b c.db"),
        ("sqlite:///rel/ct.sqlite", "rel/ct.sqlite"),
        ("sqlite:////abs/ct.sqlite", "/abs/ct.sqlite"),
        ("sqlite+pysqlite:///ct%20.sqlite", "ct%20.sqlite"),
    ],
)
def test_files(address: str, file: str) -> None:
    assert parse_address(address).file == Path(file)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_servers(scheme: str) -> None:
    found = parse_address(f"{scheme}://me:s3cret%40x@db.example.org:5433/ct?sslmode=require")
    assert found.file is None
    assert found.name == "'postgresql://db.example.org:5433/ct'"
    assert (found.url.drivername, found.url.password) == ("postgresql+psycopg", "s3cret@x")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":memory:",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///ct.sqlite?mode=ro",
        "ct\0.sqlite",
        "mysql://me:s3cret@host/ct",
        "odd\x1b://me:s3cret@host",
        "postgresql://",
        "postgresql://me:s3cret@host",
        "postgresql://me:s3cret@host:port/ct",
        "postgresql://me:my@s3cret@host/ct",
        "postgresql://me:s3cret@host:99999999999/c@t",
        "postgresql://me:s3cret@[::1/ct",
    ],
)
def test_what_is_no_address_is_refused_without_quoting_it(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="store must be") as caught:
        open_store(address)
    assert "s3cret" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.__context__ is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/var/ct.sqlite", None),
        ("/home/you/ct.sqlite", "nfs4"),
        ("/home/me/ct.sqlite", None),
        ("/homework/ct.sqlite", None),
        ("/mnt/my drive/ct.sqlite", "cifs"),
        ("/mnt/both/ct.sqlite", "nfs"),
    ],
)
def test_network_drives(tmp_path: Path, path: str, system: str | None) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS, encoding="utf-8")
    assert network_drive(Path(path), mounts) == system


def test_without_a_list_of_mounts_every_drive_is_local(tmp_path: Path) -> None:
    assert network_drive(Path("/home/you/ct.sqlite"), tmp_path / "none") is None
    (tmp_path / "odd").write_bytes(b"\xff\n\nshort /\n")
    assert network_drive(Path("/home/you/ct.sqlite"), tmp_path / "odd") is None


def test_a_store_on_a_network_drive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctiqa.store.database.connect.network_drive", lambda _: "nfs4")
    with pytest.raises(OutputError, match=r"local drive, got one of type nfs4.*use PostgreSQL"):
        open_store(tmp_path / "ct.sqlite")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("library", "address"),
    [
        ("sqlalchemy", "ct.sqlite"),
        ("alembic", "ct.sqlite"),
        ("psycopg", "postgresql://me:s3cret@host/ct"),
    ],
)
def test_a_library_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: str, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, library, None)
    with refused(UsageError, rf"needs {library}.*pip install 'ctiqa\[clinic\]'"):
        open_store(address)
    assert not list(tmp_path.iterdir())


def test_sqlite_needs_no_driver_of_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert filled(tmp_path / "ct.sqlite")


def test_importing_the_store_needs_no_extra() -> None:
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['sqlalchemy', 'alembic', 'psycopg', 'polars']))\n"
        "from ctiqa.store import Run, SeriesKey, open_store, series_key"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
