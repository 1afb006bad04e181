"""The command line: one file per command; no traceback reaches the user."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from ctiqa.cli.console.status import INTERRUPTED
from ctiqa.cli.console.streams import harden
from ctiqa.system.no_telemetry import opt_out

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with its status.

    Args:
        arguments: Arguments after ``ctiqa``; ``None`` takes those of the process.
    """
    harden()
    opt_out()
    try:
        # Loading takes long enough for a Ctrl-C to arrive during it.
        from ctiqa.cli.app import run

        status = run(arguments)
    except KeyboardInterrupt:
        status = INTERRUPTED
    sys.exit(status)
