"""The sender: a thread for each target, so that one that is down holds up no other."""

from __future__ import annotations

import logging
import time
from threading import Event, Thread

from ctiqa.clinic.config import Config
from ctiqa.clinic.records.clock import Clock, utc_now
from ctiqa.clinic.records.deliveries import Deliveries
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.sending.line import TargetLine, sender_of
from ctiqa.clinic.sending.state import state_of
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.part.patience import insist
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.store.store import Store

LOG = logging.getLogger("ctiqa.clinic")

PART = "sender"
"""Name of this part on the health page."""

LOOK_S = 1.0
"""Time between two looks for results that are due."""

TELL_S = 10.0
"""Time between two signs of life."""

END_S = 3.0
"""How long what is in hand may take when the sender is stopped."""

REMOVED = (
    "the target is no longer in the configuration; enter it again under 'send' and send the result "
    "again, or leave it"
)


def run_sender(config: Config, stop: Event) -> None:
    """Send results until stopped; returns within a few seconds of that.

    A database that is down is waited for. A result that was sent when the program is killed, and
    not recorded, is sent once more: it has the same UID, so the archive keeps one.

    Args:
        config: The configuration.
        stop: Ends it.

    Raises:
        UsageError: If the address of the store is not one.
    """
    store = store_when_there(config, PART, stop)
    if store is None:
        return
    with store:
        Sender(config, store).run(stop)


class Sender:
    """Sends the results of one store.

    Args:
        config: The configuration.
        store: The store.
        now: The clock.
    """

    def __init__(self, config: Config, store: Store, now: Clock = utc_now) -> None:
        self._config = config
        self._deliveries = Deliveries(store, now)
        self._health = Health(store, now)
        self._started = now()
        out = SpoolFolder(config.spool.folder).out
        self.lines = [
            TargetLine(each, out, self._deliveries, sender_of(each, config), now=now)
            for each in config.send
        ]

    def run(self, stop: Event) -> None:
        """Send until stopped."""
        failures: list[Exception] = []
        threads = [
            Thread(target=_work, args=(line, stop, failures), daemon=True) for line in self.lines
        ]
        for thread in threads:
            thread.start()
        told = -TELL_S
        while not stop.is_set() and not failures:
            if time.monotonic() - told >= TELL_S:
                insist(self.tell, PART, stop)
                told = time.monotonic()
            stop.wait(LOOK_S)
        if failures:
            raise failures[0]
        end = time.monotonic() + END_S
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        for line in self.lines:
            line.end()

    def tell(self) -> None:
        """Give up what is for targets that were removed, and give a sign of life."""
        names = [each.name for each in self._config.send]
        if lost := self._deliveries.fail_others(names, REMOVED):
            LOG.warning("sender: results for targets that were removed are given up: %d", lost)
        state = state_of(self._deliveries.by_target(), names)
        self._health.tell(
            PART, state.sentence, started=self._started, is_well=state.is_well, facts=state.facts
        )


def _work(line: TargetLine, stop: Event, failures: list[Exception]) -> None:
    """Send to one target until stopped; an error that nobody expects ends the sender."""
    try:
        while not stop.is_set():
            insist(lambda: line.turn(stop), PART, stop)
            stop.wait(LOOK_S)
    except Exception as error:  # noqa: BLE001 - raised by the main thread
        failures.append(error)
