"""Everything that alerts are about, looked at once."""

from __future__ import annotations

from ctiqa.clinic.alerts import limits, queue, signs
from ctiqa.clinic.alerts.limits import LimitWatch
from ctiqa.clinic.config import Config
from ctiqa.clinic.records.alerts import Finding
from ctiqa.clinic.records.clock import Clock
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.health import Health
from ctiqa.errors import DataError
from ctiqa.store.store import Store


class Look:
    """Looks for what is wrong in a clinic.

    Args:
        config: The configuration.
        store: The store.
        now: The clock.
    """

    def __init__(self, config: Config, store: Store, now: Clock) -> None:
        self._config = config
        self._store = store
        self._now = now
        file = config.watch.limits
        self.limits = None if file is None else LimitWatch(store, file)

    def findings(self) -> dict[str, list[Finding]]:
        """What is wrong now, by kind; a kind that could not be looked at is missing.

        Raises:
            OutputError: If the database cannot be reached.
        """
        now, deliveries = self._now(), Deliveries(self._store, self._now)
        found = {
            signs.KIND: signs.part_findings(self._config, Health(self._store, self._now)),
            queue.ASIDE: queue.aside_findings(self._store, now),
            queue.DELIVERY: queue.delivery_findings(deliveries, now),
            queue.DISK: queue.disk_findings(self._config),
        }
        return found | self._limit_findings()

    def _limit_findings(self) -> dict[str, list[Finding]]:
        if self.limits is None:
            return {limits.KIND: [], limits.FILE: []}
        try:
            return {limits.KIND: self.limits.findings(), limits.FILE: []}
        except DataError as error:
            # Which limits are broken is unknown: what was broken has not ended.
            return {limits.FILE: [limits.unusable(error)]}
