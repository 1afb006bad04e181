"""Checks before anything is started."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ctiqa.clinic.config.checks.certificates import check_certificates
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.checks.files import check_files
from ctiqa.clinic.config.checks.ports import check_ports
from ctiqa.clinic.config.checks.scoring import check_scoring
from ctiqa.clinic.config.config import Config
from ctiqa.clinic.records.claim import Claim
from ctiqa.clinic.service.address import check_free
from ctiqa.clinic.service.errors import StartError
from ctiqa.clinic.service.part.opening import store_of
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import OutputError, bulleted, counted
from ctiqa.store.database.address import parse_address

NOT_NEEDED = ("web.", "spool.reserve_gigabytes")
"""Places of the configuration without which the parts can start: the dashboard is another program,
and a disk that is full answers senders and says so."""

log = logging.getLogger("ctiqa.clinic")


def check_start(config: Config) -> None:
    """Check the configuration, the files that it names, the port and the store.

    A PostgreSQL server that cannot be reached is waited for; the listener receives meanwhile.

    Raises:
        StartError: If something is not there, is not valid or is in use; all problems are listed.
        UsageError: If the configuration does not fit the store.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If an SQLite store cannot be written.
    """
    problems = []
    for check in _checks(config):
        if check.state == "broken" and not check.what.startswith(NOT_NEEDED):
            problems.append(f"{check.what}: {check.sentence}")
        elif check.state in ("broken", "warning") and not check.what.startswith("web."):
            log.warning("%s: %s", check.what, check.sentence)
    if problems:
        head = f"the clinic cannot start, the configuration has {counted(problems)}:"
        raise StartError(bulleted(head, problems))
    check_free(config.listen.host, config.listen.port)
    _check_store(config)


def _checks(config: Config) -> Iterator[Check]:
    for checker in (check_files, check_certificates, check_scoring, check_ports):
        yield from checker(config)


def _check_store(config: Config) -> None:
    try:
        with store_of(config) as store:
            Claim(store, SpoolFolder(config.spool.folder).identity()).check()
    except OutputError as error:
        if parse_address(config.store.url()).file is not None:
            raise
        log.warning("the clinic starts and waits for its database: %s", error)


def store_name(config: Config) -> str:
    """The store in messages, without user and password.

    >>> from ctiqa.clinic.config.config import Config, StoreSection
    >>> store_name(Config(store=StoreSection(address="postgresql://me:secret@db/ct")))
    "'postgresql://db/ct'"
    """
    return parse_address(config.store.address).name
