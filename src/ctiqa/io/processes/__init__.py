"""Run work in separate processes, so that a decoder that crashes or hangs costs only one file.

The processes communicate through pipes. They can be started next to threads and from daemonic
processes, need neither ``/dev/shm`` nor a main guard, can be killed at any time, and exit when
their parent is gone.
"""

from __future__ import annotations

from ctiqa.io.processes.ordered import apart, in_order
from ctiqa.io.processes.worker_pool import start_workers

__all__ = ["apart", "in_order", "start_workers"]
