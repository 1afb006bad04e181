"""A PostgreSQL server of the tests' own, on loopback, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

PASSWORD = "s3cret/%w@rd"  # noqa: S105 - of a server that lives as long as the tests
QUOTED = "s3cret%2F%25w%40rd"
"""The password as it is written in a URL."""


class NoServerError(Exception):
    """There is no server here; the message says why."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    port: int

    def crash(self) -> None:
        """End it at once, without a word to its clients; it recovers when it is started."""
        _control(self.folder, "-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again, on the same port."""
        options = _options(self.folder, self.port)
        _control(self.folder, "-l", str(self.folder / "log"), "-o", options, "start")

    def url(self, database: str, password: str = QUOTED) -> str:
        """Address of a database."""
        return f"postgresql://ctiqa:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """A new database, and its address."""
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)

    def execute(self, statement: sql.SQL | sql.Composed, database: str = "postgres") -> None:
        """Run a statement, as the owner of everything."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="ctiqa",
            password=PASSWORD,
            dbname=database,
            autocommit=True,
        ) as connection:
            connection.execute(statement)


@contextmanager
def running() -> Iterator[Server]:
    """A server, from the programs of the system.

    Raises:
        NoServerError: If they are not installed or cannot be run.
    """
    programs = _programs()
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="ctiqa-pg-"))
    try:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        os.chown(folder / "password", owner.pw_uid, owner.pw_gid)
        _run(owner, folder, [str(programs / "initdb"), *_initdb(folder)])
        server = Server(folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.crash()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _control(folder: Path, *what: str) -> None:
    program = str(_programs() / "pg_ctl")
    _run(_owner(), folder, [program, "-D", str(folder / "data"), "-w", "-s", *what])


def server_or_skip() -> Iterator[Server]:
    """A server for a fixture; its tests are skipped if there is none."""
    try:
        with running() as found:
            yield found
    except NoServerError as error:
        pytest.skip(str(error))


def _initdb(folder: Path) -> list[str]:
    choices = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    return ["-D", str(folder / "data"), "-U", "ctiqa", f"--pwfile={folder / 'password'}", *choices]


def _options(folder: Path, port: int) -> str:
    return (
        f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off "
        f"-c unix_socket_directories={folder}"
    )


def _run(owner: pwd.struct_passwd, folder: Path, command: list[str]) -> None:
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:
        identity = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
        **identity,
    )
    if done.returncode:
        raise NoServerError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-300:]}")


def _programs() -> Path:
    found = shutil.which("initdb")
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"))[::-1]]
    folders += [Path(found).parent] if found else []
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file():
            return folder
    raise NoServerError("PostgreSQL (initdb, pg_ctl) is not installed: apt-get install postgresql")


def _owner() -> pwd.struct_passwd:
    """The server does not run as root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise NoServerError("PostgreSQL does not run as root, and no user is 'postgres'") from None


def _free_port() -> int:
    with socket.socket() as stream:
        stream.bind(("127.0.0.1", 0))
        return int(stream.getsockname()[1])
