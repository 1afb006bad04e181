"""Standard output and error that never raise: closed, full, or in any encoding."""

from __future__ import annotations

import io
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

STANDARD = (0, 1, 2)
"""File descriptors of standard input, output and error."""

_SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")
"""Environment variables with the size of the terminal."""

LEAST, MOST = 20, 1000
"""Smallest and largest accepted size of the terminal, in characters."""

PAUSE_S = 0.01
"""Time between attempts, in s, while the reader of a pipe accepts no data."""


def harden() -> None:
    """Make printing safe: output may be lost or degraded, but printing never raises.

    If a standard stream is closed, the system would give its descriptor to the next file that is
    opened, and output of C libraries would end up in it. So the descriptor is occupied first.
    """
    for handle in STANDARD:
        _occupy(handle)
    sys.stdout, sys.stderr = _lenient(sys.stdout), _lenient(sys.stderr)
    for name in _SIZES:
        if name in os.environ and not _is_size(os.environ[name]):
            del os.environ[name]


def _occupy(handle: int) -> None:
    """Open a closed standard stream on the null device."""
    try:
        os.fstat(handle)
    except OSError:
        with suppress(OSError):
            nothing = os.open(os.devnull, os.O_RDWR)
            if nothing != handle:
                os.dup2(nothing, handle)
                os.close(nothing)


def _lenient(stream: TextIO | None) -> TextIO:
    """The same stream, but without errors; a stream that is not a system file is returned as is."""
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    layer = getattr(stream, "buffer", None)
    raw = getattr(layer, "raw", layer)
    if not isinstance(stream, io.TextIOWrapper) or type(raw) is not io.FileIO:
        return stream
    with suppress(OSError):
        stream.flush()
    sink = _Sink(raw.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        sink if layer is raw else io.BufferedWriter(sink),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Sink(io.FileIO):
    """A file that accepts everything; data that cannot be written are dropped."""

    def write(self, data: Any) -> int:
        rest = memoryview(data).cast("B")
        size = len(rest)
        with suppress(OSError):
            while len(rest):
                written = super().write(rest)
                if written is None:
                    time.sleep(PAUSE_S)
                rest = rest[written or 0 :]
        return size


def _is_size(text: str) -> bool:
    """Whether a text is an acceptable terminal size.

    >>> _is_size("80"), _is_size("1"), _is_size("9" * 11), _is_size("wide")
    (True, False, False, False)
    """
    return text.isascii() and text.isdigit() and len(text) < 5 and LEAST <= int(text) <= MOST
