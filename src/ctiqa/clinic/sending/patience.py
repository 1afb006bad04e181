"""A database that is down is waited for: nothing is lost, and work goes on by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from ctiqa.clinic.config import Config
from ctiqa.errors import OutputError
from ctiqa.store.opening import open_store
from ctiqa.store.store import Store

LOG = logging.getLogger("ctiqa.clinic")

FIRST_WAIT_S = 1.0
"""Wait before the second try; it doubles with each further one."""

LONGEST_WAIT_S = 30.0
"""Longest wait."""

Result = TypeVar("Result")


def insist(action: Callable[[], Result], stop: Event, part: str) -> Result | None:
    """Do something with the database, again and again until it works.

    Args:
        action: What to do.
        stop: Ends the waiting.
        part: Name of the part, for the log.

    Returns:
        What the action returns; ``None`` if it was stopped.

    >>> insist(lambda: "done", Event(), "sender")
    'done'
    """
    wait, is_logged = FIRST_WAIT_S, False
    while not stop.is_set():
        try:
            return action()
        except OutputError as error:
            if not is_logged:
                LOG.warning("%s waits for the database: %s", part, error)
                is_logged = True
        stop.wait(wait)
        wait = min(2 * wait, LONGEST_WAIT_S)
    return None


def store_of(config: Config, stop: Event, part: str) -> Store | None:
    """The store of the configuration, once it can be reached.

    Args:
        config: The configuration.
        stop: Ends the waiting.
        part: Name of the part, for the log.

    Returns:
        The store; ``None`` if it was stopped before.

    Raises:
        UsageError: If the address is not one.
        DataError: If it is no store, is damaged, or of a newer ctiqa.
    """
    section = config.store
    return insist(
        lambda: open_store(section.url(), uids=section.uids, dates=section.dates), stop, part
    )
