"""All checks of a configuration, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ctiqa.clinic.config.checks.certificates import check_certificates
from ctiqa.clinic.config.checks.check import Check
from ctiqa.clinic.config.checks.dashboard import check_dashboard
from ctiqa.clinic.config.checks.database import check_database
from ctiqa.clinic.config.checks.files import check_files
from ctiqa.clinic.config.checks.online import check_online
from ctiqa.clinic.config.checks.ports import check_ports
from ctiqa.clinic.config.checks.scoring import check_scoring
from ctiqa.clinic.config.config import Config

Checker = Callable[[Config], Iterable[Check]]

OFFLINE: tuple[Checker, ...] = (
    check_files,
    check_certificates,
    check_database,
    check_scoring,
    check_ports,
    check_dashboard,
)
"""Checks that call no other server but the database."""


def check_all(config: Config, *, online: bool = False) -> Iterator[Check]:
    """Check what only this computer knows; nothing is made or changed.

    Args:
        config: The configuration.
        online: Also call the targets, sources and receivers of alerts.

    Yields:
        The outcome of each check, in the order of the file as far as possible.

    Raises:
        UsageError: If a library is missing.
    """
    for checker in (*OFFLINE, *((check_online,) if online else ())):
        yield from checker(config)
