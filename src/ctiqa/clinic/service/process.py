"""The process of a part: started, stopped, and started again after a pause that grows."""

from __future__ import annotations

import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.service.child import live
from ctiqa.clinic.service.parts import Part

STABLE_S = 10.0
"""A part that has run for so long starts again at once when it ends, in seconds."""

LONGEST_S = 30.0
"""Longest pause before a part is started again, in seconds."""


class PartProcess:
    """The process of a part.

    Args:
        part: The part.
        config: The configuration.

    Attributes:
        part: The part.
        n_ended: How often it ended in a row without having been stopped.
        last_code: Exit code of the last process that ended; negative for a signal.
    """

    def __init__(self, part: Part, config: Config) -> None:
        self.part = part
        self.n_ended = 0
        self.last_code: int | None = None
        self._config = config
        self._process: BaseProcess | None = None
        self._line: Connection | None = None
        self._started = 0.0
        self._due = 0.0

    @property
    def sentinel(self) -> int | None:
        """What becomes ready when the process ends; ``None`` if there is none."""
        return None if self._process is None else self._process.sentinel

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    @property
    def wait_s(self) -> float:
        """Time until the part is started, in seconds."""
        return max(0.0, self._due - time.monotonic())

    def start(self) -> None:
        """Start the process; it ends when this one is gone."""
        # A fresh process: a copy of this one would have its threads' locks, but not its threads.
        context = get_context("spawn")
        theirs, self._line = context.Pipe(duplex=False)
        self._process = context.Process(
            target=live, args=(self.part, self._config, theirs), name=self.part.name
        )
        self._started = time.monotonic()
        self._process.start()
        theirs.close()

    def notice_end(self) -> bool:
        """Whether the process has ended since the last time; then it is to be started again."""
        if self._process is None or self._process.is_alive():
            return False
        if time.monotonic() - self._started > STABLE_S:
            self.n_ended = 0
        self._due = time.monotonic() + pause_after(self.n_ended)
        self.n_ended += 1
        self.last_code = self._process.exitcode
        self._forget()
        return True

    def start_in(self, seconds: float) -> None:
        """Let :meth:`start_if_due` start the process after so many seconds."""
        self._due = time.monotonic() + seconds

    def start_if_due(self) -> bool:
        """Start the process if there is none and its pause is over."""
        if self._process is not None or self.wait_s > 0:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """Ask the process to end."""
        if self._line is not None:
            with suppress(OSError):
                self._line.send(None)

    def join(self, seconds: float) -> bool:
        """Wait for the end of the process.

        Returns:
            Whether it has ended.
        """
        if self._process is None:
            return True
        self._process.join(max(0.0, seconds))
        return not self._process.is_alive()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._forget()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.close()
        if self._line is not None:
            self._line.close()
        self._process = self._line = None


def pause_after(n_ended: int) -> float:
    """Pause before a part is started again that has ended so often in a row, in seconds.

    >>> [pause_after(n) for n in (0, 1, 2, 3, 9)]
    [0.0, 1.0, 2.0, 4.0, 30.0]
    """
    return min(2.0 ** (n_ended - 1), LONGEST_S) if n_ended else 0.0
