"""The log: one line for each event on standard error, with time and without control characters."""

from __future__ import annotations

import logging
import sys

from ctiqa.text.plain_text import clean

FORMAT = "%(asctime)s %(levelname)s %(message)s"

TIME = "%Y-%m-%dT%H:%M:%S%z"

LOGGER = "ctiqa"
"""Logger whose messages, and those below it, are shown."""


class OneLine(logging.Formatter):
    """Formats a record as one clean line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; what came from a header or the network cannot control a terminal."""
        return clean(" ".join(super().format(record).split("\n")))


def start_log() -> None:
    """Show the log of this process on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine(FORMAT, TIME))
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    # A log that cannot be written is no reason to stop.
    logging.raiseExceptions = False
