"""Signs of life of the listener, from their own thread: a database that is down delays nothing."""

from __future__ import annotations

import logging
import shutil
import threading
from contextlib import suppress

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.receiving.listener import Listener
from ctiqa.clinic.receiving.tls import tls_checks
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.errors import CtiqaError

log = logging.getLogger("ctiqa.clinic")

PART = "receiver"
LOOK_S = 1.0
PAUSE_S = 15.0
GIGABYTE = 1e9


def give_signs(config: Config, listener: Listener, stop: threading.Event) -> None:
    """Tell the database how the listener is, until ``stop`` is set.

    Args:
        config: The configuration.
        listener: The listener.
        stop: Ends it.
    """
    while not stop.is_set():
        try:
            _give(config, listener, stop)
        except (CtiqaError, OSError) as error:
            log.warning("receiver: gives no signs of life: %s", error)
            stop.wait(PAUSE_S)


def state(config: Config, listener: Listener) -> tuple[str, bool]:
    """How the listener is, in a sentence, and whether it is well."""
    if ill := _illness(listener):
        return f"{ill}; nothing is accepted (0xA700) until then", False
    certificates = tls_checks(config) if config.listen.tls is not None else []
    notes = [f"{each.what}: {each.sentence}" for each in certificates]
    if problem := listener.counts.recent_problem():
        notes.append(f"last problem: {problem}")
    doing = f"listens on port {listener.port} as {config.listen.ae_title}"
    is_well = all(each.state != "broken" for each in certificates)
    return "; ".join([doing, *notes]), is_well


def numbers(listener: Listener) -> dict[str, float]:
    """What the listener has done since its start, what it does, and the room on the disk."""
    found = listener.counts.facts() | {"open_associations": listener.seats.n_associations}
    with suppress(OSError):
        found["free_gigabytes"] = shutil.disk_usage(listener.spool.root).free / GIGABYTE
    return found


def _illness(listener: Listener) -> str:
    """What is wrong with the disk of the spool; nothing if it is well."""
    reserve = listener.spool.reserve_bytes
    try:
        free = shutil.disk_usage(listener.spool.root).free
    except OSError as error:
        return f"the spool cannot be read: {error.strerror}; mount its disk again"
    if free <= reserve:
        return (
            f"the disk of the spool is full: {free / GIGABYTE:.1f} GB are free, the reserve is "
            f"{reserve / GIGABYTE:.1f} GB; free space, or lower 'keep_gigabytes' in [spool]"
        )
    if listener.counts.disk_fails:
        return (
            f"the disk of the spool fails: {listener.counts.recent_problem()}; see its system log"
        )
    return ""


def _give(config: Config, listener: Listener, stop: threading.Event) -> None:
    store = store_when_there(config, PART, stop)
    if store is None:
        return
    with store:
        life = Life(store, PART)
        while not stop.wait(LOOK_S):
            sentence, is_well = state(config, listener)
            life.tell(sentence, is_well=is_well, facts=lambda: numbers(listener))
