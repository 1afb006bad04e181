"""What runs in the process of a part."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from types import FrameType

from ctiqa.clinic.config.config import Config
from ctiqa.clinic.service.logs import start_log
from ctiqa.clinic.service.parts import Part
from ctiqa.errors import CtiqaError
from ctiqa.io.dicom.decoding import lazy_gdcm

log = logging.getLogger("ctiqa.clinic")

FAILED = 1
"""Exit status of a part that cannot go on."""


def live(part: Part, config: Config, line: Connection) -> None:
    """Do the work of a part until the supervisor stops it, or is gone.

    Args:
        part: The part.
        config: The configuration.
        line: Brings one message: to stop. The supervisor that is gone closes it.
    """
    stop = Event()
    _take_signals(stop)
    Thread(target=_listen, args=(line, stop), daemon=True).start()
    start_log()
    lazy_gdcm.claim_process()
    try:
        part.run(config, stop)
    except CtiqaError as error:
        log.error("%s ends: %s", part.name, error)
        sys.exit(FAILED)
    except Exception as error:  # noqa: BLE001 - its text could quote a header
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}, line {frame.lineno}"
        log.error("%s ends: a bug in ctiqa (%s in %s)", part.name, type(error).__name__, place)
        sys.exit(FAILED)


def _take_signals(stop: Event) -> None:
    """Ctrl-C reaches all processes of a terminal, and the supervisor decides what it means."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, end)


def _listen(line: Connection, stop: Event) -> None:
    """Wait for the message to stop; without supervisor, end at once: another one may start."""
    try:
        while True:
            line.recv()
            stop.set()
    except (EOFError, OSError):
        os._exit(FAILED)
