"""What one look at an archive brought, and when it is of no use to go on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from ctiqa.archive.sources.dicomweb.session import Fault
from ctiqa.clinic.fetching.faults import ArchiveFault

MANY = 3
"""If so many series fail and none is fetched, it is the archive, not the series."""

log = logging.getLogger("ctiqa.clinic")


@dataclass(slots=True)
class Tally:
    """Counts of one look.

    Attributes:
        archive: Name of the archive.
        series: Number of series that were fetched.
        instances: Number of their instances that are new.
        failed: Reasons of the series that could not be fetched.
        given_up: Number of series that will not be tried again.
        note: What else is to be said.
    """

    archive: str
    series: int = 0
    instances: int = 0
    failed: list[str] = field(default_factory=list)
    given_up: int = 0
    note: str = ""

    @property
    def nothing_works(self) -> bool:
        """Whether the failures say nothing of the series: they do not count as tries."""
        return len(self.failed) >= MANY and not self.series

    def attempt(self, fetch: Callable[[], int | None]) -> bool:
        """Fetch one series; that it fails does not stop the others.

        Args:
            fetch: Returns the number of new instances; ``None`` if there was nothing to fetch.

        Returns:
            Whether it is settled.

        Raises:
            ArchiveFault: If the archive fails.
        """
        try:
            n_new = fetch()
        except ArchiveFault:
            raise
        except Fault as fault:
            log.warning("fetcher: a series of '%s' could not be fetched: %s", self.archive, fault)
            self.failed.append(str(fault))
            return False
        if n_new is not None:
            self.series += 1
            self.instances += n_new
        return True
