"""Work in processes of their own, so that a decoder that crashes or hangs costs one file.

Plain processes that talk through pipes: they start beside threads, in daemonic processes, without
``/dev/shm`` and without a main guard, they can be ended at any moment, and they end by themselves
when the process that started them is gone.
"""

from __future__ import annotations

from ctiqa.io.processes.ordered import apart, in_order
from ctiqa.io.processes.staff import start_workers

__all__ = ["apart", "in_order", "start_workers"]
