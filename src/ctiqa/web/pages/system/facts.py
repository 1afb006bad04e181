"""Facts of the system: disk, certificate, database, model, versions; each with what to do."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from ctiqa.clinic.config import Config
from ctiqa.store.store import Store
from ctiqa.trends.page.words import quantity
from ctiqa.version import __version__
from ctiqa.web.context import Site
from ctiqa.web.pages.parts.words import age, gigabytes

SOON = timedelta(days=30)
"""A certificate that ends within this time should be replaced."""

DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

Gravity = Literal["", "warn", "wrong"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the system.

    Attributes:
        label: What it is about.
        text: What is so.
        gravity: Empty, ``warn`` or ``wrong``.
        remedy: What to do; may be empty.
    """

    label: str
    text: str
    gravity: Gravity = ""
    remedy: str = ""


def machine(site: Site, now: datetime) -> list[Fact]:
    """Facts of the computer and the database, for those who see all scans.

    Raises:
        OutputError: If the database cannot be reached.
    """
    config = site.config
    return [disk(config), *certificate(config, now), Fact("Database", _database(site.store))]


def store_facts(frame: pl.DataFrame) -> list[Fact]:
    """Facts of the scans that a viewer sees, and of this version.

    Args:
        frame: The scans.
    """
    return [
        Fact("Scans", f"{frame.height:,}"),
        *_models(frame),
        Fact("Version", f"ctiqa {__version__}, Python {platform.python_version()}"),
    ]


def disk(config: Config) -> Fact:
    """Room on the disk of the spool."""
    folder, reserve = config.spool.folder, 1e9 * config.spool.reserve_gigabytes
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        remedy = "'ctiqa listen' makes the folder; see that it runs, on this computer"
        return Fact("Disk of the spool", f"unknown: {error.strerror}", "warn", remedy)
    text = f"{gigabytes(usage.free)} of {gigabytes(usage.total)} free"
    if usage.free < reserve:
        remedy = "nothing is accepted (status 0xA700); free space, or lower 'spool.keep_gigabytes'"
        return Fact("Disk of the spool", text, "wrong", remedy)
    if usage.free < 2 * reserve:
        remedy = f"below {gigabytes(reserve)} nothing is accepted; free space soon"
        return Fact("Disk of the spool", text, "warn", remedy)
    return Fact("Disk of the spool", text)


def certificate(config: Config, now: datetime) -> Iterator[Fact]:
    """How long the certificate of the listener is valid; nothing without TLS."""
    if config.listen.tls is None:
        return
    label = "Certificate of the listener"
    end = _ends(config.listen.tls.certificate)
    if end is None:
        yield Fact(label, "cannot be read", "warn", "this user must be allowed to read the file")
    elif end <= now:
        text = f"expired {age(now - end)} ago, on {end:%Y-%m-%d}"
        yield Fact(label, text, "wrong", "replace it, and restart 'ctiqa listen'")
    elif end - now < SOON:
        text = f"expires in {age(end - now)}, on {end:%Y-%m-%d}"
        yield Fact(label, text, "warn", "replace it, and restart 'ctiqa listen'")
    else:
        yield Fact(label, f"valid until {end:%Y-%m-%d}")


def _ends(file: Path) -> datetime | None:
    """When a certificate expires; ``None`` if it cannot be read."""
    from cryptography import x509  # noqa: PLC0415 - optional

    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found.not_valid_after_utc.astimezone(UTC)


def _database(store: Store) -> str:
    """Kind and version of the database."""
    with store.reading() as connection:
        dialect = connection.dialect
        version = ".".join(map(str, dialect.server_version_info or ()))
        return f"{DATABASES.get(dialect.name, dialect.name)} {version}"


def _models(frame: pl.DataFrame) -> Iterator[Fact]:
    """The models of the newest scans."""
    if frame.is_empty():
        yield Fact("Model", "no scan is stored yet")
        return
    newest = frame.row(0, named=True)
    text = f"{newest['scored_by']} ({newest['model_digest'][:12]})"
    others = frame["model_digest"].n_unique() - 1
    remedy = f"{quantity(others, 'other model')} scored older scans; trends show one model"
    yield Fact("Model of the newest scan", text, "", remedy if others else "")
