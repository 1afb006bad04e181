"""The supervisor: it starts all parts, starts those again that end, and ends them in order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from threading import Event

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.service.address import is_taken, with_port
from ctiqa.clinic.service.herald import Herald
from ctiqa.clinic.service.lock import only_one
from ctiqa.clinic.service.notify import ServiceManager
from ctiqa.clinic.service.parts import RECEIVER, Part, parts_of
from ctiqa.clinic.service.process import PartProcess
from ctiqa.clinic.service.starting import check_start
from ctiqa.clinic.spool.spool import SpoolFolder

LOOK_S = 0.1
"""How often a stop is looked for, in seconds."""

HEAD_START_S = 10.0
"""By how much the receiver starts before the others, in seconds, unless it listens earlier."""

RECEIVER_END_S = 6.0
"""How long associations may take to end, in seconds."""

END_S = 17.0
"""How long all parts may take to end, in seconds; those that have not ended then are killed."""

log = logging.getLogger("ctiqa.clinic")

Listening = Callable[[Config], None]


def _silent(_config: Config) -> None:
    """Tell nobody."""


def serve_clinic(
    config: Config,
    stop: Event,
    *,
    listening: Listening = _silent,
    parts: Sequence[Part] | None = None,
) -> None:
    """Receive, score and send until it is stopped; everything has ended when this returns.

    Args:
        config: The configuration.
        stop: Ends it in order: first nothing is accepted any more, then the rest ends.
        listening: Called once, when the listener listens, with the configuration in use; it has
            the port that the system has chosen.
        parts: The processes; by default those that the configuration needs.

    Raises:
        StartError: If something that is needed is not there or in use; nothing was started.
        UsageError: If the configuration does not fit the store.
        DataError: If the database is not a store, is damaged, or was made by a newer ctiqa.
        OutputError: If the spool or an SQLite store cannot be written.
    """
    with only_one(config.spool.folder):
        config = with_port(config)
        check_start(config)
        SpoolFolder(config.spool.folder).prepare()
        chosen = parts_of(config) if parts is None else parts
        supervisor = Supervisor(config, [PartProcess(each, config) for each in chosen])
        try:
            supervisor.run(stop, lambda: listening(config))
        finally:
            supervisor.end()


class Supervisor:
    """Keeps the processes of all parts alive.

    Args:
        config: The configuration.
        processes: The processes, not started yet.
    """

    def __init__(self, config: Config, processes: Sequence[PartProcess]) -> None:
        self._listen = config.listen
        self._processes = processes
        self._receivers = [each for each in processes if each.part.name == RECEIVER]
        self._herald = Herald(config)
        self._manager = ServiceManager()
        self._n_restarts = 0
        self._is_listening = False

    def run(self, stop: Event, listening: Callable[[], None]) -> None:
        """Start the processes, and keep them alive until a stop.

        Args:
            stop: Ends it.
            listening: Called when the listener listens.
        """
        if self._receivers:
            self._start_others_in(HEAD_START_S)
        self._herald.start()
        while not stop.is_set():
            self._look_after()
            if not self._is_listening and is_taken(self._listen.host, self._listen.port):
                self._is_listening = True
                listening()
                self._manager.ready()
                self._start_others_in(0.0)
            self._manager.alive()
            self._say()
            wait([each.sentinel for each in self._processes if each.sentinel], LOOK_S)

    def end(self) -> None:
        """End all processes: first the one that receives, then the others; at last by force."""
        self._manager.stopping()
        end = time.monotonic() + END_S
        try:
            _stop(self._receivers, time.monotonic() + RECEIVER_END_S)
            _stop(self._processes, end)
        finally:
            for each in self._processes:
                if each.is_alive:
                    log.warning("%s did not end in time and was killed", each.part.name)
                each.kill()
        self._herald.say("stopped in order", is_well=True, facts={})
        self._herald.end()

    def _start_others_in(self, seconds: float) -> None:
        """When the parts start that do not receive and have not started yet."""
        for each in self._processes:
            if each not in self._receivers and not each.n_ended:
                each.start_in(seconds)

    def _look_after(self) -> None:
        """Start what is due, and what has ended."""
        for each in self._processes:
            if each.notice_end():
                log.warning(
                    "%s has ended (%s), starts again in %.0f s",
                    each.part.name,
                    _how(each.last_code),
                    each.wait_s,
                )
            if each.start_if_due() and each.n_ended:
                self._n_restarts += 1

    def _say(self) -> None:
        down = [each for each in self._processes if each.n_ended and not each.is_alive]
        facts = {"restarts": self._n_restarts, "down": len(down)}
        if not down:
            self._herald.say("all parts run", is_well=True, facts=facts)
            return
        causes = ", ".join(
            f"{each.part.name} has ended {each.n_ended} times in a row ({_how(each.last_code)})"
            for each in down
        )
        sentence = f"{causes}; it is started again, see the log for the cause"
        self._herald.say(sentence, is_well=False, facts=facts)


def _stop(processes: Sequence[PartProcess], end: float) -> None:
    """Ask processes to end, and wait for them."""
    for each in processes:
        each.stop()
    for each in processes:
        each.join(end - time.monotonic())


def _how(code: int | None) -> str:
    """How a process ended.

    >>> _how(-9), _how(1)
    ('signal 9', 'status 1')
    """
    return f"signal {-code}" if code is not None and code < 0 else f"status {code}"
