"""Series that were set aside, results that were given up, and a disk that is full."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.alerts import Finding
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.database.clinic_tables import jobs
from ctiqa.store.store import Store

ASIDE, DELIVERY, DISK = "aside", "delivery", "disk"
"""Kinds of findings."""

RECENT = timedelta(days=1)
"""Series and results of the last day count: older ones have been told of, and stay on the page."""

GIGA = 10**9


def aside_findings(store: Store, now: datetime) -> list[Finding]:
    """Series that were set aside in the last day, by reason.

    Raises:
        OutputError: If the database cannot be reached.
    """
    is_recent = (jobs.c.state == "aside") & (jobs.c.finished > now - RECENT)
    query = select(jobs.c.reason, func.count()).where(is_recent).group_by(jobs.c.reason)
    with store.reading() as connection:
        rows = connection.execute(query.order_by(jobs.c.reason)).all()
    return [_set_aside(reason or "unknown", n) for reason, n in rows]


def delivery_findings(deliveries: Deliveries, now: datetime) -> list[Finding]:
    """Results that were given up in the last day, by target.

    Raises:
        OutputError: If the database cannot be reached.
    """
    found = deliveries.given_up_since(now - RECENT)
    return [_given_up(target, n, error) for target, (n, error) in sorted(found.items())]


def disk_findings(config: Config) -> list[Finding]:
    """Whether the disk of the spool has less than its reserve free, or cannot be looked at."""
    reserve = config.spool.reserve_gigabytes
    folder = SpoolFolder(config.spool.folder, int(reserve * GIGA))
    try:
        if folder.has_room(0):
            return []
    except OSError as error:
        why = error.strerror or type(error).__name__
        return [Finding(DISK, "spool", f"the disk of the spool cannot be looked at: {why}")]
    sentence = (
        f"less than {reserve:g} GB are free on the disk of the spool, so nothing is accepted; free "
        "space, or lower 'keep_days' or 'keep_gigabytes'"
    )
    return [Finding(DISK, "spool", sentence)]


def _set_aside(reason: str, n: int) -> Finding:
    series = "1 series was" if n == 1 else f"{n} series were"
    sentence = (
        f"{series} set aside within a day, for the reason '{reason}'; see them on the page of today"
    )
    return Finding(ASIDE, reason, sentence, {"reason": reason, "n": n})


def _given_up(target: str, n: int, error: str | None) -> Finding:
    results = "1 result was" if n == 1 else f"{n} results were"
    sentence = f"{results} not delivered to '{target}' and given up within a day; the last: {error}"
    return Finding(DELIVERY, target, sentence, {"target": target, "n": n})
