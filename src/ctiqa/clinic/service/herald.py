"""The supervisor's sign of life, in a thread: a database that is down must not hold it up."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Thread

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.records.claim import SUPERVISOR, Claim
from ctiqa.clinic.records.health import Health
from ctiqa.clinic.service.part.life import Life
from ctiqa.clinic.service.part.opening import store_when_there
from ctiqa.clinic.service.parts import parts_of
from ctiqa.clinic.spool.spool import SpoolFolder
from ctiqa.errors import CtiqaError

PART = SUPERVISOR

LOOK_S = 0.5

END_S = 2.0
"""How long the last sign may take, in seconds."""


class Herald:
    """Gives signs of life for the supervisor.

    Args:
        config: The configuration.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._stop = Event()
        self._sentence = "starts the parts"
        self._is_well = True
        self._facts: Mapping[str, float] = {}
        self._thread = Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def say(self, sentence: str, *, is_well: bool, facts: Mapping[str, float]) -> None:
        """What is told from now on."""
        self._sentence, self._is_well, self._facts = sentence, is_well, facts

    def end(self) -> None:
        """Tell the last, and end."""
        self._stop.set()
        self._thread.join(END_S)

    def _work(self) -> None:
        try:
            store = store_when_there(self._config, PART, self._stop)
        except CtiqaError:
            # Each part says so in the log.
            return
        if store is None:
            return
        with store:
            with suppress(CtiqaError):
                Health(store).forget_others({PART, *(each.name for each in parts_of(self._config))})
            life = Life(store, PART)
            while not self._stop.wait(LOOK_S):
                self._tell(life)
            self._tell(life)
            with suppress(CtiqaError, OSError):
                Claim(store, SpoolFolder(self._config.spool.folder).identity()).release()

    def _tell(self, life: Life) -> None:
        life.tell(self._sentence, is_well=self._is_well, facts=lambda: self._facts)
