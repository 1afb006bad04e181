"""Address of a store: the path of an SQLite file, or the URL of a PostgreSQL database."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from ctiqa.errors import UsageError
from ctiqa.text.plain_text import clean

SQLITE = ("sqlite", "sqlite+pysqlite")
POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")

FORMS = "'FILE.sqlite', 'sqlite:///FILE' or 'postgresql://USER:PASSWORD@HOST:PORT/DATABASE'"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is.

    Attributes:
        url: For SQLAlchemy; the password is not shown.
        file: The file of an SQLite store; ``None`` for PostgreSQL.
        name: Name in messages, without user and password.
    """

    url: URL = field(repr=False)
    file: Path | None
    name: str


def parse_address(address: str | os.PathLike[str]) -> Address:
    """Read an address.

    Args:
        address: A path, which is an SQLite file, or a URL.

    Raises:
        UsageError: If it is neither. Messages never quote it, because it may hold a password.

    >>> parse_address("ct.sqlite").file, parse_address("sqlite:////srv/ct.sqlite").file
    (PosixPath('ct.sqlite'), PosixPath('/srv/ct.sqlite'))
    >>> parse_address("postgresql://me:secret@db:5433/ct")
    Address(file=None, name="'postgresql://db:5433/ct'")
    """
    text = os.fspath(address)
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _file(text)
    if scheme in SQLITE:
        return _file(rest.removeprefix("/"))
    if scheme in POSTGRESQL:
        return _server(text)
    raise UsageError(f"the address of a store must be {FORMS}, got one of '{clean(scheme, 20)}://'")


def _file(path: str) -> Address:
    if not path or path == ":memory:" or set("?\0") & set(path):
        raise UsageError(
            f"an SQLite store must be a file without parameters, got '{clean(path)}'; name a file"
        )
    return Address(URL.create("sqlite", database=path), Path(path), f"'{clean(path)}'")


def _server(text: str) -> Address:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    # A password with an unescaped @ ends up in the host.
    if url is None or not url.database or "@" in (url.host or "") or "@" in url.database:
        raise UsageError(
            "the address of a PostgreSQL store must be "
            "'postgresql://USER:PASSWORD@HOST:PORT/DATABASE', and this one is not; write special "
            "characters of the password as %XX (@ is %40, : is %3A, / is %2F)"
        )
    port = "" if url.port is None else f":{url.port}"
    name = clean(f"'postgresql://{url.host or ''}{port}/{url.database}'")
    return Address(url.set(drivername="postgresql+psycopg"), None, name)
