"""The alerter: looks from time to time, records what is wrong, and tells the channels."""

from __future__ import annotations

import logging
import time
from threading import Event

from ctiqa.clinic.alerts.looking import Look
from ctiqa.clinic.alerts.teller import Teller
from ctiqa.clinic.config import Config
from ctiqa.clinic.records.alerts import Alerts
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.health import SILENT_AFTER
from ctiqa.clinic.service.part.life import BEAT_S, Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.part.patience import insist
from ctiqa.store.store import Store

LOG = logging.getLogger("ctiqa.clinic")

PART = "alerter"
"""Name of this part on the health page."""

GRACE_S = SILENT_AFTER.total_seconds()
"""Time before the first look: after a start, all other parts are silent for a moment."""


def run_alerter(config: Config, stop: Event, *, grace_s: float = GRACE_S) -> None:
    """Look for what is wrong and tell the channels, until stopped.

    What was told is in the database, so nothing is repeated after a restart.

    Args:
        config: The configuration.
        stop: Ends it, within a few seconds.
        grace_s: Time before the first look, in seconds.

    Raises:
        UsageError: If the address of the store is not one.
    """
    store = store_when_there(config, PART, stop)
    if store is None:
        return
    with store:
        alerter = Alerter(config, store)
        alerter.wait(grace_s, stop)
        while not stop.is_set():
            insist(lambda: alerter.turn(stop), PART, stop)
            alerter.wait(config.watch.every_seconds, stop)


class Alerter:
    """Looks and tells for one store.

    Args:
        config: The configuration.
        store: The store.
        now: The clock.
    """

    def __init__(self, config: Config, store: Store, now: Clock = utc_now) -> None:
        self._config = config
        self._channels = [each.name for each in config.alert]
        self._alerts = Alerts(store, now)
        self._teller = Teller(config, self._alerts, now)
        self._life = Life(store, PART, now)
        self._sentence, self._is_well = "waits for the first look", True
        self._facts: dict[str, float] = {}
        self.look = Look(config, store, now)

    def turn(self, stop: Event) -> None:
        """Look once, and tell what there is to say.

        Args:
            stop: Ends the waiting for channels.

        Raises:
            OutputError: If the database cannot be reached.
            DataError: If it is damaged.
        """
        before = {each.key for each in self._alerts.current()}
        found = self.look.findings()
        self._alerts.saw([each for kind in found.values() for each in kind], set(found))
        for alert in self._alerts.current():
            if alert.key not in before:
                LOG.warning("alert: %s", alert.sentence)
        self._teller.tell(stop)
        # A channel that hangs must still hear of the end of what it is about to tell.
        if not self._teller.is_busy():
            self._alerts.forget(self._channels)
        self._describe()
        self._live()

    def wait(self, seconds: float, stop: Event) -> None:
        """Wait, with signs of life."""
        end = time.monotonic() + seconds
        while not stop.is_set() and (left := end - time.monotonic()) > 0:
            self._live()
            stop.wait(min(left, BEAT_S))

    def _describe(self) -> None:
        """What the health page says of alerts and channels."""
        n, errors = len(self._alerts.current()), self._alerts.errors()
        things = {0: "nothing is wrong", 1: "1 thing is wrong"}.get(n, f"{n} things are wrong")
        failures = [f"'{name}' cannot send alerts: {error}" for name, error in errors.items()]
        self._sentence = "; ".join([things, *failures])
        self._is_well = not errors
        self._facts = {"wrong": float(n), "failing_channels": float(len(errors))}

    def _live(self) -> None:
        self._life.tell(self._sentence, is_well=self._is_well, facts=lambda: self._facts)
