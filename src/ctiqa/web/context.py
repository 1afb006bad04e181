"""What every request needs, at ``request.app.state.site``."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from starlette.requests import Request

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.records.jobs import Jobs
from ctiqa.clinic.records.notes import Notes
from ctiqa.store.store import Store
from ctiqa.web.audit import Audit
from ctiqa.web.identity.clients import client_address
from ctiqa.web.identity.guard import Guard
from ctiqa.web.metering.meters import Meters
from ctiqa.web.reading.door import StoreDoor
from ctiqa.web.reading.memo import Memo
from ctiqa.web.reading.queue import Queue
from ctiqa.web.reading.scans import Scans, Seeing
from ctiqa.web.uploads.uploads import Uploads

LATELY_S = 1.0
"""What was read from the database is shown for so long, in seconds; 0 reads it each time."""

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Site:
    """The dashboard of one store.

    Attributes:
        config: The configuration.
        door: Opens the store, also later if the database is down.
        scans: Scans and trends in memory, for one viewer each: ``site.scans.of(viewer)``.
        audit: Who looked at what.
        guard: Sessions, tokens, limits of logins.
        uploads: Scores what programs upload.
        meters: Counts requests.
        clock: The time.
        moments: What was read within the last second.
    """

    config: Config
    door: StoreDoor
    scans: Scans
    audit: Audit
    guard: Guard
    uploads: Uploads
    meters: Meters
    clock: Clock = utc_now
    moments: Memo = field(default_factory=Memo)

    def lately(self, key: Hashable, read: Callable[[], Read]) -> Read:
        """What was read within the last second: many readers cost as much as one.

        Args:
            key: What it is, with the conditions of the viewer.
            read: Reads it; whoever changes it forgets the rest by ``site.moments.clear()``.
        """
        if not LATELY_S:
            return read()
        return self.moments.get((key, int(time.monotonic() / LATELY_S)), read)

    @property
    def store(self) -> Store:
        """The store.

        Raises:
            OutputError: If the database cannot be reached; pages answer 503.
            DataError: If it is damaged or of a newer version.
        """
        return self.door.store()

    def queue(self, who: Seeing) -> Queue:
        """What a viewer may see of the queue."""
        return Queue(self.store, self.scans.of(who), is_whole=not who.where)

    @property
    def jobs(self) -> Jobs:
        """The queue."""
        return Jobs(self.store, self.clock)

    @property
    def deliveries(self) -> Deliveries:
        """Results that are to be sent."""
        return Deliveries(self.store, self.clock)

    @property
    def health(self) -> Health:
        """Signs of life of the parts."""
        return Health(self.store, self.clock)

    @property
    def notes(self) -> Notes:
        """What reviewers say of scans."""
        return Notes(self.store, self.clock)


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site


def record(request: Request, who: str, action: str, series: str | None = None) -> None:
    """Write a line of the audit.

    Args:
        request: The request.
        who: Name of the user or token.
        action: What is done, a fixed word such as ``view_scan``, ``view_protocol``, ``view_page``.
        series: The series as it is stored, if it is about one.
    """
    site = site_of(request)
    address = client_address(request, site.config.web.proxies)
    site.audit.write(site.clock(), action, who=who, address=address, series=series)
