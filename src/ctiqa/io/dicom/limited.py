"""A stream that gives no more than the header of a CT image can need."""

from __future__ import annotations

from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError

_MAX_HEADER_BYTES = 1 << 23
"""Most that is read of the header of one slice, in bytes; what is skipped does not count."""

MAX_ENHANCED_BYTES = 1 << 26
"""Most that is read of the header of many frames, each with groups of its own."""

MAX_READS = 1 << 17
"""Most pieces of a header of one slice: a hundred elements take three hundred."""

MAX_ENHANCED_READS = 1 << 22
"""Most pieces of a header of many frames."""


class LimitedReader:
    """A stream for a parser that would read on for ever.

    Args:
        stream: What is read.
        is_enhanced: Whether it is the header of many frames.
    """

    def __init__(self, stream: BinaryIO, *, is_enhanced: bool) -> None:
        self._read = stream.read
        self._bytes_left = MAX_ENHANCED_BYTES if is_enhanced else _MAX_HEADER_BYTES
        self._reads_left = MAX_ENHANCED_READS if is_enhanced else MAX_READS
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Read as from the stream.

        Raises:
            RefusedError: With ``CORRUPT`` once too much was asked for.
        """
        self._reads_left -= 1
        if size < 0 or size > self._bytes_left or self._reads_left < 0:
            raise RefusedError(Reason.CORRUPT, "the header is longer than that of any CT image")
        self._bytes_left -= size
        return self._read(size)
