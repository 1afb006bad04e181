"""The part of the clinic that receives."""

from __future__ import annotations

import logging
import threading

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.receiving.journal import quiet_libraries
from ctiqa.clinic.receiving.listener import Listener
from ctiqa.clinic.receiving.signs import give_signs

log = logging.getLogger("ctiqa.clinic")

FAREWELL_S = 2.0
"""Longest wait for the database when the listener stops."""


def run_receiver(
    config: Config, stop: threading.Event, ready: threading.Event | None = None
) -> None:
    """Receive instances into the spool until ``stop`` is set.

    An instance is acknowledged when it is on the disk. The database is not needed for that.

    Args:
        config: The configuration.
        stop: Ends it within a few seconds.
        ready: Is set as soon as senders can connect.

    Raises:
        UsageError: If nobody may send, or a certificate cannot be used.
        OutputError: If the spool cannot be written, or the address and port cannot be used.

    >>> run_receiver(Config(), threading.Event())
    Traceback (most recent call last):
    ...
    ctiqa.errors.UsageError: 'peers' in [listen] must list who may send, got none; add
    [[listen.peers]] with 'ae_title' for each sender, or set 'any_peer' for a trial
    """
    with quiet_libraries():
        listener = Listener(config)
        signs = threading.Thread(
            target=give_signs, args=(config, listener, stop), name="signs", daemon=True
        )
        signs.start()
        log.info("receiver: listens on port %d as %s", listener.port, config.listen.ae_title)
        if ready is not None:
            ready.set()
        listener.serve(stop)
        signs.join(FAREWELL_S)
