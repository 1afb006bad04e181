"""What workers load first, if they were started by a survey."""

from __future__ import annotations

import signal
import tempfile
from typing import Any


def dask_setup(worker: Any) -> None:
    """Called by dask in every worker.

    Ctrl-C reaches all processes of a terminal; the survey decides what it means. Temporary files
    go to the folder of the worker, which dask removes also if the worker is killed.
    """
    if hasattr(worker, "local_directory"):
        tempfile.tempdir = worker.local_directory
    signal.signal(signal.SIGINT, signal.SIG_IGN)
