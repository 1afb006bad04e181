"""Import a library without some of the modules that it would load."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Make modules appear not installed, unless they are already loaded.

    Args:
        names: Full names of modules.

    >>> with hidden("wave"):
    ...     import wave
    Traceback (most recent call last):
    ...
    ModuleNotFoundError: import of wave halted; None in sys.modules
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
