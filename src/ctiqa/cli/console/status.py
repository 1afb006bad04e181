"""Exit statuses of the commands."""

from __future__ import annotations

from ctiqa.errors import CtiqaError, DataError, UsageError

DONE = 0
BUG = 1
WRONG_USAGE = 2
DONE_WITH_SKIPS = 3
NOTHING_DONE = 4
LIMIT_BROKEN = 5
INTERRUPTED = 130
"""Stopped with Ctrl-C: 128 plus the number of the signal."""


def status_of(error: CtiqaError) -> int:
    """The exit status for an error that ended a command.

    >>> from ctiqa.errors import WeightsError
    >>> status_of(UsageError("'jobs' must be >= 1")), status_of(WeightsError("altered"))
    (2, 4)
    """
    return WRONG_USAGE if isinstance(error, UsageError | DataError) else NOTHING_DONE
