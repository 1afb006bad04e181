"""A stream limited to what the header of a CT image can need."""

from __future__ import annotations

from typing import BinaryIO

from ctiqa.errors import Reason, RefusedError

_MAX_HEADER_BYTES = 1 << 23
"""Maximum bytes read from the header of one slice; skipped bytes do not count."""

MAX_ENHANCED_BYTES = 1 << 26
"""Maximum bytes read from a header of many frames with functional groups."""

MAX_READS = 1 << 17
"""Maximum number of reads for the header of one slice; a hundred elements take three hundred."""

MAX_ENHANCED_READS = 1 << 22
"""Maximum number of reads for a header of many frames."""


class LimitedReader:
    """A stream that limits how much a parser can read.

    Args:
        stream: The underlying stream.
        is_enhanced: Whether the header is of many frames.
    """

    def __init__(self, stream: BinaryIO, *, is_enhanced: bool) -> None:
        self._read = stream.read
        self._bytes_left = MAX_ENHANCED_BYTES if is_enhanced else _MAX_HEADER_BYTES
        self._reads_left = MAX_ENHANCED_READS if is_enhanced else MAX_READS
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Read from the stream.

        Raises:
            RefusedError: With ``CORRUPT`` if the limit is exceeded.
        """
        self._reads_left -= 1
        if size < 0 or size > self._bytes_left or self._reads_left < 0:
            raise RefusedError(Reason.CORRUPT, "the header is too long for a CT image")
        self._bytes_left -= size
        return self._read(size)
