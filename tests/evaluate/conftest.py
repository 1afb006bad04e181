from __future__ import annotations

from tests.data.fixtures import examples, one_thread, prepared

__all__ = ["examples", "one_thread", "prepared"]
